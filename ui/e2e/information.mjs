// The real window at a desk of a real hub: a citizen asks something, is answered, and the call is
// closed as information, by keyboard alone.
//
//   node e2e/information.mjs BINARY SHOTS SEAT HUB
//
// Directed by src-tauri/tests/window, which plays the citizen.
import assert from "node:assert/strict";
import { citizen } from "./director.mjs";
import { atSeat } from "./seat.mjs";

await atSeat("information", async (window, does) => {
  const { value, says, answer, beReady, caret, to, openClosing, kept, presses } = does;

  await beReady();
  window.pressed = 0;
  await citizen("dial 082200001601");
  await answer();
  await to("field-narrative");
  await window.write("Tanya tempat dan jam perpanjangan SIM.");
  await to("field-kind");
  await window.write("layanan sim");
  await window.press("Enter");
  await kept();
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

  // What the next watch has to know.
  await window.press("Alt", "n");
  await window.until("a note can be written", async () => (await caret()) === "note-text");
  await window.write("Headset meja 2 rusak.");
  await window.press("Enter");
  await says("notes", /Headset meja 2 rusak\./);
  await window.shot("note");
});
