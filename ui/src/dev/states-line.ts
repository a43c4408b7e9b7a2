// Prepared states of a line that is silent, closing, lost or being called back, and of troubles that
// a whole room must know. Names, numbers and places are invented.

import type {
  Alert,
  CallBackView,
  CallView,
  CaseFile,
  CaseRow,
  DeskCall,
  DeskError,
  DeskState,
  Disposition,
  Form,
  HubView,
  LostCallView,
  OutsideParty,
  OutsideStage,
  Phase,
  ReclaimCause,
  SilenceView,
} from "../lib/bindings";
import { emptyForm } from "../lib/form.svelte";
import { preferences } from "../lib/preferences.svelte";
import { SETTINGS } from "./states-around";
import { fileOf, listOf, MANY, manyRows, peaksOf, ROWS, SHA, stale } from "./states-cases";
import {
  advice,
  at,
  CALL,
  deskCall,
  filledForm,
  idleState,
  NOT_HEARD,
  NOW,
  NUMBER,
  polda,
  talking,
} from "./states";

const SILENT: Disposition = { kind: "not-report", reason: "silent" };
const PRANK: Disposition = { kind: "not-report", reason: "prank" };

function withView(state: DeskState, change: Partial<HubView>): DeskState {
  if (state.view === null) throw new Error("a state with a view");
  return { ...state, view: { ...state.view, ...change } };
}

function withCall(state: DeskState, change: Partial<CallView>): DeskState {
  if (!state.view?.call) throw new Error("a state with a call");
  return withView(state, { call: { ...state.view.call, ...change } });
}

/** A call on which nobody speaks. */
function quiet(silence: SilenceView, disposing: Disposition | null = null): DeskState {
  const phase = {
    ...talking,
    since: at(-21),
    disposing: disposing === null ? null : { disposition: disposing, until: at(2) },
  };
  const call = deskCall(emptyForm(), { advice: null, rev: 0, saved_rev: 0 });
  const state = withCall(polda(phase, "talking", call), { silence });
  return { ...state, levels: { heard_dbfs: -62, sent_dbfs: -47 } };
}

function entry(place: number, change: Partial<CallBackView>, form: Partial<Form>): CallBackView {
  return {
    id: `${CALL.slice(0, -3)}B0${place}`,
    caller: { number: `0818000011${20 + place}`, status: "verified" },
    first_at: NOW - 900_000 + place * 60_000,
    last_at: NOW - 900_000 + place * 60_000,
    calls: 1,
    attempts: 0,
    last_failure: null,
    form: { ...emptyForm(), ...form },
    number: null,
    calling: null,
    ...change,
  };
}

export const CALL_BACKS: CallBackView[] = [
  entry(
    1,
    {
      calls: 3,
      attempts: 2,
      last_failure: "busy",
      last_at: NOW - 240_000,
      number: "110-PMJ-261123-000122",
    },
    { priority: "P1", narrative: "Dibegal, “deket lampu merah”, lalu putus" },
  ),
  entry(
    2,
    {},
    { kind: "pelaporan/kecelakaan_lalu_lintas", location: "Tambun, depan pasar", priority: "P2" },
  ),
  entry(
    3,
    { number: "110-PMJ-261123-000103" },
    { kind: "pengaduan/kdrt", location: "Cilodong Permata C/12", no_call_back: true },
  ),
  entry(4, { caller: { number: "", status: "withheld" } }, {}),
  entry(5, { calling: "pmj-2" }, {}),
];

const LOST: LostCallView = {
  call: CALL,
  number: NUMBER,
  lost_at: NOW - 21_000,
  cause: "media-lost",
  with: "pmj-2",
  over: false,
};

const NOT_RECORDING: Alert = { alert: "not-recording", since: NOW - 95_000, calls: 2 };
const NOT_STORING: Alert = { alert: "not-storing", since: NOW - 40_000 };

const back = (until: number | null): DeskState => ({
  ...withCall(
    polda(
      { phase: "calling-back", seat: "pmj-3", since: at(-6), until },
      "talking",
      deskCall(filledForm()),
    ),
    { call_back: CALL },
  ),
  levels: NOT_HEARD,
});

