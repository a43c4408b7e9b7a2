// Lists, search, a report whole with its recording, and what its unit tells of it.

import { screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { NOW } from "../src/dev/states";
import { fileOf, listOf, ROWS, SHA } from "../src/dev/states-cases";
import { sinceOf } from "../src/lib/reports.svelte";
import { field, open, prepared, press, show } from "./setup";

const text = (id: string): string => screen.getByTestId(id).textContent?.trim() ?? "";
const rows = (): number => Number(screen.getByTestId("report-list").getAttribute("aria-rowcount"));
const chosen = (): string | null =>
  document.querySelector("[role=row][aria-selected=true]")?.getAttribute("data-testid") ?? null;

beforeEach(() => sessionStorage.clear());

describe("the list of reports", () => {
  it("is asked for once after the login, from an hour on a day ago", async () => {
    const backend = await open("login");
    const state = { ...prepared("idle"), cases: null };
    await show(backend, state);
    await show(backend, { ...state, rev: 2 });
    expect(backend.of("show-cases").map(({ query }) => query)).toEqual([
      { since: sinceOf("reports", NOW), filter: "reports", from: 0, count: 200 },
    ]);
    expect(sinceOf("reports", NOW) % 3_600_000).toBe(0);
    expect(NOW - sinceOf("reports", NOW)).toBeGreaterThanOrEqual(24 * 3_600_000);
  });

  it("is not asked for again by a page that finds it there", async () => {
    const backend = await open("idle");
    expect(backend.of("show-cases")).toEqual([]);
    expect(rows()).toBe(ROWS.length);
  });

  it("moves on with the hour", async () => {
    const backend = await open("idle");
    const later = NOW + 3_600_000;
    await show(backend, { ...prepared("idle"), rev: 2, now: later });
    expect(backend.of("show-cases").at(-1)?.query.since).toBe(sinceOf("reports", later));
  });

  it("begins at a Polres with what is not done yet", async () => {
    const backend = await open("login");
    await show(backend, { ...prepared("polres-idle"), cases: null });
    expect(backend.of("show-cases").at(-1)?.query.filter).toBe("open");
  });

  it("is filtered by the hub, which counts", async () => {
    const backend = await open("idle");
    await userEvent.click(screen.getByTestId("filter-open"));
    expect(backend.of("show-cases").at(-1)?.query.filter).toBe("open");
    expect(rows()).toBe(5);
    expect(text("filter-open")).toContain("5");
    expect(text("filter-reports")).toContain("7");
  });

  it("keeps its row when a report comes in above it", async () => {
    const backend = await open("idle");
    screen.getByTestId("report-list").focus();
    await press("ArrowDown");
    const before = chosen();
    const [first] = ROWS;
    if (first === undefined) throw new Error("a report");
    const cases = listOf([{ ...first, number: "110-PMJ-261123-000200" }, ...ROWS]);
    await show(backend, { ...prepared("idle"), rev: 2, cases });
    expect(rows()).toBe(ROWS.length + 1);
    expect(chosen()).toBe(before);
  });

  it("asks for a page only when it is looked at", async () => {
    const backend = await open("many");
    expect(rows()).toBe(5000);
    screen.getByTestId("report-list").focus();
    await press("ArrowDown");
    expect(backend.of("show-cases")).toEqual([]);
    await press("End");
    const { query } = backend.of("show-cases").at(-1) ?? {};
    expect(query?.count).toBe(200);
    expect((query?.from ?? 0) + 200).toBeGreaterThanOrEqual(5000);
    await press("Enter");
    expect(backend.of("show-case").at(-1)?.number).toBe("110-PMJ-261123-005000");
  });

  it("says how far a unit has come", async () => {
    await open("idle");
    expect(text("case-110-PMJ-261123-000119")).toContain("Di TKP 02.36");
    expect(text("case-110-PMJ-261123-000098")).toContain("Belum diterima");
  });

  it("says that it is empty, on its way, or why it is not there", async () => {
    const backend = await open("idle-empty");
    expect(text("list-none")).toBe("Belum ada laporan dalam 24 jam terakhir.");
    await show(backend, { ...prepared("list-loading"), rev: 2 });
    expect(text("list-none")).toBe("Mengambil daftar…");
    await show(backend, { ...prepared("list-failed"), rev: 3 });
    expect(text("list-none")).toContain("Pusat data tidak terjangkau.");
  });

  it("stays with the time it was read while the hub is gone", async () => {
    await open("list-stale");
    expect(rows()).toBe(ROWS.length);
    expect(text("list-count")).toContain("per 03.09.53");
  });
});

describe("the search", () => {
  it("has the caret after F3, and Enter opens what the words found", async () => {
    const backend = await open("idle");
    await press("F3");
    await vi.waitFor(() => expect(document.activeElement).toBe(field("search")));
    await userEvent.keyboard("margonda{ArrowDown}");
    expect(backend.of("search").at(-1)?.query).toEqual({ text: "margonda", from: 0, count: 200 });
    expect(document.activeElement).toBe(screen.getByTestId("report-list"));
    expect(rows()).toBe(1);
    await userEvent.keyboard("{Enter}");
    expect(text("case-page-number")).toContain("000119");
    await press("Escape");
    await vi.waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("report-list")));
    expect(rows()).toBe(1);
    await press("Escape");
    expect(rows()).toBe(ROWS.length);
    expect(backend.of("search").at(-1)?.query.text).toBe("");
  });

  it("shows the words that were found, marked", async () => {
    await open("idle");
    await userEvent.type(field("search"), "menangis");
    const row = screen.getByTestId("case-110-PMJ-261123-000119");
    expect(row.querySelector("mark")?.textContent).toBe("menangis");
  });

  it("finds a call that nobody answered, which has nothing to be opened", async () => {
    const backend = await open("idle");
    await userEvent.type(field("search"), "081800000119");
    expect(rows()).toBe(2);
    expect(screen.getByTestId("report-list").textContent).toContain("Panggilan tanpa laporan");
    await userEvent.keyboard("{ArrowDown}{End}{Enter}");
    expect(backend.of("show-case")).toEqual([]);
  });

  it("says what it did not find", async () => {
    await open("idle");
    await userEvent.type(field("search"), "xyzzy");
    expect(text("list-none")).toBe("Tidak ada laporan atau panggilan dengan “xyzzy”.");
  });
});

