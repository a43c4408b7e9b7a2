// Every prepared state, in both themes: nothing that axe-core calls serious or critical, and nothing
// clipped, outside or under something else at any size that a desk has.

import axe from "axe-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STATES as PREPARED } from "../src/dev/all-states";
import { audit, sideways } from "./audit";
import { missing, States, type Look } from "./states";

const why = missing();
if (why !== null) console.warn(`skipped: the page in Chromium: ${why}`);

const looks: Look[] = [
  ...Object.keys(PREPARED).map((state) => ({ state })),
  { state: "call", keys: ["F4"] },
  { state: "call", keys: ["Shift+F2"] },
  { state: "call", keys: ["Alt+h"] },
  { state: "call", keys: ["Alt+h", "0", "8", "1", "2"] },
  { state: "call", keys: ["F1"] },
  { state: "call", keys: ["Control+Enter"] },
  { state: "call-new", keys: ["Tab", "Tab", "Tab", "k", "e"] },
  { state: "settings", keys: ["Shift+F1"] },
  { state: "sound-test", keys: ["Alt+n"] },
  { state: "idle", keys: ["F3", "m", "a", "r"] },
  { state: "idle", keys: ["F3", "x", "y", "z"] },
  { state: "call-new", keys: ["Tab", "t", "u", "g", "u"] },
  { state: "plugin-failed", keys: ["Alt+k"] },
];
const named = looks.map((look) => [[look.state, ...(look.keys ?? [])].join(" "), look] as const);

interface Fault {
  id: string;
  impact: string | null | undefined;
  where: string[];
}

describe.skipIf(why !== null)("the page in Chromium", () => {
  let states: States;
  beforeAll(async () => void (states = await States.open()));
  afterAll(() => states.close());

  async function faults(): Promise<Fault[]> {
    await states.page.evaluate(axe.source);
    return states.page.evaluate(async () => {
      const run = (window as unknown as { axe: typeof axe }).axe.run;
      const { violations } = await run(document, { resultTypes: ["violations"] });
      return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, impact, nodes }) => ({
          id,
          impact,
          where: nodes.slice(0, 3).map((node) => node.html.slice(0, 160)),
        }));
    });
  }

  it.each(named)("has no serious fault of access: %s", async (_name, look) => {
    for (const theme of ["light", "dark"] as const) {
      await states.show({ ...look, theme });
      expect(await faults(), theme).toEqual([]);
    }
  });

  // 200 %: the side panes go under the form, and nothing runs out of the window sideways.
  it.each(named)(
    "keeps bar, panes and words in the window at twice the size: %s",
    async (_name, look) => {
      const page = await states.show({ ...look, width: 683, height: 540 });
      expect(await page.evaluate(sideways)).toEqual([]);
    },
  );

  it.each(named)("cuts off nothing: %s", async (_name, look) => {
    for (const [width, height] of [
      [1366, 768],
      [1366, 680],
      [1920, 1080],
    ] as const) {
      for (const language of ["id", "en"] as const) {
        const page = await states.show({ ...look, width, height, language });
        expect(await page.evaluate(audit), `${width}×${height} ${language}`).toEqual([]);
      }
    }
  });
});
