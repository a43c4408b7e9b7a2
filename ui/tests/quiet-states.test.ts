import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeskState } from "../src/lib/bindings";
import { STATES } from "../src/dev/states";
import { Desk } from "../src/lib/desk.svelte";
import { FakeBackend } from "../src/lib/fake-backend";

/** The state half a second later, in which nothing has happened. */
function later(state: DeskState): DeskState {
  if (state.view === null) throw new Error("a view");
  const view = { ...state.view, now: state.view.now + 500 };
  return { ...state, rev: state.rev + 1, now: state.now + 500, view };
}

describe("a state in which only the clocks have moved", () => {
  let backend: FakeBackend;
  let desk: Desk;
  beforeEach(() => {
    vi.useFakeTimers();
    backend = new FakeBackend();
    desk = new Desk(backend);
  });
  afterEach(() => {
    desk.dispose();
    vi.useRealTimers();
  });

  it("draws nothing anew in a call, and the clock goes on", () => {
    const state = STATES["call"]!();
    backend.show(state);
    const before = desk.now;
    let newest = state;
    for (let n = 0; n < 4; n += 1) {
      vi.advanceTimersByTime(500);
      newest = later(newest);
      backend.show(newest);
      expect(desk.state).toBe(state);
    }
    vi.advanceTimersByTime(600);
    expect(desk.now - before).toBeGreaterThanOrEqual(2000);
    expect(desk.now - before).toBeLessThanOrEqual(2600);
  });

  it("moves the clock by whole seconds, and without delay where seconds run out", () => {
    const state = STATES["call"]!();
    backend.show(state);
    const seen = new Set<number>();
    for (let n = 0; n < 30; n += 1) {
      vi.advanceTimersByTime(100);
      seen.add(desk.now);
    }
    expect([...seen].every((now) => now % 1000 === 0)).toBe(true);
    expect(seen.size).toBeGreaterThanOrEqual(3);
    expect(seen.size).toBeLessThanOrEqual(4);

    const transfer = { ...STATES["transfer"]!(), rev: state.rev + 1 };
    backend.show(transfer);
    expect(desk.now).toBe(transfer.now);
    vi.advanceTimersByTime(650);
    expect(desk.now - transfer.now).toBeGreaterThanOrEqual(300);
  });

  it("is told from one in which something has happened", () => {
    const state = STATES["call"]!();
    backend.show(state);
    const next = later(state);
    const told = { ...next, view: { ...next.view!, alerts: [...next.view!.alerts] } };
    backend.show(told);
    expect(desk.state).toBe(told);
    const muted = { ...later(told), call: { ...told.call!, muted: true } };
    backend.show(muted);
    expect(desk.muted).toBe(true);
  });

  it("keeps the lists of an idle desk up to date", () => {
    const state = STATES["idle"]!();
    backend.show(state);
    const next = later(state);
    backend.show(next);
    expect(desk.state).toBe(next);
  });
});