describe("a report", () => {
  it("tells everything that happened, in order", async () => {
    await open("report");
    const lines = within(screen.getByTestId("timeline"))
      .getAllByRole("option")
      .map((line) => line.textContent?.replace(/\s+/g, " ") ?? "");
    const at = (words: string): number => lines.findIndex((line) => line.includes(words));
    expect(at("Panggilan masuk")).toBe(0);
    expect(at("Tidak dijawab Meja 1: tidak diangkat")).toBeGreaterThan(0);
    expect(at("Kembali ke Meja 3: Depok tidak mengangkat")).toBeGreaterThan(
      at("Tanyakan dulu, P3"),
    );
    expect(at("Di TKP, Briptu Yoga Pratama")).toBe(lines.length - 1);
    expect(lines.at(-1)).toContain("“Korban sudah turun, didampingi Unit PPA.”");
  });

  it("tells what was typed in one go as one line", async () => {
    await open("report");
    const edits = screen
      .getAllByRole("option")
      .filter((line) => line.textContent?.includes("menulis"));
    expect(edits.map((line) => line.textContent?.match(/\d+ kali/)?.[0])).toEqual([
      "1 kali",
      "2 kali",
    ]);
  });

  it("is brought up to date while it is read", async () => {
    const backend = await open("report");
    const state = prepared("report");
    const [report] = ROWS.filter(({ number }) => number.endsWith("119"));
    if (report === undefined) throw new Error("a report");
    const file = fileOf({ ...report, status: "closed" });
    const { number } = report;
    await show(backend, {
      ...state,
      rev: 2,
      file: { asked: number, found: [number, file], as_of: NOW, failed: null },
    });
    expect(screen.getByTestId("case-page").textContent).toContain("Selesai");
  });

  it("keeps the keys of the call-back list to itself", async () => {
    const backend = await open("report");
    await press("1", { altKey: true, code: "Digit1" });
    expect(backend.of("call-back")).toEqual([]);
    expect(screen.queryByTestId("call-back-list")).toBeNull();
  });

  it("says that it is on its way or why it is not there", async () => {
    const backend = await open("report-loading");
    expect(screen.getByTestId("case-page").textContent).toContain("Mengambil laporan…");
    await show(backend, { ...prepared("report-failed"), rev: 2 });
    expect(text("case-failed")).toContain("Pusat data tidak terjangkau.");
  });

  it("makes room for a call that rings", async () => {
    const backend = await open("report");
    const { file = null } = prepared("report");
    await show(backend, { ...prepared("ringing"), rev: 2, file });
    expect(screen.queryByTestId("case-page")).toBeNull();
    expect(text("answer")).toContain("F9");
  });
});