/** A call that the PBX's own queue brings while the hub is gone. */
function withoutHub(phone: DeskCall["phone"], over_at: number | null): DeskState {
  const rings = phone === "ringing";
  const form = rings ? emptyForm() : filledForm();
  return {
    ...idleState(),
    hub: { link: "down", since: at(-35) },
    call: deskCall(form, { phone, advice: null, rev: 7, saved_rev: rings ? 7 : 0 }),
    local: {
      call: CALL,
      facts: {
        channel: "telephone",
        caller: { number: "082200001108", status: "claimed" },
        cell_location: null,
        arrived_at: at(rings ? -3 : -48),
        direction: "inbound",
      },
      number: rings ? null : NUMBER,
      over_at,
    },
  };
}

const report = (running: number): CaseRow => {
  const found = ROWS.find(({ number }) => number.endsWith(String(running)));
  if (found === undefined) throw new Error("a report");
  return found;
};

function asked(file: CaseFile | null, failed: DeskError | null): NonNullable<DeskState["file"]> {
  const number = file?.case.number ?? report(119).number;
  return { asked: number, found: file === null ? null : [number, file], as_of: NOW, failed };
}

const opened = (file: CaseFile): DeskState => ({
  ...idleState(),
  file: asked(file, null),
  peaks:
    file.recordings.length === 0
      ? null
      : { asked: SHA, found: [SHA, peaksOf()], as_of: NOW, failed: null },
});

const DAMKAR: OutsideParty = { service: "Damkar 113", number: "113" };

/** A fire, and the fire brigade called into it. */
const withOutside = (stage: OutsideStage, phase: Phase = talking): DeskState =>
  withCall(polda(phase, "talking", deskCall(filledForm())), {
    outside: { party: DAMKAR, stage },
  });

const filled = (change: Partial<DeskCall> = {}): DeskCall => deskCall(filledForm(), change);

/** A call that one seat of the Polda asks another one to take. */
function relief(from: string, to: string, answered: boolean, call = filled()): DeskState {
  const [since, until] = [at(-2), at(3)];
  const phase: Phase = { phase: "transferring", from, unit: "pmj", to, answered, since, until };
  return polda(phase, call.phone === "ringing" ? "ringing" : "talking", call);
}

const voiceless = (state: DeskState): DeskState => ({
  ...state,
  audio: { audio: "trouble", code: "no-input" },
});

const unasked = (cause: ReclaimCause): Phase => ({
  ...talking,
  reclaimed: { cause, unit: "pmj", at: at(-2) },
});

