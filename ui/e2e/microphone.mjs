// The real window at a desk of a real hub, with a headset: its sound server dies in the middle of a call.
// The page says what the caller cannot, and a colleague gets the call with the form as it was typed.
//
//   node e2e/microphone.mjs BINARY SHOTS SEAT HUB
//
// Directed by src-tauri/tests/window, which plays the citizen, the colleague and the sound server.
import { citizen } from "./director.mjs";
import { atSeat } from "./seat.mjs";

await atSeat("microphone", async (window, does) => {
  const { says, answer, beReady, to, notice, kept, presses } = does;
  const NARRATIVE = "Plp bilang ada api besar di dapur.";

  await beReady();
  window.pressed = 0;
  await citizen("dial 082200001501");
  await answer();
  await to("field-narrative");
  await window.write(NARRATIVE);
  await kept();
  await citizen("lose-the-headset");
  await says("microphone", /\S/);
  await says("colleague", /Tidak ada/i);
  await window.shot("lost");
  await citizen("colleague-is-ready");
  await says("colleague", /1/);
  await window.shot("a-colleague");
  await notice();
  await window.press("Shift", "F8");
  await citizen(`colleague-goes-on-with ${NARRATIVE}`);
  await window.screen("idle");
  await citizen("is-there");
  await says("seat-state", /Jeda/);
  await window.shot("handed-over");
  presses("microphone-lost", 25);
});
