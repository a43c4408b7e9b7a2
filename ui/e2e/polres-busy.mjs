// The real window with the real engine does the scenario `polres-busy` of training mode: a caller
// rings, is answered and typed down, goes to a Polres that declines, is back, and is closed with a
// report number, by keyboard alone. In the middle of the call the page is loaded again: nobody must
// hear it.
//
//   node e2e/polres-busy.mjs BINARY SHOTS
//
// Needs a display (Xvfb will do) and tauri-driver at DRIVER (default http://127.0.0.1:4444).
import assert from "node:assert/strict";
import { steps } from "./steps.mjs";
import { Window } from "./webdriver.mjs";

const [application, shots = "shots/polres-busy"] = process.argv.slice(2);
if (application === undefined) throw new Error("usage: polres-busy.mjs BINARY [SHOTS]");

const window = await Window.open({
  base: process.env.DRIVER ?? "http://127.0.0.1:4444",
  application,
  args: ["--training", "--scenario", "polres-busy"],
  shots,
});
const { value, has, level, says, answer, caret, to, kept, pick, presses, notice } = steps(window);
const LOCATION = "Kelapa Dua dekat Mako Brimob, Tugu, Cimanggis";
const NARRATIVE = "Plp lapor rumah kebakaran, api besar, nenek terjebak di lt 2.";

try {
  // 1, 2: a citizen dials 110, the operator answers and hears the caller.
  await window.screen("ringing");
  await says("seat-state", /Berdering/);
  await says("number", /^0822-0000-\d{4}$/);
  await says("answer", /F9/);
  await says("training", /Latihan/); // never taken for a real call
  await window.shot("ringing");
  await answer();
  await window.until("two-way audio stands", async () => {
    return (await has('[data-testid="call-bar"] .live')) && (await level("meter-caller")) > 20;
  });
  await window.shot("answered");

  // 3, 4: the report is typed where the caret already is; findings and destinations appear.
  assert.equal(await caret(), "field-location", "answering puts the caret into Lokasi");
  await window.write(LOCATION);
  await to("field-narrative");
  await window.write(NARRATIVE);
  await window.until("a finding stands beside a field", () => has('[data-testid^="finding-"]'));
  assert.equal(await value("field-narrative"), NARRATIVE, "nothing typed was lost");
  await pick("pmj.depok");
  await says("transfer", /Depok/);
  await kept(); // by the hub
  await window.shot("typed");

  // The page is only a picture: loading it again changes nothing but the picture.
  await window.run("window.__old = true; setTimeout(() => location.reload(), 0)");
  await window.until("the page is another one, with the form as it was typed", async () => {
    try {
      const fresh = await window.run("return window.__old === undefined");
      return fresh && (await value("field-narrative")) === NARRATIVE;
    } catch {
      return false; // between two pages
    }
  });
  assert.equal(await value("field-location"), LOCATION);
  await window.screen("call");
  await window.until("the caller is still heard", async () => (await level("meter-caller")) > 20);
  await window.shot("reloaded");

  // 6, 10: to the Polres, which declines: back with the operator, who is told why.
  await window.press("F2");
  await window.screen("transfer");
  await window.until("the ring is counted down", () =>
    window.run(`const text = (id) => document.querySelector('[data-testid="' + id + '"]')?.textContent ?? "";
      return /Depok/.test(text("transfer-unit")) && /^\\d+$/.test(text("countdown"));`),
  );
  await window.shot("transferring");
  await window.screen("reclaimed");
  await says("bar-sub", /Depok (sedang sibuk|tidak dapat menerima)/);
  await says("read-number", /^110-PMJ-\d{6}-\d{6}$/);
  const number = await window.text("read-number");
  await says("read-aloud", /akan segera diproses oleh Polres.*Depok/s);
  await window.shot("reclaimed");

  // 11: the caller is told, the report is closed, and the seat writes up until it is ready again.
  await window.press("F6");
  await to("closing-note");
  await window.write("Plp sudah diberi tahu.");
  assert.equal(await value("closing-note"), "Plp sudah diberi tahu.");
  await to("check-read");
  await window.press(" ");
  await window.shot("closing");
  await notice();
  await window.press("Ctrl", "Enter");
  await window.screen("idle");
  await says("seat-state", /Menulis laporan/);
  await says("cases", /Depok\s+Belum diterima/); // it is Depok's now
  await window.shot("closed");
  await window.press("Shift", "F9");
  await says("seat-state", /Siap|Berdering/);
  presses("polres-busy", 25);
  await window.shot("ready-again");

  // The next citizen comes by herself.
  await window.screen("ringing");
  await window.shot("next-caller");
  console.log(`polres-busy in the window: ok, ${number}`);
} catch (error) {
  await window.shot("failed").catch(() => undefined);
  throw error;
} finally {
  await window.close();
}
