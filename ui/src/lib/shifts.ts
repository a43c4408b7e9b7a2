// The watches of a room: three a day, the first from 07.00. A hub does not know them; they are how
// people count a day.

const HOUR = 3_600_000;
const LENGTH = 8;
/** Western Indonesian time, as everywhere in this window. */
const ZONE_HOURS = 7;
const FIRST = 7;
const NAMES = ["I", "II", "III"] as const;

export interface Shift {
  name: (typeof NAMES)[number];
  /** Unix times in milliseconds. */
  from: number;
  to: number;
}

/** The watch in which a time lies. */
export function shiftAt(now: number): Shift {
  const hours = Math.floor(now / HOUR) + ZONE_HOURS - FIRST;
  const shift = Math.floor(hours / LENGTH);
  const from = (shift * LENGTH - ZONE_HOURS + FIRST) * HOUR;
  return { name: NAMES[((shift % 3) + 3) % 3] ?? "I", from, to: from + LENGTH * HOUR };
}
