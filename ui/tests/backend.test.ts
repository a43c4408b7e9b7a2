import { beforeEach, describe, expect, it, vi } from "vitest";
import type { DeskState } from "../src/lib/bindings";
import { TauriBackend, type Edit } from "../src/lib/backend";
import { emptyForm } from "../src/lib/form.svelte";
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

describe("what is typed", () => {
  const edit: Edit = { intent: "edit", call: "01JDK000000000000000000000", form: emptyForm() };
  const shown: DeskState[] = [];
  const requests: string[] = [];
  let answer: () => [status: number, body: string];
  let backend: TauriBackend;

  class Request {
    status = 0;
    responseText = "";
    open(_method: string, url: string, async: boolean): void {
      expect([url, async]).toEqual(["siaga://localhost/typed", false]);
    }
    send(body: string): void {
      requests.push(body);
      [this.status, this.responseText] = answer();
    }
  }

  beforeEach(() => {
    vi.stubGlobal("XMLHttpRequest", Request);
    window.__SIAGA_START__ = {
      hub: "",
      seat: null,
      operator: "",
      typing: "siaga://localhost/typed",
    };
    tauri.invoke.mockClear();
    [shown.length, requests.length] = [0, 0];
    answer = () => [200, JSON.stringify({ after: 1, rev: 2, changes: [trains] })];
    backend = new TauriBackend();
    backend.subscribe((state) => void shown.push(state));
    tauri.tell({ message: whole(1) });
    return () => {
      vi.unstubAllGlobals();
      delete window.__SIAGA_START__;
    };
  });
  const last = (): DeskState | undefined => shown.at(-1);
  const messages = (): number =>
    tauri.invoke.mock.calls.filter(([what]) => what === "intent").length;
  const arrived = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

  it("is answered before anything is drawn", () => {
    backend.type(edit);
    expect(requests).toEqual([JSON.stringify(edit)]);
    expect([last()?.rev, last()?.training, messages()]).toEqual([2, true, 0]);
  });

  it("waits for the packet that its answer has overtaken", () => {
    answer = () => [200, JSON.stringify({ after: 2, rev: 3, changes: [trains] })];
    backend.type(edit);
    expect(last()?.rev).toBe(1);
    tauri.tell({ message: { after: 1, rev: 2, changes: [] } });
    expect([last()?.rev, last()?.training]).toEqual([3, true]);
  });

  it("may change nothing", () => {
    answer = () => [200, JSON.stringify({ after: 1, rev: 1, changes: [] })];
    backend.type(edit);
    expect(shown).toHaveLength(1);
    tauri.tell({ message: { after: 1, rev: 2, changes: [trains] } });
    expect([last()?.rev, last()?.training]).toEqual([2, true]);
  });

  it("overtakes nothing that was done before it", async () => {
    void backend.send({ intent: "undo" });
    backend.type(edit);
    expect(requests).toEqual([]);
    await arrived();
    expect(tauri.invoke.mock.calls.slice(-2)).toEqual([
      ["intent", { intent: { intent: "undo" } }],
      ["intent", { intent: edit }],
    ]);
    backend.type(edit);
    expect(requests).toHaveLength(1);
  });

  it("goes the other way when it is not answered", async () => {
    answer = () => [503, ""];
    backend.type(edit);
    answer = () => {
      throw new Error("refused");
    };
    await arrived();
    backend.type(edit);
    await arrived();
    expect([messages(), last()?.rev]).toEqual([2, 1]);
  });
});
