// Prepared states of the engine, for component tests and for the page that pictures are taken of.
// Names, numbers and places are invented.

import type {
  Advice,
  CallView,
  DeskCall,
  DeskState,
  Finding,
  Form,
  HubView,
  Level,
  Levels,
  Phase,
  SeatState,
  SessionInfo,
  UnitInfo,
  UnitView,
} from "../lib/bindings";
import { emptyForm } from "../lib/form.svelte";
import { sinceOf } from "../lib/reports.svelte";
import { known, ODDS, NOTES } from "./states-around";
import { listOf, ROWS } from "./states-cases";

/** 23 Nov 2026, 03.11.28 WIB. */
export const NOW = Date.UTC(2026, 10, 22, 20, 11, 28);
export const CALL = "01KATESTCALLTESTCALLTESTCA";
export const NUMBER = "110-PMJ-261123-000123";

const unit = (id: string, name: string, code: string, level: Level, seats: number): UnitInfo => ({
  unit: { id, name, code, level, parent: level === "polda" ? null : "pmj" },
  seats: Array.from({ length: seats }, (_, i) => ({
    id: `${id.split(".").at(-1)}-${i + 1}`,
    unit: id,
    label: `Meja ${i + 1}`,
  })),
});

const UNITS: UnitInfo[] = [
  unit("pmj", "Polda Metro Jaya", "PMJ", "polda", 5),
  unit("pmj.depok", "Polres Metro Depok", "DPK", "polres", 2),
  unit("pmj.jaktim", "Polres Metro Jakarta Timur", "JKT", "polres", 2),
  unit("pmj.jakbar", "Polres Metro Jakarta Barat", "JKB", "polres", 1),
  unit("pmj.tangsel", "Polres Tangerang Selatan", "TGS", "polres", 1),
];

const BUSY: Record<string, SeatState> = { "depok-2": "talking", "jakbar-1": "talking" };

function views(): UnitView[] {
  return UNITS.map((info) => ({
    info,
    seats: info.seats.map((seat) => ({
      seat: seat.id,
      state: BUSY[seat.id] ?? "ready",
      since: NOW - 600_000,
    })),
  }));
}

function session(polres: boolean): SessionInfo {
  return {
    seat: polres
      ? { id: "depok-1", unit: "pmj.depok", label: "Meja 1" }
      : { id: "pmj-3", unit: "pmj", label: "Meja 3" },
    unit: polres ? "pmj.depok" : "pmj",
    level: polres ? "polres" : "polda",
    operator_name: polres ? "Briptu Yoga Pratama" : "Bripda Rina Ayu",
    units: UNITS,
    transfer_ring_s: 5,
    dial: {
      services: [
        { name: "Damkar 113", number: "113", kind: "fire" },
        { name: "Ambulans 119", number: "119", kind: "ambulance" },
        { name: "Basarnas 115", number: "115", kind: "rescue" },
      ],
      patterns: ["021XXXXXX."],
    },
  };
}

export function filledForm(): Form {
  return {
    ...emptyForm(),
    location: "Kelapa Dua, dekat Brimob",
    area_code: "32.76.02.1009",
    narrative:
      "Plp anak pr ±10 th, rumah neneknya kebakaran, api besar dr dapur. Nenek terjebak di lt 2, plp di luar sm tetangga. Damkar sdh ditlp tp blm dtg.",
    kind: "pelaporan/kebakaran",
    danger: { trapped: "yes", weapon: "no", injured: "unknown", ongoing: "yes" },
    reporter_relation: "Cucu korban",
    services: ["fire"],
  };
}

const find = (
  rule: string,
  level: Finding["level"],
  field: string,
  title: string,
  advice: string,
  words: string[] = [],
): Finding => ({ rule, level, field, title, advice, words });

export const FINDINGS: Finding[] = [
  find(
    "lokasi.ambigu",
    "ask",
    "location",
    "“Kelapa Dua” ada di 3 wilayah hukum",
    "Pastikan: “Kelapa Dua yang dekat Mako Brimob Depok, ya?”",
    ["Kelapa Dua"],
  ),
  find(
    "bahaya.kata",
    "danger",
    "narrative",
    "Kata bahaya: api besar, terjebak",
    "Mengancam jiwa: prioritas P1.",
    ["api besar", "terjebak"],
  ),
  find("jenis.cocok", "settled", "kind", "Jenis dan prioritas cocok dengan uraian.", ""),
  find(
    "bahaya.orang",
    "ask-now",
    "danger",
    "Tanyakan sekarang",
    "“Selain nenek, masih ada orang di dalam?”",
  ),
  find(
    "pelapor.nama",
    "note",
    "reporter_name",
    "Nama boleh menyusul.",
    "Jangan menahan pengalihan.",
  ),
  find(
    "instansi.119",
    "ask",
    "services",
    "119 belum dihubungi",
    "Ada orang terjebak: hubungi ambulans.",
  ),
];

