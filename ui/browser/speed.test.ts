// How long the page takes from a key to what it shows, with five thousand reports in the list. The
// figures are printed; a machine that also compiles must not fail on them.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import "../src/dev/states-page-window";
import { missing, States } from "./states";

const why = missing();
if (why !== null) console.warn(`skipped: the speed of the page: ${why}`);

const MANY = 5000;

describe.skipIf(why !== null)("the page with five thousand reports", () => {
  let states: States;
  beforeAll(async () => void (states = await States.open()));
  afterAll(() => states.close());

  /** Milliseconds from each key to the end of the work that it caused, styles and layout included. */
  async function timed(keys: readonly string[], times: number): Promise<number[]> {
    return states.page.evaluate(
      ([pressed, rounds]) => {
        const spans: number[] = [];
        for (let n = 0; n < rounds; n += 1) {
          for (const key of pressed) {
            const before = window.__clock();
            const on = document.activeElement ?? document.body;
            const field = on instanceof HTMLInputElement || on instanceof HTMLTextAreaElement;
            if (field && key.length === 1) {
              on.value += key;
              on.dispatchEvent(new InputEvent("input", { bubbles: true, data: key }));
            } else {
              const event = { key, code: key, bubbles: true, cancelable: true };
              on.dispatchEvent(new KeyboardEvent("keydown", event));
            }
            window.__flush();
            void document.body.offsetHeight;
            spans.push(window.__clock() - before);
          }
        }
        return spans;
      },
      [keys, times] as const,
    );
  }

  function told(what: string, spans: number[]): void {
    const sorted = spans.toSorted((a, b) => a - b);
    const at = (share: number): string =>
      (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
    console.log(`${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, n ${sorted.length}`);
    expect(sorted.length).toBeGreaterThan(0);
  }

  it("draws only the rows in sight", async () => {
    const page = await states.show({ state: "many" });
    const grid = page.getByTestId("report-list");
    expect(Number(await grid.getAttribute("aria-rowcount"))).toBe(MANY);
    expect(await grid.getByRole("row").count()).toBeLessThan(60);
    await grid.focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    expect(await page.getByTestId("case-page-number").textContent()).toContain("005000");
  });

  it("prints how fast rows, search and menus answer", async () => {
    const page = await states.show({ state: "many" });
    await page.getByTestId("report-list").focus();
    told("a row of the list", await timed(["ArrowDown"], 200));
    await page.keyboard.press("F3");
    await page.getByTestId("search").focus();
    told("a letter of the search", await timed([..."kebakaran"], 5));
    told("all keys", await timed(["F1"], 50));
  });

  it("prints how fast a finding is shown once the engine tells of it", async () => {
    await states.show({ state: "call" });
    told("a finding", await states.page.evaluate(() => window.__findings(300)));
  });
});
