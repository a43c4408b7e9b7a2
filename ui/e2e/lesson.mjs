// The real window with the real engine and a lesson: the trainee chooses it, answers, asks, disposes of
// the call and saves the score, by keyboard alone. The page counts the keys itself.
//
//   node e2e/lesson.mjs BINARY SHOTS
import assert from "node:assert/strict";
import { steps } from "./steps.mjs";
import { Window } from "./webdriver.mjs";

const [application, shots] = process.argv.slice(2);
if (shots === undefined) throw new Error("usage: lesson.mjs BINARY SHOTS");

const window = await Window.open({
  base: process.env.DRIVER ?? "http://127.0.0.1:4444",
  application,
  args: ["--training"],
  shots,
});
const { has, says, presses } = steps(window);

try {
  await window.until("there are lessons", () => has('[data-testid="lesson-iseng"]'));
  await window.shot("lessons");
  window.pressed = 0;
  await window.press("Ctrl", "Enter"); // the first one, a prank
  await window.screen("ringing");
  await window.press("F9");
  await says("said", /pesan ayam goreng/);
  await window.press("Alt", "a");
  await says("said", /Apa yang terjadi/); // and the next question is the one that is chosen now
  await window.press("Alt", "a");
  await says("said", /Iseng saja/);
  await window.shot("asked");
  await window.press("F4");
  await window.until("the menu is open", () => has('[data-testid="disposal-menu"]'));
  await window.press("i");
  await says("points", /^\s*(9\d|100)\b/);
  presses("a lesson", 25);
  await window.shot("score");
  assert.ok(await has('[data-testid="score-presses"]'), "the keys were counted");
  console.log("a lesson in the window: ok");
} catch (error) {
  await window.shot("failed").catch(() => undefined);
  throw error;
} finally {
  await window.close();
}