export function advice(findings: Finding[] = FINDINGS, draftRev = 7): Advice {
  return {
    draft_rev: draftRev,
    verdict: {
      validity: "valid",
      priority: "P1",
      reason: "Ada orang terjebak.",
      findings,
      duplicate_of: null,
      by: {
        name: "validitas-dasar",
        version: "0.1.0",
        sha256: "00",
        input_sha256: "00",
        engine: "wasmtime 48",
      },
    },
    destinations: [
      {
        unit: "pmj.depok",
        reason: "Titik TKP di Kel. Tugu, Cimanggis. Patokan Mako Brimob cocok.",
        confidence: 86,
        question: "",
      },
      { unit: "pmj.jaktim", reason: "Tetangga terdekat Cimanggis.", confidence: 40, question: "" },
      {
        unit: "pmj.jakbar",
        reason: "Hanya bila Kel. Kelapa Dua, Kebon Jeruk.",
        confidence: 12,
        question: "",
      },
      {
        unit: "pmj.tangsel",
        reason: "Hanya bila Kec. Kelapa Dua, Kab. Tangerang.",
        confidence: 10,
        question: "",
      },
    ],
    faults: [],
    at: NOW,
  };
}

function callView(phase: Phase, form: Form, withAdvice: boolean): CallView {
  return {
    call: CALL,
    facts: {
      channel: "telephone",
      caller: { number: "082200001108", status: "verified" },
      cell_location: null,
      arrived_at: NOW - 108_000,
      direction: "inbound",
    },
    phase,
    draft: { rev: 7, form },
    writer: "pmj-3",
    number: NUMBER,
    advice: withAdvice ? advice() : null,
    recording: true,
    silence: { check: "not-run" },
    rejoining: false,
    call_back: null,
  };
}

export function deskCall(form: Form, change: Partial<DeskCall> = {}): DeskCall {
  return {
    call: CALL,
    phone: "connected",
    muted: false,
    form,
    rev: 7,
    saved_rev: 7,
    writable: true,
    advice: advice(),
    rejoining: false,
    ...change,
  };
}

function hubView(seat: SeatState, call: CallView | null, polres: boolean): HubView {
  return {
    now: NOW,
    seat: { seat: polres ? "depok-1" : "pmj-3", state: seat, since: NOW - 252_000 },
    call,
    announced: [],
    queue: call === null ? 0 : 1,
    units: views(),
    call_backs: [],
    alerts: [],
    lost: null,
  };
}

export const at = (seconds: number): number => NOW + seconds * 1000;

const polresList = (): NonNullable<DeskState["cases"]> =>
  listOf(
    ROWS.filter((one) => one.unit === "pmj.depok"),
    { since: sinceOf("open", NOW), filter: "open", from: 0, count: 200 },
  );

export const NOT_HEARD: Levels = { heard_dbfs: -100, sent_dbfs: -100 };

function state(polres: boolean, view: HubView, call: DeskCall | null): DeskState {
  return {
    rev: 1,
    now: NOW,
    training: false,
    session: session(polres),
    hub: { link: "up" },
    sip: { link: "up" },
    audio: { audio: "ok", input: "Headset USB", output: "Headset USB" },
    advisor: "ok",
    view,
    call,
    levels: call === null ? NOT_HEARD : { heard_dbfs: -24, sent_dbfs: -47 },
    notice: null,
    asking: null,
    cases: polres ? polresList() : listOf(ROWS),
    devices: [
      { name: "Headset USB", id: "usb", input: true, output: true, default: true },
      { name: "Pelantang meja", id: "hdmi", input: false, output: true, default: false },
    ],
  };
}

export function polda(phase: Phase, seat: SeatState, call: DeskCall | null): DeskState {
  const form = call?.form ?? emptyForm();
  const view = hubView(seat, callView(phase, form, call?.advice != null), false);
  const around = call === null ? {} : { about: known(call.call), odds: ODDS };
  return { ...state(false, view, call), ...around };
}

function polres(phase: Phase, seat: SeatState, call: DeskCall | null): DeskState {
  return state(true, hubView(seat, callView(phase, filledForm(), true), true), call);
}

