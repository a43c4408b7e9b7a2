import { screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { filledForm, NOW, NUMBER } from "../src/dev/states";
import type { CallView, DeskState } from "../src/lib/bindings";
import { field, open, prepared, press, show, text } from "./setup";

const silent = { kind: "not-report", reason: "silent" };
const prank = { kind: "not-report", reason: "prank" };

/** Half a second later: the hand has noticed what Ctrl+Enter now does. */
function aMomentLater(): void {
  const later = performance.now() + 501;
  vi.spyOn(performance, "now").mockReturnValue(later);
}

async function keys(...names: string[]): Promise<void> {
  for (const name of names) await press(name);
}

const ctrlEnter = (): Promise<void> => press("Enter", { ctrlKey: true });

afterEach(() => vi.restoreAllMocks());

describe("disposing of a call", () => {
  it("takes F4 and one letter, and loses nothing that was typed", async () => {
    const backend = await open("call");
    field("field-location").focus();
    await keys("F4", "i");
    expect(backend.of("dispose")).toEqual([
      { intent: "dispose", disposition: prank, note: "", sure: false },
    ]);
    expect(backend.of("close")).toHaveLength(0);
    expect(field("field-location").value).toBe(filledForm().location);
    expect(document.activeElement).toBe(field("field-location"));
  });

  it("sends what is still being typed before it", async () => {
    const backend = await open("call");
    await userEvent.type(field("field-narrative"), "!");
    await keys("F4", "s");
    const kinds = backend.sent.map((intent) => intent.intent);
    expect(kinds.lastIndexOf("edit")).toBeLessThan(kinds.indexOf("dispose"));
  });

  it("counts down with the line open and is taken back with Esc", async () => {
    const backend = await open("call");
    await show(backend, prepared("disposing-prank"));
    expect(text("state-label")).toBe("Menutup: Iseng");
    expect(text("state-time")).toBe("3 detik lagi");
    expect(text("bar-sub")).toContain("Masih tersambung");
    expect(text("seat-state")).toBe("Menutup");
    await show(backend, { ...prepared("disposing-prank"), now: NOW + 1500 });
    expect(text("state-time")).toBe("2 detik lagi");
    await press("Escape");
    expect(backend.of("undo")).toHaveLength(1);
    expect(backend.of("close")).toHaveLength(0);
    await show(backend, prepared("call"));
    expect(text("state-label")).toBe("Tersambung");
  });

  it("leaves form and caret alone meanwhile", async () => {
    const backend = await open("call");
    const input = field("field-narrative");
    input.focus();
    await show(backend, prepared("disposing-prank"));
    expect(document.activeElement).toBe(input);
    await userEvent.type(input, "?");
    await vi.waitFor(() => expect(backend.of("edit").at(-1)?.form.narrative).toContain("?"));
  });

  it("closes at once with Ctrl+Enter, but not by the press that was meant for something else", async () => {
    const backend = await open("checked-silent");
    await show(backend, prepared("disposing"));
    await ctrlEnter();
    expect(backend.of("close")).toHaveLength(0);
    aMomentLater();
    await press("Enter", { ctrlKey: true, repeat: true });
    expect(backend.of("close")).toHaveLength(0);
    await ctrlEnter();
    expect(backend.of("close")).toEqual([{ intent: "close", disposition: silent, note: "" }]);
  });

  it("is taken back while another reason is chosen", async () => {
    const backend = await open("disposing");
    await press("F4");
    expect(backend.sent).toEqual([{ intent: "undo" }]);
    await show(backend, prepared("checked-silent"));
    await press("s");
    expect(backend.of("dispose").at(-1)?.disposition).toEqual({
      kind: "not-report",
      reason: "misdial",
    });
  });

  it("waits its three seconds when there are words of danger", async () => {
    const backend = await open("disposing-prank");
    aMomentLater();
    await ctrlEnter();
    expect(backend.sent).toEqual([]);
    expect(field("close-now").disabled).toBe(true);
  });

  it("ignores a held key everywhere", async () => {
    const backend = await open("call");
    await press("F4", { repeat: true });
    expect(screen.queryByTestId("disposal-menu")).toBeNull();
    await press("F4");
    await press("i", { repeat: true });
    await press("Enter", { repeat: true });
    expect(backend.sent).toEqual([]);
    expect(screen.getByTestId("disposal-menu")).toBeTruthy();
  });

  it("does nothing on Enter when nothing is suggested", async () => {
    const backend = await open("call");
    await press("F4");
    expect(screen.queryByTestId("suggestion")).toBeNull();
    await userEvent.keyboard("{Enter}");
    expect(backend.sent).toEqual([]);
  });

  it("takes the suggestion on Enter", async () => {
    const backend = await open("checked-silent");
    await press("F4");
    expect(text("suggestion")).toContain("Saran: tidak ada tanda");
    await userEvent.keyboard("{Enter}");
    expect(backend.of("dispose").at(-1)?.disposition).toEqual(silent);
  });

  it("suggests one ring for a caller who was gone at once", async () => {
    const backend = await open("call-new");
    const gone = prepared("gone");
    if (gone.view?.call == null) throw new Error("a call");
    const before: CallView = gone.view.call;
    if (before.phase.phase !== "ended") throw new Error("a call that is over");
    const call: CallView = { ...before, phase: { ...before.phase, at: NOW + 2000 } };
    await show(backend, { ...gone, view: { ...gone.view, call } });
    await press("F4");
    expect(text("suggestion")).toContain("putus dalam 3 detik");
    await userEvent.keyboard("{Enter}");
    expect(backend.of("dispose").at(-1)?.disposition).toEqual({
      kind: "not-report",
      reason: "ring-once",
    });
  });
});

describe("danger words", () => {
  it("are shown before a report is thrown away, and the caret stays", async () => {
    const backend = await open("call");
    const input = field("field-narrative");
    input.focus();
    await show(backend, prepared("asking"));
    expect(text("number")).toBe("“api besar”, “terjebak”");
    expect(text("bar-sub")).toContain("Iseng");
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(document.activeElement).toBe(input);
    expect(input.value).toBe(filledForm().narrative);
  });

  it("go back to the report with Esc", async () => {
    const backend = await open("asking");
    await press("Escape");
    expect(backend.of("undo")).toHaveLength(1);
    expect(backend.of("dispose")).toHaveLength(0);
  });

  it("need a chord to be overruled, and then there are 3 s left", async () => {
    const backend = await open("call");
    await show(backend, prepared("asking"));
    for (const key of ["Enter", "y", "i", "F4"]) await press(key);
    await ctrlEnter();
    expect(backend.sent).toEqual([]);
    aMomentLater();
    await ctrlEnter();
    expect(backend.sent).toEqual([{ intent: "dispose", disposition: prank, note: "", sure: true }]);
  });
});

describe("a silent line", () => {
  it("is asked for a sign before it can be closed as silent", async () => {
    const backend = await open("call-quiet");
    await press("F4");
    expect(text("dispose-silent")).toContain("Kosong: periksa dulu");
    await press("k");
    expect(backend.sent).toEqual([{ intent: "check-silence" }]);
    expect(screen.queryByTestId("disposal-menu")).toBeNull();
  });

  it("shows what the caller hears and for how long is listened", async () => {
    const backend = await open("checking");
    expect(text("state-label")).toBe("Memeriksa");
    expect(text("state-time")).toBe("9 detik lagi");
    expect(text("silence")).toContain("tekan tombol apa saja, atau ketuk telepon dua kali");
    await keys("F4", "k");
    expect(backend.sent).toEqual([]);
    expect(field("dispose-silent").disabled).toBe(true);
    expect(text("dispose-silent")).toContain("Sedang diperiksa, 9 detik lagi");
  });

  it("may be closed once nothing was heard", async () => {
    const backend = await open("checking");
    await show(backend, prepared("checked-silent"));
    expect(text("bar-sub")).toContain("tidak ada tanda");
    await keys("F4", "k");
    expect(backend.of("dispose")).toEqual([
      { intent: "dispose", disposition: silent, note: "", sure: false },
    ]);
  });

  it.each([
    ["signalled-key", "Penelepon menekan tombol"],
    ["signalled-knocks", "Penelepon mengetuk telepon"],
  ])("is an alarm when the caller gives a sign (%s)", async (state, said) => {
    const backend = await open("checking");
    await show(backend, prepared(state));
    expect(text("number")).toBe(said);
    expect(text("bar-sub")).toContain("Jangan tutup");
    expect(text("priority")).toContain("P1");
    expect(text("announcer")).toContain(said);
    expect(screen.getByTestId("app").classList.contains("trouble-on")).toBe(true);
    expect(text("silence")).toContain("Tekan satu kali untuk ya");
    await keys("F4", "k");
    expect(backend.sent).toEqual([]);
    // The caller's number is back soon; what to do stays.
    await press("Escape");
    await show(backend, prepared("signalled-later"));
    expect(text("number")).toBe("0822-0000-1108");
    expect(text("state-label")).toBe("Ada tanda");
    expect(text("silence")).toContain("Jangan tutup");
  });

  it.each(["disposing-signalled", "asking-signalled"])(
    "lets what is being decided be read in the bar (%s)",
    async (state) => {
      await open(state);
      expect(screen.getByTestId("call-bar").classList.contains("trouble")).toBe(false);
      expect(text("silence")).toContain("Jangan tutup");
    },
  );

  it("cannot be called silent once the caller is gone and was never asked", async () => {
    const backend = await open("gone");
    await keys("F4", "k");
    expect(backend.sent).toEqual([]);
    expect(text("dispose-silent")).toContain("Simpan supaya ditelepon balik");
  });

  it("is suggested after eight seconds without a sound, not before", async () => {
    const backend = await open("call-quiet");
    await show(backend, { ...prepared("call-quiet"), now: NOW + 7000 });
    await press("F4");
    expect(screen.queryByTestId("suggestion")).toBeNull();
    await press("F4");
    await show(backend, { ...prepared("call-quiet"), now: NOW + 9000 });
    await press("F4");
    expect(text("suggestion")).toContain("Saran: 9 detik hening");
    await userEvent.keyboard("{Enter}");
    expect(backend.sent).toEqual([{ intent: "check-silence" }]);
  });
});

describe("a call that this desk lost", () => {
  it("is told politely: who has it, why, and that nothing is lost", async () => {
    await open("lost");
    expect(text("lost")).toContain("Panggilan Anda diteruskan ke Meja 2");
    expect(text("lost")).toContain("Pukul 03.11.07 suara dari meja ini terputus");
    expect(text("lost")).toContain("isian Anda ikut pindah");
    expect(text("lost")).toContain(NUMBER);
  });

  it("names the unit when the seat is of another one", async () => {
    const backend = await open("lost");
    const state = prepared("lost");
    if (!state.view?.lost) throw new Error("a lost call");
    const lost = { ...state.view.lost, with: "depok-1" };
    await show(backend, { ...state, view: { ...state.view, lost } });
    expect(text("lost")).toContain("Meja 1, Polres Metro Depok");
  });

  it.each([
    ["lost-waiting", "menunggu petugas berikut"],
    ["lost-over", "sudah selesai"],
  ])("says when nobody has it (%s)", async (state, said) => {
    await open(state);
    expect(text("lost")).toContain(said);
  });
});

describe("what was typed and came too late", () => {
  it("is shown until it was read and put away", async () => {
    const backend = await open("kept");
    expect(text("kept")).toContain("Kelapa Dua, dekat Brimob");
    expect(text("kept")).toContain("sampai 03.11.18");
    await userEvent.click(screen.getByTestId("kept-drop"));
    expect(backend.of("drop-kept")).toHaveLength(1);
  });

  it("is told when this computer keeps no copy, with the reason for IT", async () => {
    await open("kept");
    expect(text("notice-not-kept")).toContain("isian tetap sampai ke pusat data");
    expect(screen.getByTestId("health-not-kept").title).toBe("disk full");
  });
});

describe("trouble around a call", () => {
  it("says that a closing waits for the hub, with the line open", async () => {
    const backend = await open("closing-later");
    expect(text("bar-sub")).toContain("Ditutup saat pusat data kembali");
    await ctrlEnter();
    expect(backend.sent).toEqual([]);
  });

  it("says first what to do when nothing is recorded, also in the bar", async () => {
    await open("not-recording");
    expect(text("notice-not-recording")).toMatch(/^Catat yang penting di Uraian: 2 panggilan/);
    expect(text("health-not-recording")).toBe("Tidak merekam");
    expect(text("bar-sub")).toContain("Tidak merekam");
    expect(text("bar-sub")).not.toContain("Merekam");
  });

  it("keeps the line of what cannot be stored, and marks both in the strip", async () => {
    await open("room-trouble");
    expect(text("notice-not-storing")).toMatch(/^Teruskan bekerja, jangan matikan komputer ini/);
    expect(screen.getByTestId("health-not-storing")).toBeTruthy();
    expect(screen.getByTestId("health-not-recording")).toBeTruthy();
  });

  it("says that the voice path is being renewed and that nothing is to be done", async () => {
    await open("rejoining");
    expect(text("state-label")).toBe("Menyambung ulang");
    expect(text("bar-sub")).toContain("Tidak perlu menekan apa pun");
  });

  it("says since when the hub is gone and where the form is meanwhile", async () => {
    await open("hub-lost");
    expect(text("health-hub")).toBe("Pusat data putus 03.10.53");
    expect(text("saved")).toBe("disimpan di komputer ini");
    expect(text("notice-hub")).toContain("dikirim sendiri");
    expect(field("field-narrative").readOnly).toBe(false);
  });

  it("does not call a unit busy that declined", async () => {
    const backend = await open("reclaimed");
    const state: DeskState = prepared("reclaimed");
    const call = state.view?.call;
    if (state.view === null || !call || call.phase.phase !== "talking") throw new Error("a call");
    const reclaimed = { cause: "declined" as const, unit: "pmj.depok", at: NOW };
    const phase = { ...call.phase, reclaimed };
    await show(backend, { ...state, view: { ...state.view, call: { ...call, phase } } });
    expect(text("bar-sub")).toContain("Depok tidak dapat menerima");
    expect(text("bar-sub")).not.toContain("sibuk");
  });
});

describe("a page that is loaded again", () => {
  it.each([
    ["F5", {}],
    ["r", { ctrlKey: true, code: "KeyR" }],
    ["R", { ctrlKey: true, shiftKey: true, code: "KeyR" }],
    ["F5", { ctrlKey: true }],
    ["ArrowLeft", { altKey: true }],
    ["w", { ctrlKey: true, code: "KeyW" }],
  ])("is not loaded by %s", async (key, modifiers) => {
    await open("call");
    const event = new KeyboardEvent("keydown", {
      key,
      bubbles: true,
      cancelable: true,
      ...modifiers,
    });
    field("field-narrative").dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
  });

  it("leaves copying, pasting and undoing to the text", async () => {
    await open("call");
    for (const key of ["c", "v", "x", "a", "z"]) {
      const event = new KeyboardEvent("keydown", {
        key,
        ctrlKey: true,
        code: `Key${key.toUpperCase()}`,
        bubbles: true,
        cancelable: true,
      });
      field("field-narrative").dispatchEvent(event);
      expect(event.defaultPrevented).toBe(false);
    }
  });

  it("has no menu of the browser outside of the fields", async () => {
    await open("call");
    const menu = (on: Element): boolean => {
      const event = new MouseEvent("contextmenu", { bubbles: true, cancelable: true });
      on.dispatchEvent(event);
      return !event.defaultPrevented;
    };
    expect(menu(screen.getByTestId("call-bar"))).toBe(false);
    expect(menu(field("field-narrative"))).toBe(true);
  });
});

describe("a call that comes without a hub", () => {
  it("rings as any other, and is answered with F9", async () => {
    const backend = await open("local-ringing");
    expect(text("number")).toBe("0822-0000-1108");
    expect(screen.getByTestId("call-bar").classList.contains("ringing")).toBe(true);
    expect(screen.getByTestId("call-bar").textContent).not.toContain("Pindah ke meja lain");
    await press("F9");
    expect(backend.of("answer")).toHaveLength(1);
  });

  it("has a form and a number, and says what cannot be done without a hub", async () => {
    const backend = await open("local-call");
    expect(text("bar-sub")).toContain("Tidak bisa dialihkan");
    expect(text("case-number")).toBe("110-PMJ-261123-000123");
    await press("F2");
    await press("Pause");
    expect(backend.sent.map(({ intent }) => intent)).not.toContain("transfer");
    expect(backend.sent.map(({ intent }) => intent)).not.toContain("hold");
  });

  it("is closed as handled here, never as forwarded or silent", async () => {
    const backend = await open("local-call");
    await press("Enter", { ctrlKey: true });
    expect(backend.of("close").at(-1)?.disposition).toEqual({ kind: "handled-here" });
    await press("F4");
    expect(screen.getByTestId<HTMLButtonElement>("dispose-silent").disabled).toBe(true);
  });

  it("is written up when its caller is gone", async () => {
    const backend = await open("local-gone");
    expect(screen.getByTestId("app").dataset["screen"]).toBe("gone");
    await press("Enter", { ctrlKey: true });
    expect(backend.of("close").at(-1)?.disposition).toEqual({ kind: "abandoned" });
  });
});
