// Training: the choice of a lesson, the talk with its caller, the keys that are counted, the score;
// and a number that another program has named.

import { screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { open, prepared, press, show } from "./setup";

const text = (id: string): string =>
  screen.getByTestId(id).textContent?.replace(/\s+/g, " ").trim() ?? "";
const wishes = (backend: Awaited<ReturnType<typeof open>>): unknown[] =>
  backend.of("training").map(({ wish }) => wish);

describe("the choice of a lesson", () => {
  it("has the caret, goes from easy to hard, and begins with Ctrl+Enter", async () => {
    const backend = await open("lessons");
    expect(document.activeElement).toBe(screen.getByTestId("lesson-list"));
    expect(text("lesson-sah")).toContain("Dasar 96%");
    await press("ArrowDown");
    await press("Enter", { ctrlKey: true });
    expect(wishes(backend)).toEqual([{ wish: "begin", lesson: "polres-sibuk" }]);
  });

  it("takes digits only while its list has the caret", async () => {
    await open("lessons");
    await press("7");
    expect(screen.getByTestId("lesson-bisik").getAttribute("aria-selected")).toBe("true");
    screen.getByTestId("begin-lesson").focus();
    await press("1");
    expect(screen.getByTestId("lesson-bisik").getAttribute("aria-selected")).toBe("true");
  });

  it("can be left for the reports of the exercise and come back to", async () => {
    await open("lessons");
    await press("b", { altKey: true, code: "KeyB" });
    expect(screen.getByTestId("report-list")).toBeTruthy();
    await press("b", { altKey: true, code: "KeyB" });
    expect(screen.getByTestId("lessons")).toBeTruthy();
  });

  it("says that the caller waits for the seat to be ready, and can be broken off", async () => {
    const backend = await open("lesson-waits");
    expect(text("lesson-waits")).toContain("Penelepon segera menelepon.");
    const state = prepared("lesson-waits");
    if (state.view === null) throw new Error("a view");
    const seat = { ...state.view.seat, state: "paused" as const };
    await show(backend, { ...state, rev: 2, view: { ...state.view, seat } });
    expect(text("lesson-waits")).toContain("begitu Anda menyatakan siap");
    await press("F9", { shiftKey: true });
    expect(backend.of("ready")).toHaveLength(1);
    await press("x", { altKey: true, code: "KeyX" });
    expect(wishes(backend)).toEqual([{ wish: "break-off" }]);
  });
});

describe("a lesson", () => {
  it("asks the next question with Alt+A without taking the caret", async () => {
    const backend = await open("lesson-call");
    const field = screen.getByTestId("field-narrative");
    field.focus();
    await press("a", { altKey: true, code: "KeyA" });
    expect(document.activeElement).toBe(field);
    expect(wishes(backend)).toContainEqual({ wish: "ask", question: "inside" });
  });

  it("asks a chosen question with Enter in its list", async () => {
    const backend = await open("lesson-call");
    screen.getByTestId("questions").focus();
    await press("ArrowDown");
    await press("Enter");
    expect(wishes(backend)).toContainEqual({ wish: "ask", question: "hurt" });
  });

  it("shows what was said, by whom", async () => {
    await open("lesson-call");
    expect(text("said")).toContain("00:03 Penelepon: “Kak, rumah nenek kebakaran!”");
    expect(text("said")).toContain("Terdengar: tangisan");
  });

  it("counts keys since the answer, beside what is typed into fields", async () => {
    const backend = await open("ringing");
    const { exercise = null } = prepared("lesson-call");
    const training = { training: true, exercise };
    await show(backend, { ...prepared("ringing"), ...training, rev: 2 });
    await press("F9");
    await show(backend, { ...prepared("call-new"), ...training, rev: 3 });
    const counted = (): unknown => wishes(backend).at(-1);
    await userEvent.type(screen.getByTestId("field-location"), "Tugu{Backspace}");
    expect(wishes(backend)).toEqual([]);
    await press("Tab");
    expect(counted()).toEqual({ wish: "pressed", keys: 1 });
    await press("F8");
    await press("F8", { repeat: true });
    await press("Shift");
    expect(counted()).toEqual({ wish: "pressed", keys: 2 });
  });

  it("counts none outside training", async () => {
    const backend = await open("call");
    await press("Tab");
    await press("F8");
    expect(wishes(backend)).toEqual([]);
  });

  it("says that its score is on the way", async () => {
    await open("lesson-over");
    expect(text("lesson-waits")).toContain("Nilai sedang dihitung");
  });
});

describe("the score", () => {
  it("says what the points were given for, what was measured, and what would have been right", async () => {
    await open("score");
    expect(text("points")).toBe("78dari 100");
    expect(text("score-answer")).toMatch(/Cepat dijawab.*3,2 detik.*15 \/ 15/);
    expect(text("score-presses")).toMatch(/cukup dengan beberapa huruf.*31 tombol.*3 \/ 10/);
    expect(text("missed")).toContain("Masih ada orang di dalam?");
  });

  it("is saved with Alt+S, and says where, or that it could not be", async () => {
    const backend = await open("score");
    await press("s", { altKey: true, code: "KeyS" });
    expect(wishes(backend)).toEqual([{ wish: "export" }]);
    await show(backend, { ...prepared("score-written"), rev: 2 });
    expect(text("score-file")).toContain("2026-11-23-03.11-sah.html");
    await show(backend, { ...prepared("score-not-written"), rev: 3 });
    expect(text("score-not-written")).toContain("permission denied");
  });

  it("is followed by the same lesson with Ctrl+Enter, or by another with Esc", async () => {
    const backend = await open("score");
    await press("Enter", { ctrlKey: true });
    await press("Escape");
    expect(wishes(backend)).toEqual([{ wish: "begin", lesson: "sah" }, { wish: "leave" }]);
  });
});

describe("a number that another program has named", () => {
  it("is looked up, and called only from the call-back list", async () => {
    const backend = await open("idle");
    await show(backend, { ...prepared("number-asked"), rev: 2 });
    expect(text("number-asked")).toContain("0818-0000-0119");
    expect(screen.getByTestId<HTMLInputElement>("search").value).toBe("081800000119");
    // The engine has asked already.
    expect(backend.of("search")).toEqual([]);
    expect(screen.getByTestId("report-list").getAttribute("aria-rowcount")).toBe("2");
    await userEvent.click(screen.getByTestId("asked-call"));
    expect(backend.of("call-back")).toHaveLength(1);
    await userEvent.click(screen.getByTestId("asked-drop"));
    expect(backend.of("ask-number").at(-1)?.number).toBeNull();
  });

  it("is offered no call when it is not on the list", async () => {
    const backend = await open("number-asked");
    const state = prepared("number-asked");
    const number_asked = { number: "081800000119", call_back: null };
    await show(backend, { ...state, rev: 2, number_asked });
    expect(screen.queryByTestId("asked-call")).toBeNull();
    await vi.waitFor(() => expect(text("number-asked")).toContain("hanya ditelepon dari daftar"));
  });
});
