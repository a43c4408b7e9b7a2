import { fireEvent, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { advice, filledForm, FINDINGS, NOW, NUMBER } from "../src/dev/states";
import { emptyForm } from "../src/lib/form.svelte";
import { field, open, prepared, press, show } from "./setup";

const text = (id: string): string => screen.getByTestId(id).textContent?.trim() ?? "";

describe("an incoming call", () => {
  it("shows the number and the key that answers", async () => {
    const backend = await open("ringing");
    expect(text("number")).toBe("0822-0000-1108");
    expect(text("answer")).toContain("F9");
    await press("F9");
    expect(backend.of("answer")).toHaveLength(1);
  });

  it("is not answered by Enter, Space, letters or a held key", async () => {
    const backend = await open("ringing");
    for (const key of ["Enter", " ", "j"]) await press(key);
    await press("F9", { repeat: true });
    expect(backend.of("answer")).toHaveLength(0);
  });

  it("cannot be rejected at the Polda", async () => {
    await open("ringing");
    expect(screen.queryByTestId("decline")).toBeNull();
  });

  it("puts the caret into the location once it is answered", async () => {
    const backend = await open("ringing");
    await show(backend, prepared("call-new"));
    expect(document.activeElement).toBe(field("field-location"));
  });
});

describe("the form", () => {
  it("sends what is typed as one edit a frame", async () => {
    const backend = await open("call-new");
    await userEvent.type(field("field-location"), "Blok M");
    await vi.waitFor(() => expect(backend.of("edit").at(-1)?.form.location).toBe("Blok M"));
    expect(backend.of("edit").length).toBeLessThanOrEqual("Blok M".length);
  });

  it("still says saved a moment after a letter, and not when the letter stays unsaved", async () => {
    await open("call-new");
    const mark = (): DOMTokenList | undefined =>
      screen.getByTestId("saved").firstElementChild?.classList;
    vi.useFakeTimers();
    try {
      await fireEvent.input(field("field-location"), { target: { value: "B" } });
      expect(screen.getByTestId("saved").dataset["kept"]).toBe("false");
      await vi.advanceTimersByTimeAsync(300);
      expect(mark()?.contains("waiting")).toBe(false);
      await vi.advanceTimersByTimeAsync(200);
      expect(mark()?.contains("waiting")).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it("keeps caret and text when an older state arrives while typing", async () => {
    const backend = await open("call-new");
    const input = field("field-location");
    await userEvent.type(input, "Blok M");
    input.setSelectionRange(2, 2);
    await show(backend, { ...prepared("call-new"), rev: 2 });
    expect(input.value).toBe("Blok M");
    expect(document.activeElement).toBe(input);
    expect([input.selectionStart, input.selectionEnd]).toEqual([2, 2]);
  });

  it("takes what somebody else changed once nothing of its own is on the way", async () => {
    const backend = await open("call");
    const state = prepared("call");
    if (state.call === null) throw new Error("a call");
    const form = { ...filledForm(), reporter_name: "Sari" };
    await show(backend, { ...state, call: { ...state.call, form, rev: 9, saved_rev: 9 } });
    expect(field("field-reporter-name").value).toBe("Sari");
  });

  it("has what was typed back after the page was loaded again", async () => {
    await open("call");
    expect(field("field-narrative").value).toContain("rumah neneknya kebakaran");
    expect(field("field-area").value).toBe("Kel. Tugu, Kec. Cimanggis, Kota Depok");
  });

  it("sends what is still being typed before the transfer that follows", async () => {
    const backend = await open("call");
    await userEvent.type(field("field-location"), "!");
    await press("F2");
    const kinds = backend.sent.map((intent) => intent.intent);
    expect(kinds.lastIndexOf("edit")).toBeLessThan(kinds.indexOf("transfer"));
    const edit = backend.of("edit").at(-1)?.form;
    expect(edit?.location).toContain("!");
    expect(edit?.unit).toBe("pmj.depok");
  });

  it("finds a kelurahan by its name and stores its code", async () => {
    const backend = await open("call-new");
    await userEvent.type(field("field-area"), "tugu{Enter}");
    await vi.waitFor(() =>
      expect(backend.of("edit").at(-1)?.form.area_code).toMatch(/^3\d\.\d\d\.\d\d/),
    );
  });
});

describe("findings", () => {
  it("stand beside their field without moving a row", async () => {
    const backend = await open("call");
    const rows = (): number => document.querySelectorAll("[data-form] > .row").length;
    const before = rows();
    const danger = screen.getByTestId("finding-bahaya.kata");
    expect(danger.closest(".row")).toBe(field("field-narrative").closest(".row"));
    expect(danger.parentElement?.className).toBe("beside");
    const state = prepared("call");
    if (state.call === null) throw new Error("a call");
    await show(backend, { ...state, call: { ...state.call, advice: advice([]) } });
    expect(screen.queryByTestId("finding-bahaya.kata")).toBeNull();
    expect(rows()).toBe(before);
  });

  it("are tied to their field for a screen reader", async () => {
    await open("call");
    const id = field("field-narrative").getAttribute("aria-describedby");
    expect(id && document.getElementById(id)?.textContent).toContain("Kata bahaya");
  });

  it("are all shown, also when two belong to one field", async () => {
    const backend = await open("call");
    const state = prepared("call");
    if (state.call === null || FINDINGS[1] === undefined) throw new Error("a call");
    const second = { ...FINDINGS[1], rule: "kedua", title: "Kata lain", level: "note" as const };
    const both = advice([...FINDINGS, second]);
    await show(backend, { ...state, call: { ...state.call, advice: both } });
    expect(screen.getByTestId("finding-kedua")).toBeTruthy();
    expect(screen.getByTestId("finding-bahaya.kata")).toBeTruthy();
  });

  it("may come twice from a plugin without ending the page", async () => {
    const backend = await open("call");
    const state = prepared("call");
    const again = FINDINGS.map((finding) => ({ ...finding }));
    const given = advice([...FINDINGS, ...again]);
    if (state.call === null) throw new Error("a call");
    const [first] = given.destinations;
    if (first) given.destinations.push({ ...first });
    await show(backend, { ...state, call: { ...state.call, advice: given } });
    expect(screen.queryByTestId("broken")).toBeNull();
    expect(screen.getAllByTestId("finding-bahaya.kata")).toHaveLength(1);
    expect(screen.getAllByTestId(`destination-${first?.unit}`)).toHaveLength(1);
  });

  it("take the caret only when Alt+Q asks for it", async () => {
    await open("call");
    field("field-narrative").focus();
    await press("q", { altKey: true, code: "KeyQ" });
    expect(document.activeElement?.closest("[data-field='danger']")).not.toBeNull();
  });
});

describe("destinations", () => {
  it("are announced when chosen, and F2 goes there", async () => {
    const backend = await open("call");
    await press("2", { altKey: true, code: "Digit2" });
    await vi.waitFor(() => expect(backend.of("edit").at(-1)?.form.unit).toBe("pmj.jaktim"));
    await press("F2");
    expect(backend.of("transfer").at(-1)?.unit).toBe("pmj.jaktim");
  });

  it("say why there are none", async () => {
    const backend = await open("call-new");
    expect(text("no-destination")).toBe("Isi lokasi untuk mendapat tujuan.");
    await press("F2");
    expect(backend.of("transfer")).toHaveLength(0);
  });

  it("can be any unit through Shift+F2", async () => {
    const backend = await open("call");
    await press("F2", { shiftKey: true });
    await userEvent.type(field("unit-filter"), "tangerang{Enter}");
    await vi.waitFor(() => expect(backend.of("edit").at(-1)?.form.unit).toBe("pmj.tangsel"));
  });
});

describe("a transfer", () => {
  it("counts down to the moment at which the caller is back", async () => {
    const backend = await open("transfer");
    expect(text("countdown")).toBe("3");
    await show(backend, { ...prepared("transfer"), now: NOW + 2000 });
    expect(text("countdown")).toBe("1");
    await show(backend, { ...prepared("transfer"), now: NOW + 9000 });
    expect(text("countdown")).toBe("0");
  });

  it("is taken back with Esc", async () => {
    const backend = await open("transfer");
    await press("Escape");
    expect(backend.of("take-back")).toHaveLength(1);
    expect(backend.of("close")).toHaveLength(0);
  });

  it("can be left to the unit once it has answered", async () => {
    const backend = await open("joined");
    expect(text("state-label")).toBe("Tersambung bertiga");
    await press("Enter", { ctrlKey: true });
    expect(backend.of("release")).toHaveLength(1);
  });
});

describe("a call that is back", () => {
  it("says so in amber for five seconds, then in green, with the cause", async () => {
    const backend = await open("reclaimed");
    const block = (): string => screen.getByTestId("state-label").parentElement?.className ?? "";
    expect(text("state-label")).toBe("Kembali ke Anda");
    expect(block()).toContain("call");
    expect(text("bar-sub")).toContain("Depok tidak mengangkat dalam 5 detik.");
    await show(backend, prepared("reclaimed-later"));
    expect(block()).toContain("live");
  });

  it("holds the sentence to read with the report number", async () => {
    await open("reclaimed");
    expect(text("read-aloud")).toContain("akan segera diproses oleh Polres Metro Depok");
    expect(text("read-number")).toBe(NUMBER);
  });

  it("leaves the caret where the operator is typing", async () => {
    const backend = await open("transfer");
    const input = field("field-narrative");
    input.focus();
    await show(backend, prepared("reclaimed"));
    expect(document.activeElement).toBe(input);
    expect(field("field-narrative")).toBe(input);
    expect(screen.getByTestId("read-aloud")).toBeTruthy();
  });

  it("goes to the next unit with F2 and to the same one with Alt+1", async () => {
    const backend = await open("reclaimed");
    await press("F2");
    expect(backend.of("transfer").at(-1)?.unit).toBe("pmj.jaktim");
    await press("1", { altKey: true, code: "Digit1" });
    expect(backend.of("transfer").at(-1)?.unit).toBe("pmj.depok");
  });

  it("is closed as forwarded, and the note says what was left open", async () => {
    const backend = await open("reclaimed");
    await userEvent.click(screen.getByTestId("check-read").querySelector("input") as Element);
    await userEvent.type(field("closing-note"), "Plp anak.");
    await press("Enter", { ctrlKey: true });
    const close = backend.of("close").at(-1);
    expect(close?.disposition).toEqual({ kind: "forwarded-to-unit", unit: "pmj.depok" });
    expect(close?.note).toContain("Plp anak.");
    expect(close?.note).toContain("Belum: penelepon sudah di tempat aman");
    expect(close?.note).not.toContain("sudah dibacakan");
  });
});

describe("closing", () => {
  it("opens the closing form first and closes with the second Ctrl+Enter", async () => {
    const backend = await open("call");
    await press("Enter", { ctrlKey: true });
    expect(backend.of("close")).toHaveLength(0);
    expect(screen.getByTestId("closing")).toBeTruthy();
    await press("Enter", { ctrlKey: true });
    expect(backend.of("close").at(-1)?.disposition).toEqual({ kind: "handled-here" });
  });

  it("does nothing in the first half second after an answer", async () => {
    const backend = await open("ringing");
    await show(backend, prepared("call-new"));
    await press("Enter", { ctrlKey: true });
    expect(screen.queryByTestId("closing")).toBeNull();
  });

  it("suggests information for a question", async () => {
    const backend = await open("call");
    const state = prepared("call");
    if (state.call === null) throw new Error("a call");
    const form = { ...emptyForm(), kind: "informasi/layanan_sim" };
    await show(backend, { ...state, call: { ...state.call, form, rev: 8 } });
    await press("Enter", { ctrlKey: true });
    expect(field("closing-kind").value).toBe("information");
  });

  it("gives the caret back when the menu is left with Esc", async () => {
    await open("call");
    field("field-narrative").focus();
    await press("F4");
    expect(screen.getByTestId("disposal-menu").contains(document.activeElement)).toBe(true);
    await press("Escape");
    expect(screen.queryByTestId("disposal-menu")).toBeNull();
    expect(document.activeElement).toBe(field("field-narrative"));
  });

  it("puts a caller who hung up on the call-back list", async () => {
    const backend = await open("gone");
    await press("Enter", { ctrlKey: true });
    expect(backend.of("close").at(-1)?.disposition).toEqual({ kind: "abandoned" });
  });
});

describe("the Polres", () => {
  it("reads the form before its telephone rings", async () => {
    await open("polres-announced");
    expect(text("sheet-location")).toBe("Kelapa Dua, dekat Brimob");
    expect(screen.getByTestId("call-bar").classList.contains("ringing")).toBe(false);
  });

  it("accepts with F9 or passes it back with Shift+F9", async () => {
    const backend = await open("polres-offered");
    await press("F9", { shiftKey: true });
    expect(backend.of("decline")).toHaveLength(1);
    await press("F9");
    expect(backend.of("answer")).toHaveLength(1);
  });

  it("follows up and closes", async () => {
    const backend = await open("polres-call");
    await userEvent.type(field("closing-note"), "Patroli di TKP.");
    await press("Enter", { ctrlKey: true });
    const close = backend.of("close").at(-1);
    expect(close?.disposition).toEqual({ kind: "handled-by-unit", unit: "pmj.depok" });
    expect(close?.note).toContain("Patroli di TKP.");
  });
});

describe("trouble", () => {
  it("says that the caller does not hear the operator", async () => {
    await open("mic-lost");
    expect(text("number")).toBe("Penelepon tidak mendengar Anda");
    expect(screen.getByTestId("app").classList.contains("trouble-on")).toBe(true);
  });

  it("shows a refused login in words and keeps what was typed", async () => {
    const backend = await open("login");
    await userEvent.type(field("login-password"), "salah{Enter}");
    expect(backend.of("login").at(-1)).toMatchObject({ seat: "pmj-3", operator: "rina" });
    await show(backend, prepared("login-refused"));
    expect(text("login-error")).toContain("kata sandi salah");
    expect(field("login-password").value).toBe("salah");
  });

  it("keeps the form usable while hub and plugins are gone", async () => {
    await open("call-trouble");
    expect(screen.getByTestId("notice-hub")).toBeTruthy();
    expect(text("health-advisor")).toBe("Pemeriksa gagal");
    expect(text("notice")).toContain("Belum tersimpan di pusat data");
    expect(field("field-narrative").readOnly).toBe(false);
  });

  it("mutes with F8 and says so", async () => {
    const backend = await open("call");
    await press("F8");
    expect(backend.of("mute").at(-1)?.muted).toBe(true);
    await show(backend, prepared("call-muted"));
    expect(text("bar-sub")).toContain("tidak mendengar Anda");
  });
});
