import { screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CALL_BACKS } from "../src/dev/states-line";
import type { CallBackView } from "../src/lib/bindings";
import { field, open, prepared, press, show, text } from "./setup";

const alt = (digit: string): Promise<void> => press(digit, { altKey: true, code: `Digit${digit}` });
const ctrlEnter = (): Promise<void> => press("Enter", { ctrlKey: true });

afterEach(() => vi.restoreAllMocks());

describe("the call-back list", () => {
  it("says who, when, how often and what was typed", async () => {
    await open("call-backs");
    const first = text("call-back-1");
    expect(first).toContain("0818-0000-1121");
    expect(first).toContain("Menelepon 3 kali, 02.57 sampai 03.07 2 kali dicoba");
    expect(first).toContain("deket lampu merah");
    expect(text("call-back-2")).toContain("Kecelakaan lalu lintas. Tambun, depan pasar");
    expect(text("call-back-2")).toContain("belum dicoba");
    expect(text("call-back-count")).toBe("Telepon balik 5");
  });

  it("says why the last attempt came to nothing, and in red when it was our fault", async () => {
    const backend = await open("call-backs");
    expect(text("call-back-tried-1")).toBe("2 kali dicoba, sibuk");
    expect(screen.queryByTestId("call-back-tried-2")).toBeNull();
    const told = async (last_failure: CallBackView["last_failure"]): Promise<string> => {
      const state = prepared("call-backs");
      if (state.view === null || CALL_BACKS[0] === undefined) throw new Error("no list");
      const first = { ...CALL_BACKS[0], attempts: 3, last_failure };
      const call_backs = [first, ...CALL_BACKS.slice(1)];
      await show(backend, { ...state, view: { ...state.view, call_backs } });
      return text("call-back-tried-1");
    };
    const red = (): boolean => screen.getByTestId("call-back-tried-1").classList.contains("bad");
    expect(await told("unreachable")).toBe("3 kali dicoba, tidak aktif atau di luar jangkauan");
    expect(red()).toBe(false);
    expect(await told("failed")).toBe("3 kali dicoba, gangguan di pihak kita");
    expect(red()).toBe(true);
    // An attempt of which an older hub has told nothing.
    expect(await told(null)).toBe("3 kali dicoba, tidak tersambung");
  });

  it("calls with Alt and the number of the place", async () => {
    const backend = await open("call-backs");
    await alt("2");
    expect(backend.of("call-back")).toEqual([{ intent: "call-back", entry: CALL_BACKS[1]?.id }]);
    await userEvent.click(screen.getByTestId("call-back-call-1"));
    expect(backend.of("call-back").at(-1)?.entry).toBe(CALL_BACKS[0]?.id);
  });

  it("never calls who must not be called, has no number, or is being called", async () => {
    const backend = await open("call-backs");
    expect(text("call-back-3")).toContain("Jangan telepon balik");
    expect(text("call-back-4")).toContain("Nomor disembunyikan");
    expect(text("call-back-5")).toContain("Meja 2 sedang menelepon");
    for (const place of [3, 4, 5]) {
      expect(screen.queryByTestId(`call-back-call-${place}`)).toBeNull();
    }
    for (const digit of ["3", "4"]) await alt(digit);
    expect(backend.sent).toEqual([]);
  });

  it("does not call another than the hand meant when the list moves up", async () => {
    const backend = await open("call-backs");
    const state = prepared("call-backs");
    if (state.view === null) throw new Error("a view");
    const shorter = { ...state, view: { ...state.view, call_backs: CALL_BACKS.slice(1) } };
    await show(backend, shorter);
    await alt("1");
    expect(backend.sent).toEqual([]);
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 701);
    await alt("1");
    expect(backend.of("call-back").at(-1)?.entry).toBe(CALL_BACKS[1]?.id);
  });

  it("is settled without a call only with a reason", async () => {
    const backend = await open("call-backs");
    await userEvent.click(screen.getByTestId("call-back-settle-3"));
    expect(document.activeElement).toBe(field("settle-reason"));
    await userEvent.keyboard("ok{Enter}");
    expect(backend.sent).toEqual([]);
    await userEvent.keyboard(", ditangani Depok{Enter}");
    expect(backend.sent).toEqual([
      {
        intent: "settle-call-back",
        entry: CALL_BACKS[2]?.id,
        reason: "ok, ditangani Depok",
      },
    ]);
    expect(screen.queryByTestId("settle-menu")).toBeNull();
  });

  it("shows how far a call back has come, with the form, and gives up with Esc", async () => {
    const backend = await open("call-backs");
    await show(backend, prepared("calling-back"));
    expect(text("state-label")).toBe("Menelepon balik");
    expect(text("bar-sub")).toContain("Menyiapkan");
    expect(field("field-narrative").value).toContain("rumah neneknya kebakaran");
    await show(backend, prepared("calling-back-rings"));
    expect(text("bar-sub")).toContain("22 detik lagi");
    await ctrlEnter();
    expect(backend.sent).toEqual([]);
    await press("Escape");
    expect(backend.of("close").at(-1)?.disposition).toEqual({ kind: "not-reached" });
  });

  it("becomes an ordinary call when the citizen answers", async () => {
    const backend = await open("calling-back-rings");
    field("field-narrative").focus();
    await show(backend, prepared("call"));
    expect(text("state-label")).toBe("Tersambung");
    expect(document.activeElement).toBe(field("field-narrative"));
    await ctrlEnter();
    expect(screen.queryByTestId("closing")).toBeNull();
  });
});
