import { screen } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import { STATES } from "../src/dev/all-states";
import type { DeskState } from "../src/lib/bindings";
import { open, prepared, show } from "./setup";

const NAMES = Object.keys(STATES);
/** From here a call goes on to most others. */
const FROM = ["login", "idle", "call", "transfer", "reclaimed", "outside-up", "polres-call"];

const broken = (): HTMLElement | null => screen.queryByTestId("broken");

describe("from one state to the next", () => {
  it.each(FROM)(
    "the page stays whole: from %s to every other and back",
    async (from) => {
      const backend = await open(from);
      for (const to of NAMES) {
        await show(backend, prepared(to));
        expect(broken(), `${from} to ${to}`).toBeNull();
        await show(backend, prepared(from));
        expect(broken(), `${to} to ${from}`).toBeNull();
      }
      expect(backend.failures).toEqual([]);
    },
    60_000,
  );
});

describe("a part of the page that cannot be drawn", () => {
  /** As no hub of this release would tell it. */
  function spoilt(): DeskState {
    const state = prepared("call-backs");
    if (state.view === null) throw new Error("a view");
    const [first, ...others] = state.view.call_backs;
    if (first === undefined) throw new Error("an entry");
    const caller = { ...first.caller, number: 1121 as never };
    const call_backs = [{ ...first, caller }, ...others];
    return { ...state, view: { ...state.view, call_backs } };
  }

  it("leaves the call bar and the keys, tells IT, and is drawn again with the next screen", async () => {
    const backend = await open("idle");
    await show(backend, spoilt());
    expect(broken()?.textContent).toContain("Panggilan dan isian aman");
    expect(document.activeElement).toBe(screen.getByTestId("broken-again"));
    expect(screen.getByTestId("call-bar")).toBeTruthy();
    expect(backend.failures).toHaveLength(1);
    expect(backend.failures[0]).toMatch(/TypeError/);
    expect(backend.failures[0], "and where").toMatch(/CallBackList/);
    await show(backend, prepared("ringing"));
    await show(backend, prepared("call"));
    expect(broken()).toBeNull();
    expect(screen.getByTestId("field-narrative")).toBeTruthy();
  });

  it("is tried again by Enter, and fails again as long as it cannot be drawn", async () => {
    const backend = await open("idle");
    await show(backend, spoilt());
    screen.getByTestId("broken-again").click();
    await show(backend, spoilt());
    expect(broken()).not.toBeNull();
    await show(backend, prepared("call-backs"));
    screen.getByTestId("broken-again").click();
    await show(backend, prepared("call-backs"));
    expect(broken()).toBeNull();
    expect(screen.getByTestId("call-back-1")).toBeTruthy();
  });
});
