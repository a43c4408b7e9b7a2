// The real window at a desk of a real hub: a citizen asks something, is answered, and the call is
// closed as information, by keyboard alone.
//
//   node e2e/information.mjs BINARY SHOTS SEAT HUB
//
// Directed by src-tauri/tests/window, which plays the citizen.
import assert from "node:assert/strict";
import { citizen, noMoreCitizens } from "./director.mjs";
import { steps } from "./steps.mjs";
import { Window } from "./webdriver.mjs";

const [application, shots, seat, hub] = process.argv.slice(2);
if (hub === undefined) throw new Error("usage: information.mjs BINARY SHOTS SEAT HUB");

const window = await Window.open({
  base: process.env.DRIVER ?? "http://127.0.0.1:4444",
  application,
  args: ["--desk", seat, "--hub", hub],
  shots,
});
const { value, says, answer, beReady, to, openClosing, presses } = steps(window);

try {
  await beReady();
  window.pressed = 0;
  await citizen("dial 082200001601");
  await answer();
  await to("field-narrative");
  await window.write("Tanya tempat dan jam perpanjangan SIM.");
  await to("field-kind");
  await window.write("layanan sim");
  await window.press("Enter");
  await says("saved", /tersimpan/);
  await window.shot("typed");
  await openClosing();
  assert.equal(await value("closing-kind"), "information", "the kind of call says how it ends");
  await window.shot("closing");
  await window.press("Ctrl", "Enter");
  await citizen("is-cut-off");
  await window.screen("idle");
  await window.press("Shift", "F9");
  await says("seat-state", /Siap/);
  presses("information", 25);
  await window.shot("closed");
  console.log("information in the window: ok");
} catch (error) {
  await window.shot("failed").catch(() => undefined);
  throw error;
} finally {
  await window.close();
  noMoreCitizens();
}
