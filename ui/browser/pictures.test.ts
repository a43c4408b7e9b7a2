// The kept pictures in docs/screenshots, compared with how the page looks now by a perceptual
// difference. `UPDATE=1 npm run test:browser` keeps new ones.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, States, type Look } from "./states";

const KEPT = join(import.meta.dirname, "../../docs/screenshots");
/** Where a picture that differs is left, with the difference. */
const LEFT = join(import.meta.dirname, "../shots");
/** How far a colour may be off, 0 to 1 (pixelmatch's YIQ difference). */
const THRESHOLD = 0.15;
/** Share of the pixels that may differ: letters are drawn a little differently everywhere. */
const TOLERANCE = 0.004;

const KEPT_STATES: readonly (readonly [name: string, look: Look])[] = [
  ["login", { state: "login" }],
  ["shift-start", { state: "sound-test" }],
  ["shift-notes", { state: "sound-test", keys: ["Alt+n"] }],
  ["idle", { state: "call-backs" }],
  ["report", { state: "report-plays" }],
  ["search", { state: "idle", keys: ["F3", "m", "a", "r", "g", "ArrowDown"] }],
  ["settings", { state: "settings", keys: ["Shift+F1"] }],
  ["incoming", { state: "ringing" }],
  ["call", { state: "call" }],
  ["no-report", { state: "checked-silent", keys: ["F4"] }],
  ["disposing", { state: "disposing" }],
  ["danger-words", { state: "asking" }],
  ["silent-line", { state: "signalled-key" }],
  ["transfer", { state: "transfer" }],
  ["outside", { state: "outside-called" }],
  ["outside-left", { state: "outside-left" }],
  ["outside-choice", { state: "call", keys: ["Alt+h"] }],
  ["reclaimed", { state: "reclaimed" }],
  ["closing", { state: "call", keys: ["Control+Enter"] }],
  ["gone", { state: "gone" }],
  ["receiving", { state: "polres-offered" }],
  ["board", { state: "board" }],
  ["board-late", { state: "board-late" }],
  ["lessons", { state: "lessons" }],
  ["lesson", { state: "lesson-call" }],
  ["score", { state: "score" }],
  ["follow-up", { state: "polres-call" }],
  ["not-registered", { state: "not-registered" }],
  ["microphone-lost", { state: "mic-lost" }],
  ["colleague-rings", { state: "colleague-rings" }],
  ["colleague-asks", { state: "colleague-asks" }],
  ["plugin-failed", { state: "plugin-failed" }],
  ["hub-lost", { state: "hub-lost" }],
];
/** Shown by the README, and so kept in full; the others are kept at half their size. */
const WHOLE: readonly string[] = ["call-1366-light", "reclaimed-1366-light", "board-1366-dark"];
const SIZES = [
  [1366, 768],
  [1920, 1080],
] as const;

const why = missing();
if (why !== null) console.warn(`skipped: the kept pictures: ${why}`);

describe.skipIf(why !== null)("the kept pictures", () => {
  let states: States;
  beforeAll(async () => void (states = await States.open()));
  afterAll(() => states.close());

  it.each(KEPT_STATES)("still show the page as it is: %s", async (name, look) => {
    for (const [width, height] of SIZES) {
      for (const theme of ["light", "dark"] as const) {
        const page = await states.show({ ...look, theme, width, height });
        const shot = await page.screenshot({ animations: "disabled", caret: "hide" });
        compare(`${name}-${width}-${theme}`, shot);
      }
    }
  });
});

function compare(name: string, shot: Buffer): void {
  const file = join(KEPT, `${name}.png`);
  const now = WHOLE.includes(name) ? PNG.sync.read(shot) : halved(PNG.sync.read(shot));
  if (process.env["UPDATE"] === "1") {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(file, written(now));
    return;
  }
  expect(existsSync(file), `${name} is kept`).toBe(true);
  const kept = PNG.sync.read(readFileSync(file));
  const { width, height } = kept;
  expect([now.width, now.height], name).toEqual([width, height]);
  const difference = new PNG({ width, height });
  const options = { threshold: THRESHOLD };
  const off = pixelmatch(now.data, kept.data, difference.data, width, height, options);
  if (off > TOLERANCE * width * height) {
    mkdirSync(LEFT, { recursive: true });
    writeFileSync(join(LEFT, `${name}.png`), written(now));
    writeFileSync(join(LEFT, `${name}-difference.png`), PNG.sync.write(difference));
  }
  expect(off / (width * height), `${name}: see ${LEFT}`).toBeLessThanOrEqual(TOLERANCE);
}

/** Without transparency, which no picture has. */
const written = (png: PNG): Buffer => PNG.sync.write(png, { deflateLevel: 9, colorType: 2 });

/** A picture of half the size: each pixel is the middle of four, in steps of eight, which saves room. */
function halved(png: PNG): PNG {
  const half = new PNG({ width: png.width >> 1, height: png.height >> 1 });
  for (let y = 0; y < half.height; y += 1) {
    for (let x = 0; x < half.width; x += 1) {
      const from = 4 * (2 * y * png.width + 2 * x);
      for (let channel = 0; channel < 4; channel += 1) {
        const at = from + channel;
        const sum = [0, 4, 4 * png.width, 4 * png.width + 4]
          .map((step) => png.data[at + step] ?? 0)
          .reduce((a, b) => a + b);
        half.data[4 * (y * half.width + x) + channel] = (sum >> 2) & 0xf8;
      }
    }
  }
  return half;
}
