// What the window knows: the engine's last state, and what only the window has (the form while it
// is typed, open menus, the closing draft). What is shown is derived from it, never stored twice.

import { actionsOf, type Action, type ActionId } from "./actions";
import type { Backend } from "./backend";
import type {
  AboutCall,
  Alert,
  Asking,
  CallBackView,
  CallView,
  DeskCall,
  DeskState,
  DeviceView,
  DialBook,
  Destination,
  Disposition,
  DisposingView,
  Finding,
  Form,
  HubView,
  Intent,
  KeptForm,
  Levels,
  LostCallView,
  NotReport,
  OutsideTarget,
  OutsideView,
  Phase,
  ReclaimView,
  SeatState,
  Settings,
  SilenceView,
  UnitId,
} from "./bindings";
import { Board } from "./board.svelte";
import { isCallable, ListPlaces } from "./call-backs";
import { destinationsOf } from "./destinations";
import {
  ClosingDraft,
  dispositionOf,
  POLDA_CHECKS,
  POLRES_CHECKS,
  type ClosingCheck,
  type ClosingKind,
} from "./closing.svelte";
import { CalledServices } from "./called-services";
import { Colleagues } from "./colleagues.svelte";
import { FollowUp } from "./follow-up.svelte";
import { FormEditor } from "./form.svelte";
import { comboOf, isBrowsers, isTyping, typesText } from "./keys";
import { Lessons } from "./lessons.svelte";
import { LineEar, type Suggestion } from "./quiet";
import { callOf } from "./local";
import { microphoneAfter } from "./microphones";
import { PhonePlace } from "./phone-place";
import { Player } from "./player.svelte";
import { preferences } from "./preferences.svelte";
import { Reports } from "./reports.svelte";
import { isInCall, screenOf, type Screen } from "./screen";
import { faultLines } from "./sentences";
import { ShiftNotes } from "./shift-notes.svelte";
import { Units } from "./units";

export type Overlay =
  | "none"
  | "disposal"
  | "units"
  | "outside"
  | "keys"
  | "override"
  | "settle"
  | "settings"
  | "faults"
  | "notes";

/** For so long a call that is back is amber before it is green again. */
const RECLAIM_AMBER_MS = 5000;
/** Ctrl+Enter does nothing for so long after its meaning changed: the hand may still be on the keys. */
const CLOSE_GUARD_MS = 500;
/** For so long the whole bar says that a silent caller gave a sign. */
const ALARM_MS = 10_000;
const NOT_CHECKED: SilenceView = { check: "not-run" };
/** How often the clocks look. A little slower than the meters, which take them along. */
const TICK_MS = 300;
const SECOND_MS = 1000;
/** What acts while a menu is open. */
const MENU_KEYS: readonly string[] = [
  "undo",
  "all-keys",
  "mute",
  "answer",
  "disposal",
  "settings",
  "test-sound",
  "faults",
];

/** What moves by itself, of a state and of the hub's view in it. */
const MOVES: readonly string[] = ["rev", "now", "levels", "view"] satisfies (keyof DeskState)[];
const MOVES_IN_VIEW: readonly string[] = ["now"] satisfies (keyof HubView)[];

/** Whether nothing has happened between two states: clocks and meters went on. */
function sameButClocks(a: DeskState, b: DeskState): boolean {
  return same(a, b, MOVES) && (a.view === b.view || sameView(a.view, b.view));
}

const sameView = (a: HubView | null, b: HubView | null): boolean =>
  a !== null && b !== null && same(a, b, MOVES_IN_VIEW);

/** Whether all parts but these are the very same. */
function same<T extends object>(a: T, b: T, but: readonly string[]): boolean {
  const parts = Object.keys(b) as (keyof T & string)[];
  return parts.every((part) => a[part] === b[part] || but.includes(part));
}

export class Desk {
  state = $state.raw<DeskState | null>(null);
  /** How loud the line is. It moves all the time and nothing else does, so it stands apart. */
  levels = $state.raw<Levels>({ heard_dbfs: -100, sent_dbfs: -100 });
  overlay = $state<Overlay>("none");
  /** Whether the closing form was opened while the call goes on. */
  closingOpen = $state(false);
  /** After a reclaim: whether the form is shown instead of the sheet to read from. */
  formInReclaim = $state(false);
  /** Whether this sitting has been ready for calls, or has looked past the page before. */
  shiftBegun = $state(false);
  /** Counts up when the caret is to go to the field of the question to ask now. */
  askNowRequests = $state(0);
  /** Counts up when the form is to have its caret back. */
  formRequests = $state(0);
  /** Whether all earlier calls of the number are shown. */
  allEarlier = $state(false);
  /** The entry of the call-back list that is taken off without a call. */
  settling = $state<CallBackView | null>(null);