export const LINE_STATES: Record<string, () => DeskState> = {
  "colleague-rings": () => voiceless(relief("pmj-3", "pmj-4", false)),
  "colleague-answered": () => voiceless(relief("pmj-3", "pmj-4", true)),
  "colleague-declined": () => voiceless(polda(unasked("declined"), "talking", filled())),
  "colleague-none": () => {
    const state = voiceless(polda(talking, "talking", filled()));
    const units = (state.view?.units ?? []).map((unit) => ({
      ...unit,
      seats: unit.seats.map((seat) => ({ ...seat, state: "talking" as const })),
    }));
    return withView(state, { units });
  },
  "colleague-asks": () =>
    relief("pmj-1", "pmj-3", false, filled({ phone: "ringing", writable: false })),
  "colleague-accepted": () => relief("pmj-1", "pmj-3", true, filled({ writable: false })),
  "outside-called": () => withOutside({ stage: "called", until: at(24) }),
  "outside-up": () => withOutside({ stage: "up", since: at(-8) }),
  "outside-busy": () => withOutside({ stage: "gone", answered: false, cause: "busy", at: at(-2) }),
  "outside-finishing": () =>
    withOutside(
      { stage: "up", since: at(-30) },
      { phase: "finishing", seat: "pmj-3", since: at(-4) },
    ),
  "outside-left": () =>
    withOutside(
      { stage: "up", since: at(-30) },
      { phase: "with-outside", from: "pmj-3", since: at(-4) },
    ),
  "call-quiet": () => quiet({ check: "not-run" }),
  checking: () => quiet({ check: "running", until: at(9) }),
  "checked-silent": () => quiet({ check: "silent", at: at(-3) }),
  "signalled-key": () => quiet({ check: "signalled", signal: "key", at: at(-2) }),
  "signalled-knocks": () => quiet({ check: "signalled", signal: "knocks", at: at(-2) }),
  "signalled-later": () => quiet({ check: "signalled", signal: "key", at: at(-40) }),
  "disposing-signalled": () => quiet({ check: "signalled", signal: "key", at: at(-3) }, PRANK),
  "asking-signalled": () => ({
    ...quiet({ check: "signalled", signal: "key", at: at(-3) }),
    asking: { asking: "danger-words", disposition: PRANK, note: "", words: ["terjebak"] },
  }),
  disposing: () => quiet({ check: "silent", at: at(-8) }, SILENT),
  "disposing-prank": () =>
    polda(
      { ...talking, disposing: { disposition: PRANK, until: at(3) } },
      "talking",
      deskCall(filledForm()),
    ),
  asking: () => ({
    ...polda(talking, "talking", deskCall(filledForm())),
    asking: {
      asking: "danger-words",
      disposition: PRANK,
      note: "",
      words: ["api besar", "terjebak"],
    },
  }),
  "call-backs": () => withView(idleState(), { call_backs: CALL_BACKS }),
  "calling-back": () => back(null),
  "calling-back-rings": () => back(at(22)),
  lost: () => withView(idleState(), { lost: LOST }),
  "lost-waiting": () => withView(idleState(), { lost: { ...LOST, with: null } }),
  "lost-over": () => withView(idleState(), { lost: { ...LOST, with: null, over: true } }),
  rejoining: () => polda(talking, "talking", deskCall(filledForm(), { rejoining: true })),
  "not-recording": () => {
    const state = polda(talking, "talking", deskCall(filledForm()));
    return withView(withCall(state, { recording: false }), { alerts: [NOT_RECORDING] });
  },
  "room-trouble": () => ({
    ...withView(idleState(), { alerts: [NOT_STORING, NOT_RECORDING], call_backs: CALL_BACKS }),
    training: true,
  }),
  kept: () => ({
    ...withView(idleState(), { lost: LOST }),
    kept: [{ call: CALL, rev: 9, form: filledForm(), at: NOW - 10_000 }],
    not_kept: "disk full",
  }),
  "closing-later": () => {
    const call = deskCall(filledForm(), { closing: NOW - 4000 });
    return { ...polda(talking, "talking", call), hub: { link: "down", since: at(-35) } };
  },
  "plugin-failed": () => {
    const given = advice([]);
    const verdict = { ...given.verdict, by: null, reason: "", priority: "P3" as const };
    const call = deskCall(filledForm(), { advice: { ...given, verdict } });
    return { ...polda(talking, "talking", call), advisor: "trouble" };
  },
  settings: () => ({
    ...idleState(),
    // The page that shows it has been told theme and language by its address.
    settings: { ...SETTINGS, theme: preferences.theme, language: preferences.language },
  }),
  many: () => ({ ...idleState(), cases: listOf(manyRows(MANY)) }),
  report: () => opened(fileOf(report(119))),
  "report-plays": () => ({
    ...opened(fileOf(report(119))),
    playing: { sha256: SHA, at_ms: 54_000, ms: 142_000 },
  }),
  "report-bare": () => {
    const file = fileOf(report(122));
    return opened({ ...file, recordings: [], timeline: file.timeline.slice(0, 6) });
  },
  "report-loading": () => ({ ...idleState(), file: asked(null, null) }),
  "report-failed": () => ({
    ...idleState(),
    file: asked(null, { error: "unreachable", detail: "" }),
  }),
  "list-loading": () => ({ ...idleState(), cases: { ...listOf(ROWS), found: null, as_of: null } }),
  "list-failed": () => ({ ...idleState(), cases: stale(false) }),
  "list-stale": () => ({
    ...idleState(),
    cases: stale(true),
    hub: { link: "down", since: at(-95) },
  }),
  "local-ringing": () => withoutHub("ringing", null),
  "local-call": () => withoutHub("connected", null),
  "local-gone": () => withoutHub("gone", at(-4)),
  "hub-lost": () => {
    const call = deskCall(filledForm(), { rev: 9, saved_rev: 7 });
    return { ...polda(talking, "talking", call), hub: { link: "down", since: at(-35) } };
  },
};
