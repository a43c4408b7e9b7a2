// Prepared reports, and what the engine answers when they are listed, searched, opened and heard.
// Names, numbers and places are invented.

import type {
  Case,
  CaseFile,
  CaseFilter,
  CaseRow,
  DeskError,
  DeskState,
  FollowUpKind,
  Intent,
  Peaks,
  PlaceView,
  SearchHit,
  TimelineItem,
} from "../lib/bindings";
import { emptyForm } from "../lib/form.svelte";
import { sinceOf } from "../lib/reports.svelte";

/** As `NOW` of the prepared states, which need this file first. */
const NOW = Date.UTC(2026, 10, 22, 20, 11, 28);
const MINUTE = 60_000;

const row = (
  running: number,
  minutes: number,
  kind: string,
  place: string,
  priority: CaseRow["priority"],
  status: CaseRow["status"],
  unit: string | null,
  step: FollowUpKind | null = null,
): CaseRow => ({
  number: `110-PMJ-261123-${String(running).padStart(6, "0")}`,
  call: `01KATESTCALLTESTCALL${String(running).padStart(6, "0")}`,
  opened_at: NOW - minutes * MINUTE,
  caller: { number: `0818000${String(running).padStart(5, "0")}`, status: "verified" },
  kind,
  place,
  area_code: "",
  priority,
  validity: "valid",
  status,
  unit,
  disposition: status === "closed" ? { kind: "handled-here" } : null,
  opened_by: "pmj-3",
  follow_up: step === null ? null : [step, NOW - (minutes - 6) * MINUTE],
});

export const ROWS: readonly CaseRow[] = [
  row(122, 13, "pelaporan/begal_curas", "“deket lampu merah”", "P1", "call-back", null),
  row(
    119,
    41,
    "pelaporan/percobaan_bunuh_diri",
    "JPO Jl. Margonda, Beji",
    "P1",
    "with-unit",
    "pmj.depok",
    "on-scene",
  ),
  row(
    117,
    57,
    "pelaporan/tawuran",
    "Jl. Raya Bogor, batas Pasar Rebo",
    "P1",
    "with-unit",
    "pmj.jaktim",
    "on-the-way",
  ),
  row(109, 150, "pelaporan/kebakaran", "Gardu listrik Rawamangun", "P2", "closed", "pmj.jaktim"),
  row(103, 220, "pengaduan/kdrt", "Cilodong Permata C/12", "P1", "call-back", "pmj.depok"),
  row(98, 241, "pelaporan/curanmor", "Parkiran mal BSD", "P3", "with-unit", "pmj.tangsel"),
  row(94, 250, "informasi/layanan_sim", "", "P4", "closed", null),
];

/** A day with as many reports. */
export function manyRows(count: number): CaseRow[] {
  return Array.from({ length: count }, (_, n) => {
    const base = ROWS[n % ROWS.length];
    if (base === undefined) throw new Error("a report");
    const number = `110-PMJ-261123-${String(n + 1).padStart(6, "0")}`;
    return { ...base, number, opened_at: NOW - n * 15_000 };
  });
}

const ALSO: Readonly<Record<string, string>> = {
  "000119": "Plp melihat lk ±20 th berdiri di luar pagar JPO, menangis. Diajak bicara warga.",
};

const passes = (filter: CaseFilter, report: CaseRow): boolean => {
  switch (filter) {
    case "reports":
    case "mine":
      return true;
    case "open":
      return report.status !== "closed";
    case "not-reports":
      return false;
  }
};

type Cases = NonNullable<DeskState["cases"]>;

/** A page of the list as the engine shows it. */
export function listOf(
  rows: readonly CaseRow[],
  asked: Cases["asked"] = {
    since: sinceOf("reports", NOW),
    filter: "reports",
    from: 0,
    count: 200,
  },
): Cases {
  const all = rows.filter((one) => passes(asked.filter, one));
  const counts = {
    reports: rows.length,
    open: rows.filter((one) => passes("open", one)).length,
    mine: rows.length,
    not_reports: 0,
  };
  const { from, count } = asked;
  const list = { total: all.length, from, rows: all.slice(from, from + count), counts };
  return { asked, found: [asked, list], as_of: NOW, failed: null };
}

type Searched = NonNullable<DeskState["search"]>;

