// The supervisor's board: who waits, what happens at each seat, and how the watch goes.

import { screen } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import { at, NOW } from "../src/dev/states";
import { shiftAt } from "../src/lib/shifts";
import { open, prepared, press, show } from "./setup";

const text = (id: string): string =>
  screen.getByTestId(id).textContent?.replace(/\s+/g, " ").trim() ?? "";

describe("the board", () => {
  it("is what a supervisor sees, and nobody else", async () => {
    await open("board");
    expect(screen.getByTestId("board")).toBeTruthy();
    const backend = await open("idle");
    expect(screen.getAllByTestId("app").at(-1)?.querySelector("[data-testid=board]")).toBeNull();
    expect(backend.of("show-figures")).toEqual([]);
  });

  it("says of each seat who sits there, what happens, and since when", async () => {
    await open("board");
    expect(text("seat-pmj-1")).toMatch(/Meja 1.*Bripda Andi S\..*Bicara.*P3.*03:51/);
    expect(text("seat-pmj-2")).toMatch(/Berdering.*0813-0000-1104.*3 detik lagi.*00:07/);
    expect(text("seat-pmj-4")).toMatch(/Mengalihkan.*Jakarta Timur berdering, 3 detik lagi/);
    expect(text("seat-pmj-5")).toMatch(/Jeda/);
  });

  it("counts ten seconds for each caller: amber from six, red from ten", async () => {
    const backend = await open("board");
    const tone = (place: number): string | undefined =>
      screen.getByTestId(`waiting-${place}`).dataset["tone"];
    expect([tone(1), tone(2)]).toEqual(["call", ""]);
    expect(text("waiting-1")).toContain("berdering di Meja 2");
    expect(screen.getByTestId("figure-queue").className).toContain("call");
    await show(backend, { ...prepared("board"), rev: 2, now: NOW + 4000 });
    expect([tone(1), tone(2)]).toEqual(["danger", "call"]);
    expect(screen.getByTestId("figure-queue").className).toContain("danger");
    expect(text("figure-queue")).toBe("2antre, terlama 11 detik");
  });

  it("is red where nobody is ready, and calm where somebody is", async () => {
    const backend = await open("board");
    expect(text("figure-ready")).toContain("0 / 5");
    expect(screen.getByTestId("figure-ready").className).toContain("danger");
    await show(backend, { ...prepared("board-quiet"), rev: 2 });
    expect(screen.getByTestId("figure-ready").className).not.toContain("danger");
    expect(text("board-queue")).toBe("Tidak ada yang menunggu.");
    expect(text("board-attention")).toContain("Tidak ada.");
  });

  it("asks for the figures of this watch once, and again for the next watch", async () => {
    const backend = await open("login");
    const state = { ...prepared("board"), figures: null };
    await show(backend, state);
    await show(backend, { ...state, rev: 2 });
    const { from } = shiftAt(NOW);
    expect(backend.of("show-figures")).toEqual([{ intent: "show-figures", from }]);
    await show(backend, { ...state, rev: 3, now: at(8 * 3600) });
    expect(backend.of("show-figures").at(-1)?.from).toBe(from + 8 * 3_600_000);
  });

  it("shows figures as the hub counted them", async () => {
    await open("board");
    expect(text("figure-answered")).toBe("92%dijawab ≤ 10 detik, 9 dari 10 dalam 8");
    expect(text("figure-lost")).toBe("8tidak terjawab");
    expect(text("figure-transfers")).toBe("87%alihan sampai, 4 kembali");
    expect(text("figure-units")).toBe("3 / 4Polres terhubung");
  });

  it("shows the last quarters of an hour by what their calls were, and says it in words", async () => {
    await open("board");
    const columns = screen.getAllByTestId(/^quarter-/);
    expect(columns).toHaveLength(17);
    expect(columns.at(-1)?.title).toBe(
      "03.00: 2 laporan, 4 bukan laporan, 2 belum selesai, 2 tidak terjawab",
    );
    const image = screen.getByRole("img", { name: /^Panggilan per 15 menit: 39 laporan/ });
    expect(image.getAttribute("aria-label")).toContain("9 tidak terjawab");
  });

  it("says that figures could not be read, and shows none of its own", async () => {
    await open("board-failed");
    expect(text("figure-since")).toContain("belum terbaca");
    expect(text("figure-answered")).toBe("–dijawab ≤ 10 detik");
  });

  it("says what needs somebody: a unit that is cut off, a report that nobody took", async () => {
    await open("board");
    const items = text("board-attention");
    expect(items).toContain("Polres Tangerang Selatan putus");
    expect(items).toContain("000098 belum diterimaTangerang Selatan, 4 jam");
    expect(text("unit-pmj.tangsel")).toContain("putus");
    expect(text("unit-pmj.jaktim")).toContain("93%");
  });

  it("shows the words of the chosen seat, chosen by arrow keys", async () => {
    await open("board");
    expect(text("board-narrative")).toContain("Motor hilang");
    screen.getByTestId("board-seats").focus();
    await press("ArrowDown");
    await press("ArrowDown");
    expect(text("board-narrative")).toContain("Nenek terjebak");
    expect(text("board-work")).toContain("Dijawab 62");
    await press("End");
    expect(screen.queryByTestId("board-narrative")).toBeNull();
  });

  it("is left for the reports with Alt+B or F3, and comes back with Alt+B", async () => {
    await open("board");
    await press("b", { altKey: true, code: "KeyB" });
    expect(screen.getByTestId("report-list")).toBeTruthy();
    await press("b", { altKey: true, code: "KeyB" });
    expect(screen.getByTestId("board")).toBeTruthy();
    await press("F3");
    expect(screen.getByTestId("search")).toBeTruthy();
  });

  it("makes room for a call that rings at the supervisor's own seat", async () => {
    const backend = await open("board");
    const { view } = prepared("board");
    const ringing = prepared("ringing");
    if (view === null || ringing.view === null) throw new Error("a board");
    const session = prepared("board").session;
    const board = view.board;
    if (board === undefined || session === null) throw new Error("a board");
    await show(backend, {
      ...ringing,
      rev: 2,
      session: { ...session, seat: { ...session.seat, id: "pmj-3" } },
      view: { ...ringing.view, board },
    });
    expect(screen.queryByTestId("board")).toBeNull();
    expect(text("answer")).toContain("F9");
  });
});
