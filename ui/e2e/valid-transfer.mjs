// The real window with the real engine does the scenario `valid-transfer` of training mode by keyboard
// alone: a caller rings, is answered and typed down, and goes to a Polres that answers.
//
//   node e2e/valid-transfer.mjs BINARY SHOTS
import assert from "node:assert/strict";
import { steps } from "./steps.mjs";
import { Window } from "./webdriver.mjs";

const [application, shots] = process.argv.slice(2);
if (shots === undefined) throw new Error("usage: valid-transfer.mjs BINARY SHOTS");

const window = await Window.open({
  base: process.env.DRIVER ?? "http://127.0.0.1:4444",
  application,
  args: ["--training", "--scenario", "valid-transfer"],
  shots,
});
const { has, says, answer, to, pick, presses } = steps(window);
const LOCATION = "Kelapa Dua dekat Mako Brimob, Tugu, Cimanggis";
const NARRATIVE = "Plp lapor rumah kebakaran, api besar, nenek terjebak di lt 2.";

try {
  await answer();
  await window.write(LOCATION);
  await to("field-narrative");
  await window.write(NARRATIVE);
  await window.until("a finding stands beside a field", () => has('[data-testid^="finding-"]'));
  await pick("pmj.depok");
  await says("transfer", /Depok/);
  await window.shot("typed");
  await window.press("F2");
  await window.screen("transfer");
  await window.screen("idle"); // Depok has answered and was heard: the caller is theirs
  await says("seat-state", /Menulis laporan/);
  await window.shot("handed-over");
  await window.press("Shift", "F9");
  await says("seat-state", /Siap|Berdering/);
  presses("valid-transfer", 25);
  assert.ok(!(await has('[data-testid="notice"]')), "nothing went wrong");
  console.log("valid-transfer in the window: ok");
} catch (error) {
  await window.shot("failed").catch(() => undefined);
  throw error;
} finally {
  await window.close();
}
