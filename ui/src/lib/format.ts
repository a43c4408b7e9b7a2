// How numbers, times and names are written. Clock times take a dot (03.11.28), durations a colon
// (01:42), so that the two are never confused.

import { t } from "./messages";
import type { Unit } from "./bindings";

// The first Poldas are in the western zone; with others the zone comes from the session.
const ZONE = "Asia/Jakarta";

const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const day = new Intl.DateTimeFormat("id-ID", {
  timeZone: ZONE,
  weekday: "short",
  day: "numeric",
  month: "short",
});

/** `03.11.28` of a Unix time in milliseconds. */
export function clockTime(ms: number): string {
  return clock.format(ms).replaceAll(":", ".");
}

/** `03.11` of a Unix time in milliseconds. */
export function clockMinutes(ms: number): string {
  return clockTime(ms).slice(0, 5);
}

/** `Sen 23 Nov` of a Unix time in milliseconds. */
export function dayName(ms: number): string {
  return day.format(ms).replace(",", "");
}

const wholeDay = new Intl.DateTimeFormat("id-ID", {
  timeZone: ZONE,
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});

/** `Senin, 23 November 2026` of a Unix time in milliseconds. */
export function longDay(ms: number): string {
  return wholeDay.format(ms);
}

/** `Sen` of a Unix time in milliseconds. */
export function weekday(ms: number): string {
  return dayName(ms).slice(0, 3);
}

/** `01:42` or `1:02:03` of a span in milliseconds; a negative span is zero. */
export function duration(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** `13 mnt` or `4 jam` of a span in milliseconds, for what waits long. */
export function spanText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  return minutes < 60
    ? t("span.minutes", { n: minutes })
    : t("span.hours", { n: Math.floor(minutes / 60) });
}

/** Whole seconds that are left until `until`, never negative. */
export function secondsLeft(until: number, now: number): number {
  return Math.max(0, Math.ceil((until - now) / 1000));
}

/** Groups a telephone number as people read it; anything unknown stays as it came. */
export function phoneNumber(number: string): string {
  if (number === "") return t("bar.withheld");
  const local = number.replace(/^\+?62/, "0");
  if (!/^0\d{8,13}$/.test(local)) return number;
  const first = /^0(2[1-9]|31|61|7|4)/.test(local) ? 3 : 4;
  const groups = local.slice(first).match(/\d{1,4}/g) ?? [];
  const last = groups.at(-1);
  if (groups.length > 1 && last !== undefined && last.length < 3) {
    groups.splice(-2, 2, `${groups.at(-2)}${last}`);
  }
  return [local.slice(0, first), ...groups].join("-");
}

/** `Depok` of "Polres Metro Depok": for buttons. */
export function shortUnit(unit: Unit): string {
  return unit.name.replace(/^(Polresta|Polres|Polda|Polsek)\s+(Metro\s+)?/, "");
}

const DIGITS = [
  "nol",
  "satu",
  "dua",
  "tiga",
  "empat",
  "lima",
  "enam",
  "tujuh",
  "delapan",
  "sembilan",
];

/** A case number as it is read aloud: digit by digit, letter by letter. */
export function spelled(number: string): string {
  return number
    .split("-")
    .map((part) => [...part].map((c) => (/\d/.test(c) ? (DIGITS[Number(c)] ?? c) : c)).join("-"))
    .join(", ");
}

/** Fills a meter: 0 to 100 of a level in dBFS, −60 and below being empty. */
export function meterPercent(dbfs: number): number {
  return Math.round(Math.min(1, Math.max(0, (dbfs + 60) / 60)) * 100);
}
