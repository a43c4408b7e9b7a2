// What the hub knows around a prepared call: the number's past, how units take transfers, what the
// watches have left.

import type {
  AboutCall,
  CallId,
  DeskState,
  Disposition,
  EarlierCall,
  Settings,
  ShiftNote,
} from "../lib/bindings";

/** As `NOW` of the prepared states, which need this file first. */
const NOW = Date.UTC(2026, 10, 22, 20, 11, 28);
const HOUR = 3_600_000;

const not = (reason: "silent" | "prank" | "ring-once"): Disposition => ({
  kind: "not-report",
  reason,
});

const earlier = (n: number, hours: number, disposition: Disposition): EarlierCall => ({
  call: `01KATESTCALLTESTCALLTEST${String(n).padStart(2, "0")}`,
  at: NOW - hours * HOUR,
  number: null,
  kind: "",
  place: "",
  disposition,
});

const PAST: AboutCall = {
  earlier: [
    earlier(1, 42, not("silent")),
    earlier(2, 42.1, not("prank")),
    earlier(3, 59, not("prank")),
    earlier(4, 59.2, not("prank")),
    earlier(5, 84, not("ring-once")),
    earlier(6, 100, not("prank")),
    earlier(7, 110, not("prank")),
  ],
  days: [0, 0, 0, 0, 0, 1, 0, 2, 3, 1, 2, 3, 2, 1],
  reputation: { calls: 14, pranks: 11, empty: 3, reports: 0, often_prank: true },
  similar: [],
  recent: [],
};

/** The number's past as the hub has told it of this call. */
export function known(call: CallId): NonNullable<DeskState["about"]> {
  return { asked: call, found: [call, PAST], as_of: NOW, failed: null };
}

export const ODDS: NonNullable<DeskState["odds"]> = {
  asked: NOW,
  found: [
    NOW,
    [
      { unit: "pmj.depok", samples: 120, percent: 86, usual_s: 3 },
      { unit: "pmj.jaktim", samples: 90, percent: 93, usual_s: 2 },
      { unit: "pmj.jakbar", samples: 31, percent: 12, usual_s: 4 },
      { unit: "pmj.tangsel", samples: 12, percent: null, usual_s: null },
    ],
  ],
  as_of: NOW,
  failed: null,
};

export const SETTINGS: Settings = {
  input: "usb",
  output: "usb",
  ring: "hdmi",
  ring_volume: 80,
  answer_key: "f9",
  language: "id",
  theme: "system",
  scale: 100,
  autostart: true,
};

const left = (minutes: number, seat: string, operator: string, text: string): ShiftNote => ({
  at: NOW - minutes * 60_000,
  seat,
  unit: "pmj",
  operator,
  text,
});

export const NOTES: ShiftNote[] = [
  left(254, "pmj-1", "Aipda Sri Wahyuni", "Pelapor KDRT Cilodong minta JANGAN ditelepon balik."),
  left(
    275,
    "pmj-2",
    "Bripka Dedi Kurnia",
    "Jl. Margonda ditutup sampai 05.00, lewat Juanda. Polres Depok sudah tahu.",
  ),
  left(610, "pmj-2", "Bripka Dedi Kurnia", "Headset meja 4 putus-putus, sudah lapor TI."),
];
