// The real window at a desk of a real hub, and citizens who keep silent, press keys, report a fire and
// hang up: the silent-call procedure, a disposal that is undone, the question about danger words, the
// call-back list.
//
//   node e2e/line.mjs BINARY SHOTS SEAT HUB
//
// Directed by src-tauri/tests/window, which plays the citizens.
import assert from "node:assert/strict";
import { citizen } from "./director.mjs";
import { atSeat } from "./seat.mjs";

await atSeat("line", async (window, does) => {
  const { value, has, says, answer, beReady, to, notice, openClosing, kept, presses } = does;
  const NARRATIVE = "Plp bilang ada api besar, nenek terjebak di lt 2.";

  /** Presses a letter of the menu that F4 opens. */
  async function notReport(letter) {
    await window.press("F4");
    await window.until("the menu is open", () => has('[data-testid="disposal-menu"]'));
    await window.press(letter);
  }

  /** The first line of the screen, in a form that does not change with the seconds. */
  const label = () => window.text("state-label");

  await says("training", /Latihan/);
  await beReady();

  // A line on which nobody speaks: K asks first; the caller presses a key.
  await citizen("dial-and-say-nothing 082200001201");
  window.pressed = 0;
  await answer();
  await notReport("k");
  await says("silence", /tekan tombol apa saja/);
  await says("state-label", /memeriksa/i);
  await window.shot("checking");
  await citizen("press 5");
  await says("number", /Penelepon menekan tombol/);
  await says("bar-sub", /Jangan tutup/);
  await says("priority", /P1/);
  await window.shot("signalled");
  presses("silent-line", 25);
  await window.press("F4");
  assert.ok(await has('[data-testid="dispose-silent"]:disabled'), "no longer to be called silent");
  await window.press("Esc");

  // It is closed as a test instead, by mistake: Esc takes it back, the caller is still there.
  window.pressed = 0;
  await notReport("u");
  presses("not-valid", 2);
  await says("state-label", /menutup: uji coba/i);
  await window.press("Esc"); // no picture first: there are three seconds
  await window.until("the call goes on", async () => !/menutup/i.test(await label()));
  await citizen("is-there");

  // Danger words: thrown away only by a chord, and then with three seconds to think.
  await to("field-narrative");
  await window.write(NARRATIVE);
  await kept();
  await window.until("a finding stands beside a field", () => has('[data-level="danger"]'));
  await notReport("i");
  await says("state-label", /kata bahaya/i);
  await says("number", /terjebak/);
  assert.equal(await value("field-narrative"), NARRATIVE);
  await window.shot("asking");
  await window.press("Esc");
  await window.until("back to the report", async () => !/kata bahaya/i.test(await label()));
  await citizen("is-there");
  await notReport("i");
  await says("state-label", /kata bahaya/i);
  await notice();
  await window.press("Ctrl", "Enter");
  await says("state-label", /menutup: iseng/i);
  await window.shot("disposing");
  await citizen("is-cut-off");
  await window.screen("idle");

  // Somebody hangs up before anybody answers, and is called back from the list.
  await citizen("dial 082200001202");
  await says("queue", /Antrean\s*1/);
  await citizen("hang-up");
  await says("call-back-1", /0822-0000-1202/);
  await says("call-back-count", /1/);
  await window.shot("call-back-list");
  // Where nothing rings, the call back would be over before it is seen.
  await citizen("rings-when-called 082200001202");
  window.pressed = 0;
  await window.press("Alt", "1");
  await window.screen("calling-back");
  await says("number", /0822-0000-1202/);
  await window.shot("calling-back");
  await window.press("Esc");
  await window.screen("idle");
  await says("call-back-1", /0822-0000-1202/); // stays, with one attempt more
  await says("call-back-tried-1", /^1 kali dicoba, dibatalkan dari sini$/);
  await window.shot("not-reached");

  // Called again, and now at home: the call is as any other, and ends the entry.
  await citizen("answers-when-called 082200001202");
  window.pressed = 0;
  await window.press("Alt", "1");
  await window.screen("calling-back");
  await window.screen("call");
  await to("field-narrative");
  await window.write("Sudah aman, api padam sendiri.");
  await kept();
  await openClosing();
  await window.shot("closing-the-call-back");
  await window.press("Ctrl", "Enter");
  await window.screen("idle");
  await window.until("the list is empty", async () => !(await has('[data-testid="call-back-1"]')));
  presses("call-back", 25);

  // Another one hangs up too soon, and is settled with a reason.
  await citizen("dial 082200001203");
  await says("queue", /Antrean\s*1/);
  await citizen("hang-up");
  await says("call-back-1", /0822-0000-1203/);
  await window.press("F6");
  await to("call-back-settle-1");
  await window.press("Enter");
  await to("settle-reason");
  await window.write("Sudah dijemput patroli");
  await window.press("Enter");
  await window.until("the list is empty", async () => !(await has('[data-testid="call-back-1"]')));
});
