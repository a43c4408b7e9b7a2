import { screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { NOW } from "../src/dev/states";
import type { DeskState, ShiftNote } from "../src/lib/bindings";
import { open, prepared, press, show, text } from "./setup";

const field = (): HTMLInputElement => screen.getByTestId<HTMLInputElement>("note-text");
const write = (): Promise<void> => press("n", { altKey: true, code: "KeyN" });

/** An idle desk whose hub has these notes. */
function withNotes(rev: number, ...texts: string[]): DeskState {
  const state = prepared("idle");
  if (state.view === null) throw new Error("a view");
  const note = (text: string): ShiftNote => ({
    at: NOW,
    seat: "pmj-3",
    unit: "pmj",
    operator: "Bripda Rina Ayu",
    text,
  });
  return { ...state, rev, view: { ...state.view, notes: texts.map(note) } };
}

describe("what a watch leaves to the next", () => {
  it("is read at the beginning of a shift, newest first, with who and when", async () => {
    await open("sound-test");
    const notes = screen.getByTestId("notes").querySelectorAll("li");
    expect(notes).toHaveLength(3);
    expect(notes[0]?.textContent).toMatch(/22\.57, Aipda Sri Wahyuni, Meja 1.*JANGAN/s);
  });

  it("says so when there is nothing", async () => {
    await open("idle-paused");
    expect(text("notes")).toBe("Tidak ada titipan dalam 24 jam terakhir.");
  });

  it("is written with Alt+N and Enter, and stays in the field until the hub has it", async () => {
    const backend = await open("idle");
    await write();
    expect(document.activeElement).toBe(field());
    await userEvent.type(field(), " headset meja 2 rusak {Enter}");
    expect(backend.of("leave-note")).toEqual([
      { intent: "leave-note", text: "headset meja 2 rusak" },
    ]);
    expect(text("note-waits")).toBe("Dikirim …");
    await userEvent.keyboard("{Enter}");
    expect(backend.of("leave-note")).toHaveLength(1);
    await show(backend, withNotes(2, "headset meja 2 rusak"));
    expect(field().value).toBe("");
    expect(text("notes")).toContain("headset meja 2 rusak");
    expect(document.activeElement).toBe(field());
  });

  it("can be sent again when the desk complains", async () => {
    const backend = await open("idle");
    await write();
    await userEvent.type(field(), "mobil 3 di bengkel{Enter}");
    const error = { error: "hub", code: "not-stored", detail: "" } as const;
    await show(backend, { ...prepared("idle"), rev: 2, notice: { error, at: NOW } });
    expect(field().value).toBe("mobil 3 di bengkel");
    await userEvent.keyboard("{Enter}");
    expect(backend.of("leave-note")).toHaveLength(2);
  });

  it("keeps what was typed when it is put aside, and needs words", async () => {
    const backend = await open("idle");
    await write();
    await userEvent.type(field(), "ab{Enter}");
    expect(backend.of("leave-note")).toEqual([]);
    await press("Escape");
    expect(screen.queryByTestId("notes-menu")).toBeNull();
    await write();
    expect(field().value).toBe("ab");
  });

  it("is not written in a call", async () => {
    await open("call");
    await write();
    expect(screen.queryByTestId("notes-menu")).toBeNull();
  });
});
