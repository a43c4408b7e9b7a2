// What a seat needs besides its calls: the beginning of a shift, headset and microphone, places, and
// what IT is told.

import { screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { NOW } from "../src/dev/states";
import { shiftAt } from "../src/lib/shifts";
import { field, open, prepared, press, show } from "./setup";

const text = (id: string): string => screen.getByTestId(id).textContent?.trim() ?? "";
const HOUR = 3_600_000;

describe("the beginning of a shift", () => {
  it("says who sits where, on which day, and what waits", async () => {
    await open("idle-paused");
    const page = text("shift-start");
    expect(page).toContain("Mulai giliran III");
    expect(page).toContain("Senin, 23 November 2026, 23.00 sampai 07.00");
    expect(page).toMatch(/Meja 3.*Polda Metro Jaya/s);
    expect(page).toContain("Bripda Rina Ayu");
  });

  it("is over once the seat is ready, and a later pause does not bring it back", async () => {
    const backend = await open("idle-paused");
    await press("F9", { shiftKey: true });
    expect(backend.of("ready")).toHaveLength(1);
    await show(backend, { ...prepared("idle"), rev: 2 });
    expect(screen.queryByTestId("shift-start")).toBeNull();
    await show(backend, { ...prepared("idle-paused"), rev: 3 });
    expect(screen.queryByTestId("shift-start")).toBeNull();
    expect(screen.getByTestId("report-list")).toBeTruthy();
  });

  it("can be left for the reports with Esc, without being ready", async () => {
    const backend = await open("idle-paused");
    await press("Escape");
    expect(screen.getByTestId("report-list")).toBeTruthy();
    expect(backend.of("ready")).toEqual([]);
  });

  it("comes again with the next login", async () => {
    const backend = await open("idle");
    await show(backend, { ...prepared("login"), rev: 2 });
    await show(backend, { ...prepared("idle-paused"), rev: 3 });
    expect(screen.getByTestId("shift-start")).toBeTruthy();
  });

  it("counts three watches a day from seven", () => {
    expect(shiftAt(NOW)).toEqual({
      name: "III",
      from: Date.UTC(2026, 10, 22, 16),
      to: Date.UTC(2026, 10, 23),
    });
    expect(shiftAt(NOW + 4 * HOUR).name).toBe("I");
    expect(shiftAt(NOW + 12 * HOUR).name).toBe("II");
    expect(shiftAt(NOW + 20 * HOUR).name).toBe("III");
  });
});

describe("the test of the headset", () => {
  it("begins and ends with Alt+T, and says when a voice was heard", async () => {
    const backend = await open("idle-paused");
    expect(text("sound-told")).toBe("Belum diuji sejak Anda masuk.");
    await press("t", { altKey: true, code: "KeyT" });
    expect(backend.of("test-sound").at(-1)?.on).toBe(true);
    await show(backend, { ...prepared("sound-test"), rev: 2 });
    expect(text("sound-told")).toBe("Suara Anda terdengar.");
    await press("t", { altKey: true, code: "KeyT" });
    expect(backend.of("test-sound").at(-1)?.on).toBe(false);
  });

  it("ends by itself when the shift begins", async () => {
    const backend = await open("sound-test");
    const { sound_test = null } = prepared("sound-test");
    await show(backend, { ...prepared("idle"), rev: 2, sound_test });
    expect(backend.of("test-sound").at(-1)?.on).toBe(false);
  });

  it("stands in the bar afterwards", async () => {
    const backend = await open("idle");
    await show(backend, { ...prepared("idle"), rev: 2, sound_tested_at: NOW - 660_000 });
    expect(text("bar-sub")).toBe("Siap sejak 03.07, suara dan mikrofon diuji 03.00");
  });

  it("is in the settings too", async () => {
    const backend = await open("settings");
    await press("F1", { shiftKey: true });
    await press("t", { altKey: true, code: "KeyT" });
    expect(backend.of("test-sound").at(-1)?.on).toBe(true);
  });
});

describe("a microphone that is lost in a call", () => {
  it("is replaced by the next one with F8, which mutes nobody meanwhile", async () => {
    const backend = await open("mic-lost");
    const settings = prepared("settings").settings;
    if (!settings) throw new Error("settings");
    await show(backend, { ...prepared("mic-lost"), rev: 2, settings });
    expect(backend.of("list-devices")).toHaveLength(1);
    expect(text("microphone")).toMatch(/Headset USB.*Mikrofon webcam/s);
    await press("F8");
    expect(backend.of("change-settings").at(-1)?.settings.input).toBe("webcam");
    expect(backend.of("mute")).toEqual([]);
  });

  it("without another one says what to do, and F8 mutes as ever", async () => {
    const backend = await open("mic-lost-alone");
    expect(text("microphone")).toContain("alihkan panggilan");
    await press("F8");
    expect(backend.of("mute")).toHaveLength(1);
  });
});

describe("a place", () => {
  it("is looked for by the engine as it is typed, and shown with its Polres", async () => {
    const backend = await open("call-new");
    await userEvent.type(field("field-area"), "tugu");
    expect(backend.of("find-places").map(({ query }) => query)).toEqual([
      null,
      { by: "name", words: "tu" },
      { by: "name", words: "tug" },
      { by: "name", words: "tugu" },
    ]);
    const [first] = screen.getAllByRole("option");
    expect(first?.textContent).toMatch(/Tugu.*Kel\., Kota Depok.*Depok/s);
    await userEvent.keyboard("{Enter}");
    await vi.waitFor(() => expect(backend.of("edit").at(-1)?.form.area_code).toBe("32.76.02.1009"));
    expect(backend.of("find-places").at(-1)?.query).toBeNull();
    expect(field("field-area").value).toBe("Kel. Tugu, Kec. Cimanggis, Kota Depok");
  });

  it("may be found twice, reading the same, without ending the page", async () => {
    const backend = await open("call-new");
    await userEvent.type(field("field-area"), "masjid");
    const mosque = {
      name: "Masjid Al-Ikhlas",
      code: "",
      kind: "landmark",
      within: "Beji, Kota Depok",
      unit: "pmj.depok",
      score: 80,
    } as const;
    const query = { by: "name", words: "masjid" } as const;
    await show(backend, {
      ...prepared("call-new"),
      rev: 90,
      places: { asked: query, found: [query, [mosque, mosque]], as_of: NOW, failed: null },
    });
    expect(screen.queryByTestId("broken")).toBeNull();
    expect(screen.getAllByRole("option", { name: /Al-Ikhlas/ })).toHaveLength(2);
  });

  it("is not taken while the answer is one to other words", async () => {
    const backend = await open("call-new");
    await userEvent.type(field("field-area"), "tug");
    const before = { ...prepared("call-new"), rev: 90 };
    const query = { by: "name", words: "tu" } as const;
    await show(backend, {
      ...before,
      places: {
        asked: { by: "name", words: "tug" },
        found: [
          query,
          [
            {
              name: "Tugu Lain",
              code: "31.01",
              kind: "region",
              within: "Jauh",
              unit: "pmj",
              score: 50,
            },
          ],
        ],
        as_of: NOW,
        failed: null,
      },
    });
    await userEvent.keyboard("{Enter}");
    expect(backend.of("edit")).toEqual([]);
  });

  it("that is a landmark goes into the location, where the plugins read it", async () => {
    const backend = await open("call-new");
    await userEvent.type(field("field-location"), "Depan halte");
    await userEvent.type(field("field-area"), "margonda{Enter}");
    await vi.waitFor(() =>
      expect(backend.of("edit").at(-1)?.form.location).toBe("Depan halte, Margonda City"),
    );
    expect(backend.of("edit").at(-1)?.form.area_code).toBe("");
  });

  it("is the telephone's with Alt+L, with the area found there", async () => {
    const backend = await open("call-new");
    const state = prepared("call-new");
    if (!state.view?.call) throw new Error("a call");
    const point = { lat: -6.36, lng: 106.84 };
    const facts = {
      ...state.view.call.facts,
      cell_location: { point, uncertainty_m: 400, source: "sel" },
    };
    const view = { ...state.view, call: { ...state.view.call, facts } };
    await show(backend, { ...state, rev: 2, view });
    await press("l", { altKey: true, code: "KeyL" });
    expect(backend.of("find-places").at(-1)?.query).toEqual({ by: "point", point });
    await vi.waitFor(() =>
      expect(backend.of("edit").at(-1)?.form).toMatchObject({
        point,
        area_code: "32.76.02.1009",
      }),
    );
  });
});

describe("Alt+K", () => {
  it("shows what IT wants to hear, and copies it", async () => {
    await open("call-trouble");
    const write = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: write } });
    await press("k", { altKey: true, code: "KeyK" });
    expect(text("faults-menu")).toContain("pusat data putus sejak 03.10.58");
    await userEvent.click(screen.getByTestId("faults-copy"));
    expect(write).toHaveBeenCalledWith(expect.stringContaining("not-stored disk full"));
    vi.unstubAllGlobals();
  });

  it("is no key where nothing is wrong", async () => {
    await open("call");
    await press("k", { altKey: true, code: "KeyK" });
    expect(screen.queryByTestId("faults-menu")).toBeNull();
  });
});