  readonly editor: FormEditor;
  readonly phonePlace: PhonePlace;
  readonly calledServices: CalledServices;
  readonly closing = new ClosingDraft();
  readonly reports = new Reports(
    () => this.state,
    (intent) => this.send(intent),
  );
  readonly units = new Units(() => this.state);
  readonly colleagues: Colleagues;
  readonly board = new Board(
    () => this.state,
    (intent) => this.send(intent),
  );
  readonly lessons = new Lessons(
    () => this.state,
    (intent) => this.send(intent),
  );
  readonly player = new Player(
    () => this.state,
    (intent) => this.send(intent),
  );
  readonly notes = new ShiftNotes(
    () => this.state,
    (intent) => this.send(intent),
  );
  readonly followUp = new FollowUp(
    () => this.reports.file,
    () => this.session,
    (intent) => this.send(intent),
  );

  #backend: Backend;
  /** The hub's clock in the newest state, and when that came. */
  #hubNow = 0;
  #receivedAt = 0;
  #tick = $state(0);
  #guardedUntil = -Infinity;
  #ear = new LineEar();
  #places = new ListPlaces();
  #timer: ReturnType<typeof setInterval>;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.editor = new FormEditor(backend);
    this.phonePlace = new PhonePlace(this.editor, (intent) => this.send(intent));
    this.calledServices = new CalledServices(this.editor);
    this.colleagues = new Colleagues(this);
    this.#timer = setInterval(() => this.#ticks(), TICK_MS);
    backend.subscribe((state) => this.#receive(state));
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.editor.flush();
  }

  /** Every drawing of the page costs: the clock moves with the meters while they move. */
  #ticks(): void {
    const now = performance.now();
    if (now - this.#tick > TICK_MS * 0.9) this.#moveTo(now);
  }

