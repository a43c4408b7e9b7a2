// How long it takes from a key to what it brings, measured in the page of the real window: the real
// plugins, over the real way between page and engine.
//
//   node e2e/keys.mjs BINARY SHOTS SEAT HUB
//
// Directed by src-tauri/benches/client.rs, which plays the citizen. Prints, and holds nothing to a time.
import { citizen, noMoreCitizens } from "./director.mjs";
import { steps } from "./steps.mjs";
import { Window } from "./webdriver.mjs";

const [application, shots, seat, hub] = process.argv.slice(2);
if (hub === undefined) throw new Error("usage: keys.mjs BINARY SHOTS SEAT HUB");

/** How often the finding is brought and taken away. */
const ROUNDS = 150;
/** How often anything else is done. */
const TIMES = 100;
/** A hand is not faster than this. */
const PACE_MS = 60;

const window = await Window.open({
  base: process.env.DRIVER ?? "http://127.0.0.1:4444",
  application,
  args: ["--desk", seat, "--hub", hub],
  shots,
});
const { says, answer, beReady, to, kept } = steps(window);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// In the page: the time of each key, and of the first change after it that counts: of what `watched`
// reads, else of anything that is drawn but for clocks and meters, or of the caret.
const METER = `
  const meter = (window.__meter = { times: [], lost: 0, watched: null, shown: "", at: null });
  const done = () => {
    if (meter.at === null) return;
    meter.times.push(performance.now() - meter.at);
    meter.at = null;
  };
  const moves = ({ target }) => {
    const element = target instanceof Element ? target : target.parentElement;
    return element?.closest('[aria-hidden="true"], .clock, [data-testid="state-time"]') != null;
  };
  addEventListener("keydown", (event) => {
    if (["Shift", "Control", "Alt"].includes(event.key)) return;
    if (meter.at !== null) meter.lost += 1;
    meter.shown = meter.watched?.();
    meter.at = performance.now();
  }, true);
  new MutationObserver((changes) => {
    if (meter.at === null) return;
    if (meter.watched === null ? !changes.every(moves) : meter.watched() !== meter.shown) done();
  }).observe(document.documentElement,
    { subtree: true, childList: true, attributes: true, characterData: true });
  addEventListener("focusin", () => meter.watched === null && done());
`;

/** What stands beside the fields. */
const FINDINGS = `() => [...document.querySelectorAll('[data-testid^="finding-"]')]
  .map((finding) => finding.dataset.testid + finding.textContent).join("|")`;

const watch = (what) =>
  window.run(`Object.assign(window.__meter, { times: [], lost: 0, at: null, watched: ${what} })`);

/** Prints what was measured since `watch`. */
async function print(name, goal) {
  const { times, lost } = await window.run(
    "const { times, lost, at } = window.__meter; return { times, lost: lost + (at !== null) }",
  );
  times.sort((a, b) => a - b);
  const of = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  const ms = (value) => value.toFixed(1).padStart(6);
  console.log(
    `${name.padEnd(46)} p50 ${ms(of(0.5))}  p99 ${ms(of(0.99))}  most ${ms(times.at(-1) ?? NaN)} ms` +
      `  goal p99 ${goal} ms  (${times.length} keys; ${lost} brought nothing before the next)`,
  );
}

try {
  await beReady();
  await says("filter-reports", /5\D?0\d\d/);
  await window.run(METER);

  await watch(null);
  for (let n = 0; n < TIMES; n += 1) {
    await window.press("F1");
    await pause(PACE_MS);
  }
  await print("F1, all keys", 50);
  await watch(null);
  for (let n = 0; n < TIMES; n += 1) {
    await window.press("F6");
    await pause(PACE_MS);
  }
  await print("F6, the next pane, with the list", 50);
  await window.press("F3");
  await watch(null);
  for (let n = 0; n < TIMES; n += 1) {
    await window.write("motor "[n % 6]);
    await pause(PACE_MS);
  }
  await print("a letter of a search", 50);
  await window.press("Esc");

  await citizen("dial 082200001801");
  await answer();
  await window.write("Kelapa Dua dekat Mako Brimob");
  await to("field-narrative");
  await window.write("Plp lapor ribut di parkiran. ");
  // A word whose last letter brings a finding, and takes it away again.
  await window.write("Ada yang pegang golo");
  await pause(500);
  await watch(FINDINGS);
  for (let n = 0; n < ROUNDS; n += 1) {
    await window.write("k");
    await pause(PACE_MS);
    await window.press("Backspace");
    await pause(PACE_MS);
  }
  await print("a letter to the findings that it brings", 10);

  await kept();
  await watch(null);
  for (let n = 0; n < TIMES; n += 1) {
    await window.press("F4");
    await pause(PACE_MS);
    await window.press("Esc");
    await pause(PACE_MS);
  }
  await print("F4 and Esc, the menu of no report", 50);
} catch (error) {
  await window.shot("failed").catch(() => undefined);
  throw error;
} finally {
  await window.close();
  noMoreCitizens();
}