describe("a recording", () => {
  it("is drawn, and the drawing is asked for once", async () => {
    const backend = await open("idle");
    screen.getByTestId("report-list").focus();
    await press("ArrowDown");
    await press("Enter");
    expect(backend.of("show-peaks")).toEqual([{ intent: "show-peaks", sha256: SHA }]);
    const shape = screen.getByTestId("waveform").querySelector("path")?.getAttribute("d") ?? "";
    expect(shape.split("L").length).toBeGreaterThan(1000);
  });

  it("plays and stops with Alt+P, and goes on where it stopped", async () => {
    const backend = await open("report");
    await press("p", { altKey: true, code: "KeyP" });
    expect(backend.of("play").at(-1)).toMatchObject({ sha256: SHA, from_ms: 0 });
    const playing = { sha256: SHA, at_ms: 12_300, ms: 142_000 };
    await show(backend, { ...prepared("report"), rev: 9, playing });
    expect(text("recording-time")).toBe("00:12 dari 02:22");
    await press("p", { altKey: true, code: "KeyP" });
    expect(backend.of("stop-playing")).toHaveLength(1);
    await press("p", { altKey: true, code: "KeyP" });
    expect(backend.of("play").at(-1)?.from_ms).toBe(12_300);
  });

  it("is gone through with the arrow keys, five seconds at a time", async () => {
    const backend = await open("report");
    const slider = screen.getByTestId("recording-slider");
    slider.focus();
    await press("ArrowRight");
    await press("ArrowRight");
    await press("ArrowLeft");
    expect(slider.getAttribute("aria-valuenow")).toBe("5");
    expect(backend.of("play")).toEqual([]);
    await press("p", { altKey: true, code: "KeyP" });
    await press("End");
    expect(backend.of("play").map(({ from_ms }) => from_ms)).toEqual([5000, 142_000]);
  });

  it("is heard from the moment of a line of the history", async () => {
    const backend = await open("report");
    screen.getByTestId("timeline").focus();
    await press("Home");
    await press("Enter");
    expect(backend.of("play")).toEqual([]);
    for (let n = 0; n < 4; n += 1) await press("ArrowDown");
    await press("Enter");
    // Answered eleven seconds after the arrival, recorded from the eighth on.
    expect(backend.of("play").at(-1)?.from_ms).toBe(3000);
  });

  it("has the steps of its call on the drawing", async () => {
    await open("report");
    const marks = [...screen.getByTestId("waveform").querySelectorAll("title")];
    expect(marks.map((mark) => mark.textContent)).toContain(
      "Kembali ke Meja 3: Depok tidak mengangkat",
    );
  });

  it("that there is none is said", async () => {
    await open("report-bare");
    expect(text("recording")).toBe("Tidak ada rekaman.");
  });
});

describe("a follow-up", () => {
  const polres = (): ReturnType<typeof prepared> => {
    const { file = null, peaks = null } = prepared("report");
    return { ...prepared("polres-idle"), rev: 2, file, peaks };
  };

  it("suggests the next step, and Ctrl+Enter tells of it", async () => {
    const backend = await open("polres-idle");
    const state = polres();
    const [report] = ROWS.filter(({ number }) => number.endsWith("119"));
    if (report === undefined || state.file == null) throw new Error("a report");
    const whole = fileOf(report);
    const timeline = whole.timeline.filter((item) => item.happening !== "followed-up");
    const file = { ...state.file, found: [report.number, { ...whole, timeline }] as const };
    await show(backend, { ...state, file: { ...file, found: [...file.found] } });
    await press("Enter", { ctrlKey: true });
    expect(backend.of("follow-up")).toEqual([
      { intent: "follow-up", number: report.number, kind: "received", text: "" },
    ]);
  });

  it("needs words for closing, and keeps them until the report shows them", async () => {
    const backend = await open("polres-idle");
    const state = polres();
    await show(backend, state);
    await press("f", { altKey: true, code: "KeyF" });
    expect(document.activeElement).toBe(field("follow-up-text"));
    await press("Enter", { ctrlKey: true });
    expect(backend.of("follow-up")).toEqual([]);
    await userEvent.type(field("follow-up-text"), "Diantar pulang.");
    await press("Enter", { ctrlKey: true });
    expect(backend.of("follow-up").at(-1)).toMatchObject({
      kind: "closed",
      text: "Diantar pulang.",
    });
    await press("Enter", { ctrlKey: true });
    expect(backend.of("follow-up")).toHaveLength(1);
    expect(field("follow-up-text").value).toBe("Diantar pulang.");
    const found = state.file?.found ?? null;
    if (found === null || state.file == null) throw new Error("a report");
    const told = {
      at: NOW,
      call: found[1].case.call,
      happening: "followed-up",
      seat: "depok-1",
      operator: "Briptu Yoga Pratama",
      kind: "closed",
      text: "Diantar pulang.",
    } as const;
    const file = { ...found[1], timeline: [...found[1].timeline, told] };
    await show(backend, { ...state, rev: 3, file: { ...state.file, found: [found[0], file] } });
    expect(field("follow-up-text").value).toBe("");
  });

  it("that was refused can be sent again", async () => {
    const backend = await open("polres-idle");
    await show(backend, polres());
    await userEvent.type(field("follow-up-text"), "Diantar pulang.");
    await press("Enter", { ctrlKey: true });
    const notice = { error: { error: "unreachable", detail: "" }, at: NOW } as const;
    await show(backend, { ...polres(), rev: 4, notice });
    await press("Enter", { ctrlKey: true });
    expect(backend.of("follow-up")).toHaveLength(2);
  });

  it("is nobody's who is neither its unit nor above it", async () => {
    const backend = await open("polres-idle");
    const state = polres();
    const session = prepared("polres-idle").session;
    if (session === null) throw new Error("a session");
    await show(backend, { ...state, session: { ...session, unit: "pmj.jaktim" } });
    expect(screen.queryByTestId("follow-up")).toBeNull();
    expect(text("follow-up-not")).toContain("Polres Metro Depok");
  });
});
