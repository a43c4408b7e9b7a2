import { screen } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { open, prepared, press, show, text } from "./setup";

const button = (id: string): HTMLButtonElement => screen.getByTestId<HTMLButtonElement>(id);

afterEach(() => vi.restoreAllMocks());

describe("asking another seat to take the call", () => {
  it("takes Shift+F8 once the caller hears the operator no longer, with what was typed before", async () => {
    const backend = await open("mic-lost");
    expect(text("colleague")).toMatch(/Shift ?F8 minta meja lain .*\(4 siap\)/);
    await press("F8", { shiftKey: true });
    expect(backend.of("ask-colleague")).toEqual([{ intent: "ask-colleague" }]);
  });

  it("is not there while the microphone works", async () => {
    const backend = await open("call");
    await press("F8", { shiftKey: true });
    expect(backend.of("ask-colleague")).toEqual([]);
    expect(screen.queryByTestId("ask-colleague")).toBeNull();
  });

  it("is not there without a hub, which would have to ring the other seat", async () => {
    const backend = await open("mic-lost");
    await show(backend, { ...prepared("mic-lost"), rev: 2, hub: { link: "down", since: 0 } });
    await press("F8", { shiftKey: true });
    expect(backend.of("ask-colleague")).toEqual([]);
  });

  it("is off where no other seat is ready, and says so", async () => {
    const backend = await open("colleague-none");
    expect(button("ask-colleague").disabled).toBe(true);
    expect(text("colleague")).toContain("Tidak ada meja lain yang siap");
    await press("F8", { shiftKey: true });
    expect(backend.of("ask-colleague")).toEqual([]);
  });

  it("shows who rings, keeps the form open to typing, and can be taken back", async () => {
    const backend = await open("colleague-rings");
    expect(text("transfer-unit")).toBe("Meja 4");
    expect(text("bar-sub")).toContain("Meja 4 berdering");
    expect(screen.getByTestId<HTMLTextAreaElement>("field-narrative").readOnly).toBe(false);
    await press("F2");
    expect(backend.of("transfer")).toEqual([]);
    await press("Escape");
    expect(backend.of("take-back")).toHaveLength(1);
  });

  it("leaves the call as it was when nobody takes it, with the reason", async () => {
    const backend = await open("colleague-declined");
    expect(text("bar-sub")).toContain("Meja lain tidak dapat menerima");
    expect(text("announcer")).toContain("Meja lain tidak dapat menerima");
    expect(screen.getByTestId("destinations")).toBeTruthy();
    expect(screen.queryByTestId("closing")).toBeNull();
    await press("F8", { shiftKey: true });
    expect(backend.of("ask-colleague")).toHaveLength(1);
  });
});

describe("a seat that is asked", () => {
  it("reads whose call it is, the form, and what to say first", async () => {
    const backend = await open("colleague-asks");
    expect(text("state-label")).toBe("Gantikan Meja 1");
    expect(text("sheet-narrative")).toContain("Nenek terjebak");
    expect(text("colleague-say")).toContain("Polisi 110");
    await press("F9");
    expect(backend.of("answer")).toHaveLength(1);
  });

  it("knows that the other one stays until it is heard", async () => {
    const backend = await open("colleague-accepted");
    expect(text("bar-sub")).toContain("Meja 1 masih tersambung sampai Anda terdengar");
    await press("F2");
    await press("F4");
    expect(backend.of("transfer")).toEqual([]);
    expect(screen.queryByRole("menu")).toBeNull();
  });
});