  /** The hub's clock at a moment of this page's. */
  #hubAt(moment: number): number {
    return this.#hubNow + Math.max(0, moment - this.#receivedAt);
  }

  /**
   * Lets the clock go on to a moment of this page's. All that depends on it is worked out anew, so it
   * goes by whole seconds where nothing on the screen goes faster.
   */
  #moveTo(moment: number): void {
    const ahead = this.#hubAt(moment) - this.now;
    if (this.#runsOut || Math.abs(ahead) >= SECOND_MS) this.#tick = moment;
  }

  #receive(state: DeskState): void {
    this.#hubNow = state.now;
    this.#receivedAt = performance.now();
    this.#ear.receive(state);
    const meters = state.levels !== this.levels;
    if (meters) {
      this.levels = state.levels;
      this.#moveTo(this.#receivedAt);
    }
    // Some states say only that the hub's clock goes on; in a call, where drawing costs, they
    // move nothing but by the clock here.
    const quiet = meters || state.call !== null;
    if (!quiet || this.state === null || !sameButClocks(this.state, state)) this.#take(state);
  }

  #take(state: DeskState): void {
    const [before, meant] = [this.screen, this.#finalMeaning];
    const troubled = this.trouble;
    const noticed = this.state?.notice?.at;
    this.#moveTo(this.#receivedAt);
    this.#places.receive(state.view?.call_backs ?? [], this.#receivedAt);
    this.state = state;
    if (state.settings) preferences.follow(state.settings);
    this.editor.receive(state.call);
    this.closing.for(state.call?.call ?? null);
    this.#beginShift(state);
    this.phonePlace.receive(state);
    this.calledServices.receive(this.editor.call, this.outside, this.dial);
    this.reports.receive(state);
    this.board.receive(state);
    this.player.receive(state);
    this.followUp.receive();
    this.notes.receive();
    if (state.notice !== null && state.notice.at !== noticed) {
      this.followUp.refused();
      this.notes.refused();
    }
    const now = this.screen;
    if (before !== "starting" && meant !== this.#finalMeaning) {
      this.#guard();
      const final = this.asking !== null || this.disposing !== null;
      if (this.overlay === "disposal" && final) this.overlay = "none";
    }
    if (this.trouble === "audio" && troubled !== "audio") this.send({ intent: "list-devices" });
    if (now === before) return;
    if (before === "ringing") this.lessons.answered();
    // Who is typing goes on typing; the sheet to read from is then beside the form.
    if (now === "reclaimed") this.formInReclaim = caretIsInForm();
    if (this.overlay !== "keys") this.overlay = "none";
    this.closingOpen = false;
    if (now === "idle") this.allEarlier = false;
  }

  // ---- what is ----

  /** The hub's clock, running on between states. Unix time in milliseconds; mostly whole seconds. */
  now = $derived.by(() => {
    if (this.state === null) return 0;
    const now = this.#hubAt(this.#tick);
    return this.#runsOut ? now : Math.floor(now / SECOND_MS) * SECOND_MS;
  });

  session = $derived(this.state?.session ?? null);
  desk = $derived<DeskCall | null>(this.state?.call ?? null);
  view = $derived<CallView | null>(this.state === null ? null : callOf(this.state));
  /** Whether the call came from the PBX's own queue, because there is no hub. */
  local = $derived(this.state?.local != null);
  phase = $derived<Phase | null>(this.view?.phase ?? null);
  /** The form of a call that is on its way to this unit. */
  announced = $derived<CallView | null>(this.state?.view?.announced[0] ?? null);

  screen = $derived<Screen>(screenOf(this.state));
  /** Whether some seconds run out on the screen, which then shows each when it is over. */
  #runsOut = $derived.by(() => {
    const until = this.phase !== null && "until" in this.phase && this.phase.until !== null;
    return until || this.disposing !== null || this.silence.check === "running";
  });

  /** A Polda or the headquarters sends calls on; a Polres and a Polsek follow them up. */
  sendsOn = $derived(this.session?.level === "polda" || this.session?.level === "mabes");
  /** Whether the call came here from another seat, which still has it until this one is heard. */
  takingOver = $derived(this.phase?.phase === "transferring" && this.screen === "call");
  held = $derived(this.phase?.phase === "held");
  muted = $derived(this.desk?.muted ?? false);
  reclaimed = $derived<ReclaimView | null>(
    this.phase?.phase === "talking" && this.screen === "reclaimed" ? this.phase.reclaimed : null,
  );
  justReclaimed = $derived(
    this.reclaimed !== null && this.now - this.reclaimed.at < RECLAIM_AMBER_MS,
  );
  answered = $derived(this.phase?.phase === "transferring" && this.phase.answered);
  /** Who is to take the call over: a unit, or a seat of this one. */
  receiver = $derived.by<string>(() => {
    if (this.phase?.phase !== "transferring") return "";
    const { to } = this.colleagues.handing ?? {};
    return to === undefined ? this.units.name(this.phase.unit) : this.units.seatLabel(to);
  });

  // ---- somebody outside ----

  /** Whoever outside is called or in the conversation, or was last. */
  outside = $derived<OutsideView | null>(this.view?.outside ?? null);
  /** Whether somebody outside is called or in the conversation. */
  outsideLive = $derived(this.outside !== null && this.outside.stage.stage !== "gone");
  /** The caller has left, and somebody outside has not. */
  finishing = $derived(this.phase?.phase === "finishing");
  /** This operator has left the caller with somebody outside. */
  leftOutside = $derived(this.phase?.phase === "with-outside");
  /** Whom this operator may call outside. */
  dial = $derived<DialBook>(this.session?.dial ?? { services: [], patterns: [] });
  mayCallOutside = $derived(this.dial.services.length + this.dial.patterns.length > 0);

  callOutside(to: OutsideTarget): void {
    this.overlay = "none";
    this.send({ intent: "call-outside", to });
  }

  // ---- the line ----

  /** The end of this call that can still be undone. */
  disposing = $derived<DisposingView | null>(
    this.phase?.phase === "talking" && ["call", "reclaimed"].includes(this.screen)
      ? this.phase.disposing
      : null,
  );
  /** What is asked before something final. */
  asking = $derived<Asking | null>(this.state?.asking ?? null);
  silence = $derived<SilenceView>(this.view?.silence ?? NOT_CHECKED);
  /** A caller who cannot speak has just given a sign. */
  alarm = $derived(
    this.silence.check === "signalled" &&
      this.screen === "call" &&
      // What is being decided must be read; the note beside the form still says what to do.
      this.asking === null &&
      this.disposing === null &&
      this.now - this.silence.at < ALARM_MS,
  );
  rejoining = $derived((this.desk?.rejoining || this.view?.rejoining) ?? false);
  callBacks = $derived<CallBackView[]>(this.state?.view?.call_backs ?? []);
  alerts = $derived<Alert[]>(this.state?.view?.alerts ?? []);
  /** Since when a closing waits for the hub to take it. */
  closingSince = $derived(this.desk?.closing ?? null);
  kept = $derived<KeptForm[]>(this.state?.kept ?? []);
  lost = $derived<LostCallView | null>(this.state?.view?.lost ?? null);

  /** What Enter takes in the menu of "no report". */
  suggestion(): Suggestion | null {
    const suggestion = this.#ear.suggestion(this.phase, this.silence, this.now);
    // Without a hub nobody can ask the line for a sign.
    return this.local && suggestion?.reason === "silent" ? null : suggestion;
  }

  seatState = $derived.by<SeatState>(() => {
    if (this.local) {
      if (this.phase?.phase === "ringing") return "ringing";
      return this.phase?.phase === "ended" ? "after-call" : "talking";
    }
    return this.state?.view?.seat.state ?? "offline";
  });
  sipDown = $derived(this.state?.sip.link === "down" ? this.state.sip.since : null);
  hubDown = $derived(this.state?.hub.link === "down" ? this.state.hub.since : null);
  audioTrouble = $derived(this.state?.audio.audio === "trouble");
  /** A whole bar in red: nothing can be answered, or nothing is heard. */
  trouble = $derived.by<"sip" | "audio" | null>(() => {
    if (this.session === null) return null;
    const talking = ["call", "transfer", "reclaimed"].includes(this.screen);
    if (talking && this.audioTrouble) return "audio";
    return this.sipDown !== null && ["idle", "announced"].includes(this.screen) ? "sip" : null;
  });

  /** What IT needs to know of the troubles that last, one line each. */
  faults = $derived.by<string[]>(() => (this.session === null ? [] : faultLines(this)));

  /** What of an exercise stands in the place of the reports. */
  lessonPage = $derived.by<"choose" | "wait" | "score" | null>(() => {
    if (this.screen !== "idle" || this.trouble !== null || this.reports.opened !== null)
      return null;
    switch (this.lessons.stage?.stage) {
      case "choosing":
        return this.lessons.away ? null : "choose";
      case "waiting":
      case "playing":
        return "wait";
      case "scored":
        return "score";
      case undefined:
        return null;
    }
  });

  /** A supervisor who takes no calls is not pausing. */
  watches = $derived.by(() => this.showsBoard && this.seatState === "paused");

  /** A sitting that begins is told what it needs before it takes calls. */
  beginsShift = $derived.by(
    () =>
      this.screen === "idle" &&
      this.seatState === "paused" &&
      !this.shiftBegun &&
      this.lessons.stage === null &&
      this.session?.role !== "supervisor",
  );

  #beginShift(state: DeskState): void {
    if (state.number_asked != null) [this.shiftBegun, this.board.away] = [true, true];
    else if (state.session === null) this.shiftBegun = false;
    else if (!["paused", "offline"].includes(state.view?.seat.state ?? "offline")) {
      this.shiftBegun = true;
    }
  }

  // ---- the microphone ----

  /** The microphone after the one that is lost; `null` when there is no other. */
  otherMicrophone = $derived.by<DeviceView | null>(() =>
    microphoneAfter(this.state?.settings?.input ?? null, this.state?.devices ?? []),
  );

  nextMicrophone(): void {
    const next = this.otherMicrophone;
    if (next !== null) this.changeSettings({ input: next.id });
  }

  /** Whether a report is being read: its keys act, and those of the lists do not. */
  readsReport = $derived(
    this.screen === "idle" && this.trouble === null && this.reports.opened !== null,
  );

  /** Whether a supervisor sees the room; a trouble of the own seat does not hide it. */
  showsBoard = $derived(
    this.screen === "idle" &&
      this.board.view !== null &&
      !this.board.away &&
      this.reports.opened === null,
  );

  /** The form that is shown: what is typed here, or what others typed. */
  form = $derived.by<Form | null>(() => {
    if (this.editor.call !== null) return this.editor.form;
    return this.view?.draft.form ?? this.announced?.draft.form ?? null;
  });
  advice = $derived(this.desk?.advice ?? (this.view ?? this.announced)?.advice ?? null);
  findings = $derived<Finding[]>(this.advice?.verdict.findings ?? []);
  caseNumber = $derived((this.view ?? this.announced)?.number ?? null);

  // ---- units ----

  /** What is known around this call; `null` until the hub has told. */
  about = $derived.by<AboutCall | null>(() => {
    const found = this.state?.about?.found ?? null;
    return found !== null && found[0] === this.desk?.call ? found[1] : null;
  });

  /** Up to four units to choose from: the operator's own choice, then the advice, best first. */
  destinations = $derived.by<Destination[]>(() =>
    destinationsOf(this.advice?.destinations ?? [], this.editor.form.unit),
  );

  /** Where F2 goes. */
  target = $derived.by<UnitId | null>(
    () => this.editor.form.unit ?? this.destinations[0]?.unit ?? null,
  );

  /** Where F2 goes after the unit that rings, or that did not take the call. */
  nextTarget = $derived.by<UnitId | null>(() => {
    const tried = this.phase?.phase === "transferring" ? this.phase.unit : this.reclaimed?.unit;
    const units = this.destinations.map((d) => d.unit);
    if (this.target !== null && this.target !== tried) return this.target;
    return units.find((unit) => unit !== tried) ?? null;
  });

  // ---- closing ----

  closingUnit = $derived.by<UnitId | null>(() => {
    if (!this.sendsOn) return this.session?.unit ?? null;
    if (this.local) return null;
    return this.reclaimed?.unit ?? this.editor.form.unit ?? this.destinations[0]?.unit ?? null;
  });

  closingKinds = $derived.by<ClosingKind[]>(() => {
    const kinds: ClosingKind[] = this.sendsOn
      ? [
          ...(this.closingUnit === null ? [] : (["forwarded-to-unit"] as const)),
          "information",
          "handled-here",
        ]
      : ["handled-by-unit", "information"];
    return this.screen === "gone" && !this.leftOutside ? ["abandoned", ...kinds] : kinds;
  });

  closingKind = $derived.by<ClosingKind>(() => {
    const chosen = this.closing.chosen;
    if (chosen !== null && this.closingKinds.includes(chosen)) return chosen;
    if (this.screen === "gone" && !this.leftOutside) return "abandoned";
    if (!this.sendsOn) return "handled-by-unit";
    if (this.reclaimed !== null) return "forwarded-to-unit";
    return this.editor.form.kind.startsWith("informasi/") ? "information" : "handled-here";
  });

  checks = $derived<readonly ClosingCheck[]>(this.sendsOn ? POLDA_CHECKS : POLRES_CHECKS);

  /** Whether the pane on the right is the closing form. */
  closingShown = $derived(
    this.screen === "reclaimed" ||
      this.screen === "gone" ||
      (this.screen === "call" &&
        (this.closingOpen || this.local || (!this.sendsOn && !this.takingOver))),
  );

  // ---- what can be done ----

  actions = $derived.by<Action[]>(() => actionsOf(this));

  action(id: ActionId): Action | null {
    return this.actions.find((action) => action.id === id) ?? null;
  }

  /** Changes settings of this computer; they hold at once. */
  changeSettings(change: Partial<Settings>): void {
    const { language = preferences.language, theme = preferences.theme } = change;
    preferences.set({ language, theme, scale: change.scale ?? preferences.scale });
    const settings = this.state?.settings;
    if (settings) this.send({ intent: "change-settings", settings: { ...settings, ...change } });
  }

  send(intent: Intent): void {
    // What was typed must be there before what follows from it.
    if (intent.intent !== "edit") this.editor.flush();
    void this.#backend.send(intent);
  }

  answer(): void {
    this.#guard();
    this.send({ intent: "answer" });
  }

  /** What Ctrl+Enter would do: when that changes, the key waits for the hand to notice. */
  #finalMeaning = $derived.by<string>(() => {
    if (this.asking !== null) return "asking";
    if (this.disposing !== null) return "disposing";
    return this.answered ? "release" : this.screen;
  });

  #guard(): void {
    this.#guardedUntil = performance.now() + CLOSE_GUARD_MS;
  }

  /** From the answer to the end of the writing up. */
  get #isBusy(): boolean {
    return isInCall(this.screen) || this.screen === "gone";
  }

  get #isGuarded(): boolean {
    return performance.now() < this.#guardedUntil;
  }

  choose(unit: UnitId): void {
    if (!this.editor.writable) return;
    this.editor.form.unit = unit;
    this.editor.edited();
  }

  transfer(unit: UnitId | null): void {
    if (unit === null) return;
    this.choose(unit);
    if (this.screen === "transfer") this.send({ intent: "take-back" });
    this.send({ intent: "transfer", unit, handover: null });
  }

  close(): void {
    if (this.#isGuarded) return;
    if (!this.closingShown) {
      this.closingOpen = true;
      return;
    }
    const disposition: Disposition = dispositionOf(this.closingKind, this.closingUnit);
    this.send({ intent: "close", disposition, note: this.closing.wholeNote(this.checks) });
  }

  /** Whether this way of disposing of the call can be chosen now. */
  canDispose(reason: NotReport): boolean {
    if (reason !== "silent" || this.silence.check === "silent") return true;
    if (this.local) return false;
    return this.silence.check === "not-run" && this.screen !== "gone";
  }

  /** No report. A line is only "silent" after the caller was asked for a sign. */
  disposeAs(reason: NotReport): void {
    if (!this.canDispose(reason)) return;
    this.overlay = "none";
    const disposition: Disposition = { kind: "not-report", reason };
    if (reason === "silent" && this.silence.check === "not-run") {
      this.send({ intent: "check-silence" });
    } else {
      this.send({ intent: "dispose", disposition, note: this.closing.note, sure: false });
    }
  }

  release(): void {
    if (!this.#isGuarded) this.send({ intent: "release" });
  }

  /** Another way of disposing of the call: the one that runs is taken back while it is chosen. */
  changeDisposal(): void {
    if (this.disposing !== null) this.send({ intent: "undo" });
    this.overlay = this.overlay === "disposal" ? "none" : "disposal";
  }

  /** Whether the rest of the seconds may be skipped: never against words of danger. */
  canCloseNow = $derived(!this.findings.some((finding) => finding.level === "danger"));

  /** Does not wait for the rest of the seconds in which the disposal can be undone. */
  closeNow(): void {
    const disposing = this.disposing;
    if (disposing === null || !this.canCloseNow || this.#isGuarded) return;
    const { disposition } = disposing;
    this.send({ intent: "close", disposition, note: this.closing.note });
  }

  /** The operator has read the danger words and closes all the same; there are 3 s left to undo. */
  meanIt(): void {
    const asking = this.asking;
    if (asking === null || this.#isGuarded) return;
    const { disposition, note } = asking;
    this.send({ intent: "dispose", disposition, note, sure: true });
  }

  /** Calls a citizen of the list; `place` is set when its key was pressed. */
  callBack(entry: CallBackView, place: number | null = null): void {
    if (!isCallable(entry)) return;
    if (place !== null && !this.#places.isSteady(place, performance.now())) return;
    this.send({ intent: "call-back", entry: entry.id });
  }

  /** The citizen is not rung any more, and stays on the list. */
  giveUp(): void {
    this.send({ intent: "close", disposition: { kind: "not-reached" }, note: "" });
  }

  settle(entry: CallBackView): void {
    this.settling = entry;
    this.overlay = "settle";
  }

  /** Esc: closes the innermost thing, else takes back what can be taken back. Never ends a call. */
  undo(): void {
    if (this.overlay !== "none") this.overlay = "none";
    else if (this.asking !== null || this.disposing !== null) this.send({ intent: "undo" });
    else if (this.screen === "calling-back") this.giveUp();
    else if (this.screen === "transfer") this.send({ intent: "take-back" });
    else if (this.closingOpen) this.closingOpen = false;
    else if (this.screen === "idle" && this.reports.opened !== null) this.reports.open(null);
    else if (this.screen === "idle" && this.reports.typed !== "") this.reports.find("");
    else if (this.beginsShift) this.shiftBegun = true;
    else if (this.lessonPage === "score") this.lessons.wish({ wish: "leave" });
    else if (this.state?.notice) this.send({ intent: "dismiss-notice" });
  }

  keydown(event: KeyboardEvent): void {
    const combo = comboOf(event);
    if (combo === null || event.isComposing) return;
    if (!event.repeat && !typesText(combo, event.target) && this.#isBusy) this.lessons.pressed();
    if (isTyping(combo)) return;
    if (isBrowsers(combo)) event.preventDefault();
    const action = this.actions.find((a) => a.keys.includes(combo));
    if (!action) return;
    // Menus keep their keys: inside one only Esc, F1 and the voice keys act.
    const inMenu = this.overlay !== "none";
    if (inMenu && !MENU_KEYS.includes(action.id)) return;
    event.preventDefault();
    if (event.repeat || !action.enabled) return;
    action.run();
  }
}

/** The browser's own menu offers to load the page again; in a field it is needed for pasting. */
export function noBrowserMenu(event: MouseEvent): void {
  const field = event.target instanceof Element && event.target.closest("input, textarea");
  if (!field) event.preventDefault();
}

function caretIsInForm(): boolean {
  return document.activeElement?.closest("[data-form]") != null;
}
