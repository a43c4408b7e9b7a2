import { screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { filledForm, NOW } from "../src/dev/states";
import type { DeskState } from "../src/lib/bindings";
import { dialled, fitsAny } from "../src/lib/dial";
import { field, open, prepared, press, show, text } from "./setup";

afterEach(() => vi.restoreAllMocks());

describe("calling somebody outside", () => {
  it("takes Alt+H and Enter for the service that fits, and loses nothing that was typed", async () => {
    const backend = await open("call");
    field("field-narrative").focus();
    await press("h", { altKey: true, code: "KeyH" });
    expect(document.activeElement).toBe(field("outside-typed"));
    expect(screen.getAllByTestId("outside-service")).toHaveLength(3);
    await userEvent.type(field("outside-typed"), "damk");
    await userEvent.keyboard("{Enter}");
    expect(backend.of("call-outside")).toEqual([
      { intent: "call-outside", to: { to: "service", name: "Damkar 113" } },
    ]);
    expect(screen.queryByTestId("outside-menu")).toBeNull();
    expect(document.activeElement).toBe(field("field-narrative"));
    expect(field("field-narrative").value).toBe(filledForm().narrative);
  });

  it("finds a service by its number", async () => {
    const backend = await open("call");
    await press("h", { altKey: true, code: "KeyH" });
    await userEvent.type(field("outside-typed"), "115");
    await userEvent.keyboard("{Enter}");
    expect(backend.of("call-outside")).toEqual([
      { intent: "call-outside", to: { to: "service", name: "Basarnas 115" } },
    ]);
  });

  it("calls a typed number that the plan lets through, however it is written", async () => {
    const backend = await open("call");
    await press("h", { altKey: true, code: "KeyH" });
    await userEvent.type(field("outside-typed"), "(021) 570-1130");
    expect(text("outside-number")).toBe("Panggil 0215701130");
    await userEvent.keyboard("{Enter}");
    expect(backend.of("call-outside")).toEqual([
      { intent: "call-outside", to: { to: "number", number: "0215701130" } },
    ]);
  });

  it("says of a number that may not be called, and keeps it", async () => {
    const backend = await open("call");
    await press("h", { altKey: true, code: "KeyH" });
    await userEvent.type(field("outside-typed"), "081234567890{Enter}");
    expect(text("outside-may-not")).toContain("tidak boleh dihubungi");
    expect(field("outside-typed").value).toBe("081234567890");
    expect(backend.of("call-outside")).toHaveLength(0);
  });

  it("is not offered where the plan lets nobody be called", async () => {
    const backend = await open("call");
    const state = prepared("call");
    if (state.session) state.session = { ...state.session, dial: { services: [], patterns: [] } };
    await show(backend, state);
    await press("h", { altKey: true, code: "KeyH" });
    expect(screen.queryByTestId("outside-menu")).toBeNull();
    expect(screen.queryByTestId("outside")).toBeNull();
  });

  it("shows how far they have come, for eyes and for screen readers", async () => {
    const backend = await open("outside-called");
    expect(screen.getByTestId("outside-state").getAttribute("role")).toBe("status");
    expect(text("outside-state")).toBe("Damkar 113 dipanggil, 24 detik lagi");
    await show(backend, { ...prepared("outside-called"), now: NOW + 4000 });
    expect(text("outside-state")).toBe("Damkar 113 dipanggil, 20 detik lagi");
    await show(backend, prepared("outside-up"));
    expect(text("outside-state")).toBe("Damkar 113 tersambung");
    await show(backend, prepared("outside-busy"));
    expect(text("outside-state")).toBe("Damkar 113 sibuk");
  });

  it("ticks the service that has answered, once: the last word is the operator's", async () => {
    const ticked = (): boolean =>
      screen.getByTestId("service-fire").querySelector("input")?.checked ?? false;
    const untold = (name: string, rev: number): DeskState => {
      const state = prepared(name);
      if (state.call === null) throw new Error("a call");
      const form = { ...state.call.form, services: [] };
      return { ...state, call: { ...state.call, form, rev, saved_rev: rev } };
    };
    const backend = await open("call");
    await show(backend, untold("outside-called", 20));
    expect(ticked()).toBe(false);
    await show(backend, untold("outside-up", 20));
    expect(ticked()).toBe(true);
    expect(backend.of("edit").at(-1)?.form.services).toEqual(["fire"]);
    await userEvent.click(screen.getByTestId("service-fire"));
    expect(ticked()).toBe(false);
    await show(backend, untold("outside-up", 22));
    expect(ticked()).toBe(false);
    expect(backend.of("edit").at(-1)?.form.services).toEqual([]);
  });

  it("is given up, and they are let go, with the same key", async () => {
    const backend = await open("outside-called");
    await press("h", { altKey: true, code: "KeyH" });
    await show(backend, prepared("outside-up"));
    await press("h", { altKey: true, code: "KeyH" });
    expect(backend.of("drop-outside")).toHaveLength(2);
    expect(screen.queryByTestId("outside-menu")).toBeNull();
  });

  it("leaves the caller with them only once they have answered", async () => {
    const backend = await open("outside-called");
    await press("s", { altKey: true, code: "KeyS" });
    expect(backend.of("release")).toHaveLength(0);
    await show(backend, prepared("outside-up"));
    await press("s", { altKey: true, code: "KeyS" });
    expect(backend.of("release")).toHaveLength(1);
  });

  it("cannot hold meanwhile", async () => {
    const backend = await open("outside-up");
    await press("Pause");
    expect(backend.of("hold")).toHaveLength(0);
  });

  it("goes on without the caller, and says so", async () => {
    await open("outside-finishing");
    expect(text("state-label")).toBe("Penelepon menutup");
    expect(text("outside-state")).toBe("Damkar 113 tersambung");
  });

  it("is closed as handled after leaving, and never as abandoned", async () => {
    const backend = await open("outside-left");
    expect(text("state-label")).toBe("Diserahkan");
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 501);
    await press("Enter", { ctrlKey: true });
    expect(backend.of("close").map((intent) => intent.disposition.kind)).toEqual(["handled-here"]);
  });
});

describe("a typed number", () => {
  it("is read as the hub reads it", () => {
    expect(dialled(" (021) 570-1130/2 ")).toBe("02157011302");
    expect(dialled("damkar")).toBeNull();
    expect(dialled("+62 812")).toBe("+62812");
    expect(fitsAny(["021XXXXXX."], "0215701130")).toBe(true);
    expect(fitsAny(["021XXXXXX."], "021570113")).toBe(false);
    expect(fitsAny(["11X"], "113")).toBe(true);
    expect(fitsAny(["11X"], "1133")).toBe(false);
    expect(fitsAny([], "113")).toBe(false);
  });
});
