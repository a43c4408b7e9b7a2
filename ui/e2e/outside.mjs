// The real window at a desk of a real hub: a caller is put on hold and taken back, the fire brigade is
// brought into the call and left with the caller; then the report is read again, its recording heard,
// and what its unit does is written down. By keyboard alone.
//
//   node e2e/outside.mjs BINARY SHOTS SEAT HUB
//
// Directed by src-tauri/tests/window, which plays the citizen and the fire brigade.
import assert from "node:assert/strict";
import { citizen } from "./director.mjs";
import { atSeat } from "./seat.mjs";

await atSeat("outside", async (window, does) => {
  const { value, has, says, answer, beReady, to, notice, kept, level, presses } = does;

  await beReady();
  window.pressed = 0;
  await citizen("dial 082200001701");
  await answer();
  await to("field-location");
  await window.write("Margonda dekat Detos");
  await to("field-narrative");
  await window.write("Plp bilang ruko terbakar, masih ada orang di dalam.");
  await kept();

  // On hold, the caller hears music; what is typed stays.
  await window.press("Ctrl", "F8");
  await says("state-label", /ditahan/i);
  await says("bar-sub", /musik tunggu/);
  await window.shot("held");
  await citizen("is-there");
  await window.press("Ctrl", "F8");
  await says("state-label", /tersambung/i);
  await window.until("the caller is heard again", async () => (await level("meter-caller")) > 20);
  assert.equal(await value("field-location"), "Margonda dekat Detos");

  // Nobody is at the fire brigade's telephone yet: that is said, and the caller is still there.
  await window.press("Alt", "h");
  await window.until("services are offered", () => has('[data-testid="outside-menu"]'));
  await window.write("dam");
  await window.press("Enter");
  await says("outside-state", /Damkar 113 tidak dapat dihubungi/);
  await window.shot("nobody-there");
  await citizen("is-there");

  await citizen("answers-when-called 113");
  await window.press("Alt", "h");
  await window.write("113");
  await window.press("Enter");
  await says("outside-state", /Damkar 113 tersambung/);
  await window.until("the form says that it was told", () =>
    has('[data-testid="service-fire"] input:checked'),
  );
  await window.shot("with-the-fire-brigade");
  await notice();
  await window.press("Alt", "s");
  await window.screen("gone");
  await says("state-label", /diserahkan/i);
  await window.shot("left");
  await citizen("is-there");

  // What became of it is said while they talk.
  await window.until("it can be closed", () => has('[data-testid="closing-note"]'));
  await notice();
  await window.press("Ctrl", "Enter");
  await window.screen("idle");
  presses("outside", 25);
  await citizen("is-there");
  await citizen("hang-up");

  // The report again: found by a word, with its timeline and its recording.
  await window.press("F3");
  await window.write("ruko");
  await says("report-list", /ruko/);
  await window.press("ArrowDown");
  await window.press("Enter");
  await says("case-page-number", /^110-PMJ-/);
  await says("case-page", /113 Damkar/);
  await says("timeline", /Ditahan, musik tunggu/);
  await says("timeline", /Pihak luar tersambung/);
  await says("timeline", /menyerahkan penelepon ke pihak luar/);
  await window.until("its recording is there", () => has('[data-testid="waveform"]'));
  await window.press("Alt", "p");
  await window.until(
    "it is heard",
    async () => !/^0\.00/.test(await window.text("recording-time")),
  );
  await window.shot("heard");

  // What was done about it since.
  await window.press("Alt", "f");
  await window.write("Damkar di TKP, api padam.");
  await window.press("Ctrl", "Enter");
  await says("timeline", /Damkar di TKP, api padam\./);
  await window.shot("followed-up");
});