export function searched(rows: readonly CaseRow[], asked: Searched["asked"]): Searched {
  const words = asked.text.toLowerCase().split(/\s+/);
  const hits = rows.flatMap<SearchHit>((report) => {
    const told = ALSO[report.number.slice(-6)] ?? "";
    const text = [report.number, report.place, report.kind, report.caller.number, told]
      .join(" ")
      .toLowerCase();
    if (!words.every((word) => text.includes(word))) return [];
    const { call, opened_at, caller } = report;
    const excerpt = words.some((word) => told.toLowerCase().includes(word)) ? told : report.place;
    return [{ call, arrived_at: opened_at, caller, case: report, excerpt }];
  });
  const alone: SearchHit = {
    call: "01KATESTCALLTESTCALLALONE1",
    arrived_at: NOW - 26 * 60 * MINUTE,
    caller: { number: "081800000119", status: "claimed" },
    case: null,
    excerpt: "",
  };
  const all = words.every((word) => alone.caller.number.includes(word)) ? [...hits, alone] : hits;
  const list = { hits: all.slice(0, asked.count), more: all.length > asked.count };
  return { asked, found: [asked, list], as_of: NOW, failed: null };
}

/** The hash of the prepared recording. */
export const SHA = "5e1f".repeat(16);
const SECONDS = 142;

function happened(call: string, from: number): TimelineItem[] {
  const at = (seconds: number): { at: number; call: string } => ({
    at: from + seconds * 1000,
    call,
  });
  const [seat, unit] = ["pmj-3", "pmj.depok"];
  return [
    { ...at(0), happening: "arrived" },
    { ...at(0.2), happening: "ringing", seat: "pmj-1" },
    { ...at(8), happening: "missed", seat: "pmj-1", cause: "no-answer" },
    { ...at(8.1), happening: "ringing", seat },
    { ...at(11), happening: "answered", seat },
    { ...at(11), happening: "opened", seat },
    { ...at(18), happening: "edited", seat, rev: 4 },
    {
      ...at(19),
      happening: "judged",
      validity: "ask",
      priority: "P3",
      plugin: "validitas-dasar",
      reason: "Belum jelas apakah ada orang di luar pagar.",
      findings: 3,
    },
    { ...at(24), happening: "edited", seat, rev: 12 },
    { ...at(31), happening: "edited", seat, rev: 19 },
    {
      ...at(32),
      happening: "judged",
      validity: "valid",
      priority: "P1",
      plugin: "validitas-dasar",
      reason: "Orang di luar pagar jembatan.",
      findings: 2,
    },
    { ...at(40), happening: "unit-picked", unit },
    { ...at(41), happening: "transfer-started", from: seat, unit },
    { ...at(41.5), happening: "transfer-ringing", seat: "depok-2" },
    { ...at(47), happening: "reclaimed", seat, unit, cause: "no-answer" },
    { ...at(60), happening: "transfer-started", from: seat, unit },
    { ...at(60.3), happening: "transfer-ringing", seat: "depok-1" },
    { ...at(63), happening: "transfer-answered", seat: "depok-1" },
    { ...at(70), happening: "transfer-done", seat: "depok-1", heard: true },
    {
      ...at(150),
      happening: "ended",
      by: "closing",
      disposition: { kind: "handled-by-unit", unit },
    },
    {
      ...at(150),
      happening: "closed",
      seat: "depok-1",
      disposition: { kind: "handled-by-unit", unit },
      note: "Patroli Beji dikirim, warga menahan.",
    },
    { ...at(152), happening: "recorded", sha256: SHA },
    {
      ...at(300),
      happening: "followed-up",
      seat: "depok-1",
      operator: "Briptu Yoga Pratama",
      kind: "received",
      text: "",
    },
    {
      ...at(840),
      happening: "followed-up",
      seat: "depok-1",
      operator: "Briptu Yoga Pratama",
      kind: "on-scene",
      text: "Korban sudah turun, didampingi Unit PPA.",
    },
  ];
}

