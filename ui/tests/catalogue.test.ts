import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clockTime, duration, phoneNumber, secondsLeft, spelled } from "../src/lib/format";
import { comboOf, isTyping } from "../src/lib/keys";
import { findKinds } from "../src/lib/kinds";
import { catalogues, t } from "../src/lib/messages";

const root = join(import.meta.dirname, "../src");
const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(svelte|ts)$/.test(name) && !/bindings|messages|dev\//.test(name))
  .map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }));
const all = sources.map((source) => source.text).join("\n");

describe("the message catalogue", () => {
  it("has no text that nothing shows", () => {
    // Keys that are put together (`error.${code}`) count as used by their beginning and end.
    const made = [...all.matchAll(/`([a-z][\w.-]*\.)\$\{[^}]+\}([\w.-]*)`/g)].map((m) => [
      m[1],
      m[2],
    ]);
    const unused = Object.keys(catalogues.id).filter(
      (key) =>
        !all.includes(`"${key}"`) &&
        !/^(kind|branch)\./.test(key) &&
        !made.some(([start = "", end = ""]) => key.startsWith(start) && key.endsWith(end)),
    );
    expect(unused).toEqual([]);
  });

  it("says the same with the same places in both languages", () => {
    const places = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).toSorted();
    for (const [key, text] of Object.entries(catalogues.id)) {
      const other = catalogues.en[key as keyof typeof catalogues.en];
      expect(places(other), key).toEqual(places(text));
      expect(other.trim(), key).not.toBe("");
    }
  });

  it("is the only place with words that an operator reads", () => {
    const literal = sources
      .filter((source) => source.name.endsWith(".svelte"))
      .flatMap(({ name, text }) => {
        const markup = text
          .replace(/<(script|style)[\s\S]*?<\/\1>/g, "")
          .replace(/<!--[\s\S]*?-->/g, "");
        const words = markup
          .replace(/<kbd>[^<]*<\/kbd>/g, "")
          .replace(/\{[^{}]*(\{[^{}]*\}[^{}]*)*\}/g, "")
          .replace(/<[^>]*>/g, " ");
        const attributes =
          markup.match(/(?:placeholder|aria-label|title|alt)="[^"{]*[a-z][^"{]*"/g) ?? [];
        return [...(words.match(/[A-Za-zÀ-ÿ]{2,}/g) ?? []), ...attributes].map(
          (w) => `${name}: ${w}`,
        );
      });
    expect(literal).toEqual([]);
  });

  it("names each kind of call, and no other", () => {
    const named = Object.keys(catalogues.id).filter((key) => key.startsWith("kind."));
    const all = findKinds("", Infinity).map(({ value }) => `kind.${value}`);
    expect(named.toSorted()).toEqual(all.toSorted());
    expect(findKinds("", Infinity).map(({ branch }) => branch)).not.toContain("");
  });

  it("fills in places and leaves unknown ones visible", () => {
    expect(t("cause.no-answer", { unit: "Depok", seconds: 5 })).toBe(
      "Depok tidak mengangkat dalam 5 detik.",
    );
    expect(t("cause.busy")).toContain("{unit}");
  });
});

describe("how things are written", () => {
  it("writes clock times with dots and durations with colons", () => {
    expect(clockTime(Date.UTC(2026, 10, 22, 20, 11, 28))).toBe("03.11.28");
    expect(duration(102_000)).toBe("01:42");
    expect(duration(3_723_000)).toBe("1:02:03");
    expect(duration(-5)).toBe("00:00");
  });

  it("groups the digits of a number and leaves anything else as it came", () => {
    expect(phoneNumber("082200001108")).toBe("0822-0000-1108");
    expect(phoneNumber("+6282200001108")).toBe("0822-0000-1108");
    expect(phoneNumber("02105551127")).toBe("021-0555-1127");
    expect(phoneNumber("caller-7")).toBe("caller-7");
    expect(phoneNumber("")).toBe("Nomor disembunyikan");
  });

  it("reads a report number digit by digit", () => {
    expect(spelled("110-PMJ-261123-000123")).toBe(
      "satu-satu-nol, P-M-J, dua-enam-satu-satu-dua-tiga, nol-nol-nol-satu-dua-tiga",
    );
  });

  it("never counts below zero", () => {
    expect(secondsLeft(1000, 500)).toBe(1);
    expect(secondsLeft(1000, 5000)).toBe(0);
  });
});

describe("keys", () => {
  const of = (key: string, more: KeyboardEventInit = {}): string | null =>
    comboOf(new KeyboardEvent("keydown", { key, ...more }));

  it("are named as they stand on the buttons", () => {
    expect(of("F9")).toBe("F9");
    expect(of("F9", { shiftKey: true })).toBe("Shift+F9");
    expect(of("Enter", { ctrlKey: true })).toBe("Ctrl+Enter");
    expect(of("¡", { altKey: true, code: "Digit1" })).toBe("Alt+1");
    expect(of("Escape")).toBe("Esc");
  });

  it("that type something are left to the text", () => {
    for (const key of ["a", "A", " ", "Enter", "Tab", "ArrowDown", "Backspace"]) {
      const combo = of(key);
      expect(combo === null || isTyping(combo), key).toBe(true);
    }
    expect(of("q", { ctrlKey: true, altKey: true })).toBeNull();
    expect(of("Control", { ctrlKey: true })).toBeNull();
  });
});