type Talking = Extract<Phase, { phase: "talking" }>;
export const talking: Talking = {
  phase: "talking",
  seat: "pmj-3",
  since: at(-102),
  reclaimed: null,
  disposing: null,
};
const handing = (answered: boolean): Phase => ({
  phase: "transferring",
  from: "pmj-3",
  unit: "pmj.depok",
  to: "depok-1",
  answered,
  since: at(-2),
  until: at(3),
});
const back = (ago: number): Phase => ({
  phase: "talking",
  seat: "pmj-3",
  since: at(-126),
  reclaimed: { cause: "no-answer", unit: "pmj.depok", at: at(-ago) },
  disposing: null,
});
const picked = (): Form => ({ ...filledForm(), unit: "pmj.depok" });

/** The states of an ordinary call, by name; see `all-states.ts` for the others. */
export const STATES: Record<string, () => DeskState> = {
  login: () => ({ ...idleState(), session: null, view: null }),
  "login-refused": () => ({
    ...idleState(),
    session: null,
    view: null,
    notice: { error: { error: "hub", code: "wrong-password", detail: "" }, at: NOW },
  }),
  "login-unreachable": () => ({
    ...idleState(),
    session: null,
    view: null,
    notice: { error: { error: "unreachable", detail: "connection refused" }, at: NOW },
  }),
  idle: idleState,
  "idle-paused": () => state(false, { ...hubView("paused", null, false) }, null),
  "idle-empty": () => ({
    ...state(false, hubView("ready", null, false), null),
    cases: listOf([]),
    training: true,
  }),
  "not-registered": () => ({ ...idleState(), sip: { link: "down", since: at(-72) } }),
  ringing: () =>
    polda(
      { phase: "ringing", seat: "pmj-3", since: at(-4), until: at(4) },
      "ringing",
      deskCall(emptyForm(), { phone: "ringing", advice: null, rev: 0, saved_rev: 0 }),
    ),
  "call-new": () =>
    polda(
      { ...talking, since: at(-1) },
      "talking",
      deskCall(emptyForm(), { advice: null, rev: 0, saved_rev: 0 }),
    ),
  call: () => polda(talking, "talking", deskCall(filledForm())),
  "call-muted": () => polda(talking, "talking", deskCall(filledForm(), { muted: true })),
  "call-held": () =>
    polda({ phase: "held", seat: "pmj-3", since: at(-102) }, "talking", deskCall(filledForm())),
  "call-trouble": () => ({
    ...polda(talking, "talking", deskCall(filledForm())),
    hub: { link: "down", since: at(-30) },
    advisor: "trouble",
    notice: { error: { error: "hub", code: "not-stored", detail: "disk full" }, at: NOW },
  }),
  "mic-lost": () => ({
    ...polda(talking, "talking", deskCall(filledForm())),
    audio: { audio: "trouble", code: "no-input" },
    devices: [
      { name: "Headset USB", id: "usb", input: true, output: true, default: true },
      { name: "Mikrofon webcam", id: "webcam", input: true, output: false, default: false },
    ],
  }),
  "mic-lost-alone": () => ({
    ...polda(talking, "talking", deskCall(filledForm())),
    audio: { audio: "trouble", code: "no-input" },
  }),
  "sound-test": () => ({
    ...state(false, { ...hubView("paused", null, false), notes: NOTES }, null),
    sound_test: { mic_dbfs: -22, voice: true },
  }),
  transfer: () => polda(handing(false), "talking", deskCall(picked())),
  joined: () => polda(handing(true), "talking", deskCall(picked())),
  reclaimed: () => polda(back(2), "talking", deskCall(picked())),
  "reclaimed-later": () => polda(back(20), "talking", deskCall(picked())),
  gone: () =>
    polda(
      { phase: "ended", by: "caller", disposition: { kind: "abandoned" }, at: at(-3) },
      "after-call",
      deskCall(filledForm(), { phone: "gone" }),
    ),
  "polres-idle": () => state(true, hubView("ready", null, true), null),
  "polres-announced": () => {
    const view = hubView("ready", null, true);
    return state(true, { ...view, announced: [callView(talking, filledForm(), true)] }, null);
  },
  "polres-offered": () =>
    polres(
      handing(false),
      "ringing",
      deskCall(filledForm(), { phone: "ringing", writable: false }),
    ),
  "polres-accepted": () =>
    polres(handing(true), "talking", deskCall(filledForm(), { writable: false })),
  "polres-call": () =>
    polres({ ...talking, seat: "depok-1", since: at(-160) }, "talking", deskCall(filledForm())),
};

export function idleState(): DeskState {
  return state(false, hubView("ready", null, false), null);
}
