import { beforeEach, describe, expect, it, vi } from "vitest";
import type { DeskState } from "../src/lib/bindings";
import { TauriBackend } from "../src/lib/backend";
import { STATES } from "../src/dev/states";

const tauri = vi.hoisted(() => ({
  invoke: vi.fn((_command: string, _arguments: unknown) => Promise.resolve()),
  tell: (_packet: unknown): void => undefined,
}));
vi.mock("@tauri-apps/api/core", () => ({
  invoke: tauri.invoke,
  transformCallback: (tell: (packet: unknown) => void) => {
    tauri.tell = tell;
    return 1;
  },
}));

const whole = (rev: number): DeskState => ({ ...STATES["idle"]!(), rev });
const trains = { op: "replace", path: "/training", value: true };
const asked = (): number => tauri.invoke.mock.calls.filter(([what]) => what === "subscribe").length;

describe("packets of the engine", () => {
  const shown: DeskState[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    tauri.invoke.mockClear();
    shown.length = 0;
    new TauriBackend().subscribe((state) => void shown.push(state));
    return () => vi.useRealTimers();
  });
  const tell = (message: object): void => tauri.tell({ message });
  const last = (): DeskState | undefined => shown.at(-1);

  it("are laid over the state that they complete", () => {
    tell(whole(1));
    tell({ after: 1, rev: 2, changes: [trains] });
    expect([last()?.rev, last()?.training]).toEqual([2, true]);
    expect(last()?.session).toBe(shown[0]?.session);
  });

  it("may come before what they complete, and nothing is asked again", () => {
    tell({ after: 1, rev: 2, changes: [trains] });
    tell({ after: 2, rev: 3, changes: [] });
    expect(shown).toEqual([]);
    tell(whole(1));
    expect([last()?.rev, last()?.training, asked()]).toEqual([3, true, 1]);
  });

  it("are asked for anew when what they complete does not come", () => {
    tell(whole(1));
    tell({ after: 2, rev: 3, changes: [trains] });
    expect(last()?.rev).toBe(1);
    vi.advanceTimersByTime(1100);
    expect(asked()).toBe(2);
    tell(whole(4));
    expect(last()?.rev).toBe(4);
    vi.advanceTimersByTime(1100);
    expect(asked()).toBe(2);
  });
});