/** A report whole. */
export function fileOf(report: CaseRow): CaseFile {
  const { number, call, validity, priority, unit, disposition, status, opened_by } = report;
  const narrative = ALSO[number.slice(-6)] ?? "";
  const form = {
    ...emptyForm(),
    kind: report.kind,
    location: report.place,
    narrative,
    area_code: narrative === "" ? "" : "32.76.06.1001",
    no_call_back: report.kind === "pengaduan/kdrt",
  };
  const whole: Case = {
    number,
    call,
    form,
    validity,
    priority,
    unit,
    disposition,
    status,
    opened_by,
    opened_at: report.opened_at,
    closed_at: null,
  };
  const arrived = report.opened_at - 11_000;
  const { caller } = report;
  return {
    case: whole,
    calls: [
      [
        call,
        {
          channel: "telephone",
          caller,
          cell_location: null,
          arrived_at: arrived,
          direction: "inbound",
        },
      ],
    ],
    timeline: happened(call, arrived),
    recordings: [
      {
        call,
        number,
        file: "a.wav",
        starts_at: arrived + 8000,
        seconds: SECONDS,
        channels: 2,
        sha256: SHA,
      },
    ],
  };
}

/** Two people who speak in turns. */
export function peaksOf(): Peaks {
  const bars = 600;
  const level = (n: number, turn: number): number => {
    const speaks = Math.floor(n / 23) % 2 === turn && n > 16;
    const wave = Math.abs(Math.sin(n * 1.7) + Math.sin(n * 0.61)) / 2;
    return Math.round(speaks ? 30 + 90 * wave : 1 + 3 * wave);
  };
  return {
    ms: SECONDS * 1000,
    caller: Array.from({ length: bars }, (_, n) => level(n, 0)),
    operator: Array.from({ length: bars }, (_, n) => level(n, 1)),
  };
}

const place = (
  name: string,
  code: string,
  kind: PlaceView["kind"],
  within: string,
  unit: string,
  score: number,
): PlaceView => ({ name, code, kind, within, unit, score });

const PLACES: readonly PlaceView[] = [
  place("Tugu", "32.76.02.1009", "kelurahan", "Kota Depok", "pmj.depok", 96),
  place("Tugu Selatan", "31.72.03.1002", "kelurahan", "Jakarta Utara", "pmj.jakut", 88),
  place("Tugu Tani", "", "landmark", "Jakarta Pusat", "pmj.jakpus", 80),
  place("Margonda City", "", "landmark", "Kota Depok", "pmj.depok", 78),
];

/** The state after an intent about lists, reports and places; `null` when it changes nothing here. */
export function answered(state: DeskState, intent: Intent): DeskState | null {
  const rows = rowsBehind(state);
  const next = { ...state, rev: state.rev + 1 };
  switch (intent.intent) {
    case "show-cases":
      return { ...next, cases: listOf(rows, intent.query) };
    case "search":
      return { ...next, search: intent.query.text === "" ? null : searched(rows, intent.query) };
    case "show-case": {
      if (intent.number === null) return { ...next, file: null, peaks: null };
      const report = rows.find((one) => one.number === intent.number);
      if (report === undefined) return null;
      const asked = intent.number;
      return { ...next, file: { asked, found: [asked, fileOf(report)], as_of: NOW, failed: null } };
    }
    case "show-peaks": {
      const asked = intent.sha256;
      return { ...next, peaks: { asked, found: [asked, peaksOf()], as_of: NOW, failed: null } };
    }
    case "play":
      return {
        ...next,
        playing: { sha256: intent.sha256, at_ms: intent.from_ms, ms: SECONDS * 1000 },
      };
    case "stop-playing":
      return { ...next, playing: null };
    case "find-places": {
      const asked = intent.query;
      if (asked === null) return { ...next, places: null };
      const words = asked.by === "name" ? asked.words.toLowerCase() : "tugu";
      const found = PLACES.filter(({ name }) => name.toLowerCase().includes(words));
      return { ...next, places: { asked, found: [asked, found], as_of: NOW, failed: null } };
    }
    default:
      return null;
  }
}

/** Reports of the day with very many of them. */
export const MANY = 5000;
const rowsBehind = (state: DeskState): readonly CaseRow[] =>
  state.cases?.found?.[1].counts.reports === MANY ? manyRows(MANY) : ROWS;

const GONE: DeskError = { error: "unreachable", detail: "connection refused" };

/** The list while it cannot be asked again; without `known`, it never could. */
export function stale(known: boolean): Cases {
  const list = listOf(ROWS);
  return {
    ...list,
    found: known ? list.found : null,
    as_of: known ? NOW - 95_000 : null,
    failed: GONE,
  };
}
