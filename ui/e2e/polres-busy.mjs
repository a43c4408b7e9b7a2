// The real window with the real engine does the scenario `polres-busy` of training mode: a caller
// rings, is answered and typed down, goes to a Polres that is busy, is back, and is closed with a
// report number. A reload in the middle of the call must be heard by nobody.
//
//   node e2e/polres-busy.mjs BINARY SHOTS
//
// Needs a display (Xvfb will do) and tauri-driver at DRIVER (default http://127.0.0.1:4444).
import assert from "node:assert/strict";
import { Window } from "./webdriver.mjs";

const [application, shots = "shots/polres-busy"] = process.argv.slice(2);
if (application === undefined) throw new Error("usage: polres-busy.mjs BINARY [SHOTS]");

const window = await Window.open({
  base: process.env.DRIVER ?? "http://127.0.0.1:4444",
  application,
  args: ["--training", "--scenario", "polres-busy"],
  shots,
});
const LOCATION = "Terminal Blok M, dekat pintu utara";
const NARRATIVE = "Plp lihat rumah kebakaran, api besar, org terjebak di lt 2.";

try {
  // 1, 2: a citizen dials 110, the operator answers.
  await window.screen("ringing");
  assert.match(await window.text("number"), /\d/, "the caller's number is shown");
  assert.match(await window.text("answer"), /F9/, "the key that answers is on its button");
  await window.shot("ringing");
  await window.press("F9");
  await window.screen("call");

  // 3, 4: the report is typed, findings and destinations appear beside it.
  await window.type("field-location", LOCATION);
  await window.type("field-narrative", NARRATIVE);
  await window.until("a finding stands beside a field", () =>
    window.run(`return document.querySelector('[data-testid^="finding-"]') !== null`),
  );
  await window.until("there is a destination", () =>
    window.run(`return document.querySelector('[data-testid^="destination-"]') !== null`),
  );
  const value = (id) =>
    window.run(`return document.querySelector('[data-testid="${id}"]')?.value ?? ""`);
  assert.equal(await value("field-narrative"), NARRATIVE, "nothing typed was lost");
  await window.shot("typed");

  // The page is only a picture: loading it again changes nothing but the picture.
  await window.run("setTimeout(() => location.reload(), 0)");
  await window.until("the form is back after a reload", async () => {
    try {
      return (await value("field-narrative")) === NARRATIVE;
    } catch {
      return false; // between two pages
    }
  });
  assert.equal(await value("field-location"), LOCATION);
  await window.screen("call");
  await window.shot("reloaded");

  // 6, 10: to the Polres, which is busy: back with the operator, who hears why.
  await window.press("F2");
  await window.screen("reclaimed");
  const cause = await window.text("bar-sub");
  assert.match(cause, /sibuk/, `the cause is said: ${cause}`);
  const number = (await window.text("read-number")) || (await window.text("case-number"));
  assert.match(number, /^110-[A-Z]+-\d{6}-\d{6}$/, "the report number is there to be read aloud");
  assert.match(await window.text("read-aloud"), /akan segera diproses oleh/);
  await window.shot("reclaimed");

  // 11: the caller is told, the report is closed.
  await window.type("closing-note", "Plp sudah diberi tahu.");
  await window.shot("closing");
  await window.press("Ctrl", "Enter");
  await window.until("the report is in the list", async () => {
    return (await window.find(`case-${number}`)) !== null;
  });
  await window.shot("closed");
  console.log(`polres-busy in the window: ok, ${number}`);
} catch (error) {
  await window.shot("failed").catch(() => undefined);
  throw error;
} finally {
  await window.close();
}
