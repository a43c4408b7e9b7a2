// The real window at a Polres: a report comes with its form, is taken, followed up and closed, by
// keyboard alone.
//
//   node e2e/polres.mjs BINARY SHOTS SEAT HUB
//
// Directed by src-tauri/tests/window, which plays the citizen and the Polda.
import assert from "node:assert/strict";
import { citizen } from "./director.mjs";
import { atSeat } from "./seat.mjs";

await atSeat("polres", async (window, does) => {
  const { value, has, says, beReady, to, notice, presses } = does;
  const FOLLOW_UP = "Patroli Cimanggis dan damkar ke TKP.";
  const form = () =>
    window.run(`return document.body.innerText + [...document.querySelectorAll(
  "input, textarea")].map((field) => field.value).join(" ")`);

  await beReady();
  window.pressed = 0;
  await citizen("is-handed-over 082200001501");
  await window.screen("offered");
  assert.match(await form(), /Kelapa Dua dekat Mako Brimob/, "the form is there before the call");
  await window.shot("offered");
  await window.press("F9");
  await window.screen("call");
  await window.until("two-way audio stands", () => has('[data-testid="call-bar"] .live'));
  assert.match(await form(), /nenek terjebak/);
  await window.shot("taken");
  await citizen("is-there");
  await window.until("the report is written here", () => has('[data-testid="closing-note"]'));
  await notice();
  await window.press("F6");
  await to("closing-note");
  await window.write(FOLLOW_UP);
  assert.equal(await value("closing-note"), FOLLOW_UP);
  await window.shot("closing");
  await notice();
  await window.press("Ctrl", "Enter");
  await citizen("is-cut-off");
  await window.screen("idle");
  await window.press("Shift", "F9");
  await says("seat-state", /Siap/);
  presses("Polres receiving", 25);
  await window.shot("closed");
});
