// Every key of every state: one meaning, shown, never the browser's, deaf to being held.

import { cleanup, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { STATES } from "../src/dev/all-states";
import { actionsOf, stripActions } from "../src/lib/actions";
import type { DeskState, Validity } from "../src/lib/bindings";
import { Desk } from "../src/lib/desk.svelte";
import { FakeBackend } from "../src/lib/fake-backend";
import { findKinds } from "../src/lib/kinds";
import { preferences } from "../src/lib/preferences.svelte";
import { field, open, prepared, press, show } from "./setup";

const names = Object.keys(STATES);

/** The event that a combination of keys makes. */
function eventOf(combo: string, repeat = false): KeyboardEvent {
  const parts = combo.split("+");
  const key = parts.at(-1) ?? "";
  return new KeyboardEvent("keydown", {
    key: key === "Esc" ? "Escape" : key,
    code: /^[0-9]$/.test(key) ? `Digit${key}` : /^[A-Z]$/.test(key) ? `Key${key}` : key,
    ctrlKey: parts.includes("Ctrl"),
    altKey: parts.includes("Alt"),
    shiftKey: parts.includes("Shift"),
    bubbles: true,
    cancelable: true,
    repeat,
  });
}

function deskIn(state: string): { desk: Desk; backend: FakeBackend } {
  const backend = new FakeBackend();
  backend.show(prepared(state));
  return { desk: new Desk(backend), backend };
}

afterEach(() => {
  vi.restoreAllMocks();
  preferences.set({ language: "id", theme: "system", scale: 100 });
});

describe.each(names)("in the state %s", (state) => {
  it("each key means one thing, and the strip shows only keys that act", () => {
    const { desk } = deskIn(state);
    const keys = actionsOf(desk)
      .filter((action) => action.enabled)
      .flatMap((action) => action.keys);
    expect(keys).toEqual([...new Set(keys)]);
    for (const action of stripActions(desk)) {
      expect(action.enabled, action.id).toBe(true);
      expect(action.keys.length, action.id).toBeGreaterThan(0);
    }
    desk.dispose();
  });

  it("a held key does nothing, and no key of ours reaches the browser", () => {
    const { desk, backend } = deskIn(state);
    const before = backend.sent.length;
    for (const action of actionsOf(desk)) {
      for (const combo of action.keys) {
        const held = eventOf(combo, true);
        desk.keydown(held);
        expect(held.defaultPrevented, combo).toBe(true);
      }
    }
    expect(backend.sent.slice(before)).toEqual([]);
    expect(desk.overlay).toBe("none");
    desk.dispose();
  });

  it("keys that a browser would take are taken from it", () => {
    const { desk } = deskIn(state);
    for (const combo of ["F3", "F5", "F7", "F11", "F12", "Ctrl+R", "Ctrl+P", "Ctrl+0", "Ctrl+-"]) {
      const event = eventOf(combo);
      desk.keydown(event);
      expect(event.defaultPrevented, combo).toBe(true);
    }
    desk.dispose();
  });
});

describe("F1", () => {
  it.each(["idle", "call", "reclaimed", "disposing", "polres-offered"])(
    "lists each key of the state (%s) and gives the caret back",
    async (state) => {
      await open(state);
      const before = document.activeElement;
      await press("F1");
      const menu = screen.getByTestId("keys-menu");
      expect(menu.contains(document.activeElement)).toBe(true);
      const { desk } = deskIn(state);
      const listed = [...menu.querySelectorAll("kbd")].map((cap) => cap.textContent);
      for (const combo of actionsOf(desk).flatMap((action) => action.keys)) {
        for (const cap of combo.split("+")) expect(listed, combo).toContain(cap);
      }
      desk.dispose();
      await press("F1");
      expect(screen.queryByTestId("keys-menu")).toBeNull();
      expect(document.activeElement).toBe(before);
    },
  );
});

describe("F6", () => {
  it("goes round the panes and comes back", async () => {
    await open("call");
    const panes = [...document.querySelectorAll("[data-pane]")];
    const at = (): number => panes.findIndex((pane) => pane.contains(document.activeElement));
    const start = at();
    await press("F6");
    expect(at()).not.toBe(start);
    for (let n = 1; n < panes.length; n += 1) await press("F6");
    expect(at()).toBe(start);
  });
});

describe("the kind of an incident", () => {
  it.each([
    ["keb", "pelaporan/kebakaran"],
    ["laka lan", "pelaporan/kecelakaan_lalu_lintas"],
    ["kdrt", "pengaduan/kdrt"],
    ["sim", "informasi/layanan_sim"],
    ["bising", "pengaduan/gangguan_ketertiban_suara"],
  ])("is found by a few letters: %s", (typed, kind) => {
    expect(findKinds(typed)[0]?.value).toBe(kind);
  });

  it("is taken with Enter, never with Space", async () => {
    const backend = await open("call-new");
    await userEvent.type(field("field-kind"), "keb ");
    expect(backend.of("edit")).toHaveLength(0);
    await userEvent.keyboard("{Enter}");
    await vi.waitFor(() =>
      expect(backend.of("edit").at(-1)?.form.kind).toBe("pelaporan/kebakaran"),
    );
    expect(field("field-kind").value).toBe("Kebakaran");
  });

  it("is taken by going on with Tab, and emptied by emptying the field", async () => {
    const backend = await open("call-new");
    await userEvent.type(field("field-kind"), "tawu");
    await userEvent.tab();
    await vi.waitFor(() => expect(backend.of("edit").at(-1)?.form.kind).toBe("pelaporan/tawuran"));
    await userEvent.clear(field("field-kind"));
    await vi.waitFor(() => expect(backend.of("edit").at(-1)?.form.kind).toBe(""));
  });

  it("leaves Esc to the list, and what was chosen stays", async () => {
    const backend = await open("call");
    await userEvent.type(field("field-kind"), "x");
    await userEvent.keyboard("{Escape}");
    expect(field("field-kind").value).toBe("Kebakaran");
    expect(backend.sent).toEqual([]);
  });
});

describe("what is known of a number", () => {
  it("is a note that begins with serving the caller, and Alt+R shows every call", async () => {
    await open("call");
    expect(screen.getByTestId("often-prank").textContent).toContain("Tetap layani.");
    const rows = (): number => screen.getByTestId("earlier").querySelectorAll("li").length;
    expect(rows()).toBe(5);
    await press("r", { altKey: true, code: "KeyR" });
    expect(rows()).toBe(7);
  });

  it("is not shown before the call is answered", async () => {
    await open("ringing");
    expect(screen.queryByTestId("often-prank")).toBeNull();
  });

  it("says nothing of another call", async () => {
    const backend = await open("call");
    const state = prepared("call");
    const about = { ...state.about, asked: "another", found: ["another", null] };
    backend.show({ ...state, rev: 2, about } as typeof state);
    await vi.waitFor(() => expect(screen.queryByTestId("often-prank")).toBeNull());
  });
});

describe("the odds of an answer", () => {
  it("stand where they are known, and nothing where there are too few", async () => {
    await open("call");
    const of = (unit: string): string =>
      screen.getByTestId(`destination-${unit}`).querySelector(".odds")?.textContent?.trim() ?? "";
    expect(of("pmj.jaktim")).toBe("93%");
    expect(of("pmj.tangsel")).toBe("");
  });
});

describe("settings", () => {
  it("show the choice next to a volume that is none of them", async () => {
    const backend = await open("settings");
    await press("F1", { shiftKey: true });
    const state = prepared("settings");
    if (!state.settings) throw new Error("settings");
    const chosen = (): string[] =>
      ["40", "60", "80", "100"].filter((volume) =>
        screen.getByTestId(`ring-volume-${volume}`).classList.contains("on"),
      );
    for (const [volume, shown] of [
      [0, "40"],
      [85, "80"],
      [100, "100"],
    ] as const) {
      const settings = { ...state.settings, ring_volume: volume };
      await show(backend, { ...state, rev: state.rev + 1 + volume, settings });
      expect(chosen()).toEqual([shown]);
    }
  });

  it("change the language at once and are there after the page is loaded again", async () => {
    await open("idle");
    await press("F1", { shiftKey: true });
    await userEvent.click(screen.getByTestId("language-en").querySelector("input") as Element);
    expect(screen.getByTestId("number").textContent).toBe("Waiting for a call");
    cleanup();
    preferences.language = "id";
    preferences.load();
    expect(preferences.language).toBe("en");
  });

  it("are told to the engine, and followed when it tells of others", async () => {
    const backend = await open("settings");
    await press("F1", { shiftKey: true });
    expect(backend.of("list-devices")).toHaveLength(1);
    await userEvent.selectOptions(screen.getByTestId("settings-ring"), "usb");
    expect(backend.of("change-settings").at(-1)?.settings).toMatchObject({ ring: "usb" });
    const state = prepared("settings");
    if (!state.settings) throw new Error("settings");
    backend.show({ ...state, rev: 2, settings: { ...state.settings, language: "en" } });
    await vi.waitFor(() =>
      expect(screen.getByTestId("number").textContent).toBe("Waiting for a call"),
    );
  });

  it("name the key that answers", async () => {
    const backend = await open("ringing");
    const state = prepared("ringing");
    const settings = prepared("settings").settings;
    if (!settings) throw new Error("settings");
    backend.show({ ...state, rev: 2, settings: { ...settings, answer_key: "pause" } });
    await vi.waitFor(() => expect(screen.getByTestId("answer").textContent).toContain("Pause"));
    await press("Pause");
    expect(backend.of("answer")).toHaveLength(1);
  });

  it("that make no sense count as none", () => {
    localStorage.setItem("preferences", '{"language":"fr","scale":900,"theme":3}');
    preferences.load();
    expect([preferences.language, preferences.scale, preferences.theme]).toEqual([
      "id",
      100,
      "system",
    ]);
    localStorage.setItem("preferences", "{");
    preferences.load();
    expect(preferences.language).toBe("id");
  });

  it("cannot be opened over a call", async () => {
    await open("call");
    await press("F1", { shiftKey: true });
    expect(screen.queryByTestId("settings-menu")).toBeNull();
  });
});

describe("a desk that is not registered", () => {
  it("says first where to go, and gives IT a line to be copied", async () => {
    await open("not-registered");
    const write = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: write } });
    expect(screen.getByTestId("alarm").textContent).toContain("Pindah ke meja lain sekarang");
    await press("s", { altKey: true, code: "KeyS" });
    expect(write).toHaveBeenCalledWith(expect.stringContaining("pmj-3"));
    vi.unstubAllGlobals();
  });

  it("is connected anew by F9", async () => {
    const backend = await open("not-registered");
    await press("F9");
    expect(backend.sent).toEqual([{ intent: "try-again" }]);
  });
});

describe("what the plugins and the operator say", () => {
  it("the questions that always hold stand beside their fields", async () => {
    await open("plugin-failed");
    expect(screen.getByTestId("finding-fixed.location").textContent).toContain("Di mana?");
    expect(screen.getByTestId("validity").textContent).toContain("Dianggap sah");
  });

  it("what an operator decided against the verdict is what the page says", async () => {
    const backend = await open("call");
    const judged = screen.getByTestId("validity");
    expect(judged.textContent).toMatch(/^\s*Sah\s*$/);
    const state = prepared("call");
    const told = (overridden: Validity): DeskState => {
      const { view } = state;
      if (view?.call == null) throw new Error("a call");
      return { ...state, view: { ...view, call: { ...view.call, overridden } } };
    };
    await show(backend, told("not-valid"));
    expect(judged.textContent?.trim()).toBe("Bukan laporan, kata petugas");
    expect(judged.classList.contains("ok")).toBe(false);
    await show(backend, told("valid"));
    expect(judged.textContent?.trim()).toBe("Sah, kata petugas");
    expect(judged.classList.contains("ok")).toBe(true);
  });
});
