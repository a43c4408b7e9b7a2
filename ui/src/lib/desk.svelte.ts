// What the window knows: the engine's last state, and what only the window has (the form while it
// is typed, open menus, the closing draft). What is shown is derived from it, never stored twice.

import { actionsOf, type Action, type ActionId } from "./actions";
import type { Backend } from "./backend";
import type {
  CallView,
  DeskCall,
  DeskState,
  Destination,
  Disposition,
  Finding,
  Form,
  Intent,
  Phase,
  ReclaimView,
  SeatView,
  Unit,
  UnitId,
} from "./bindings";
import {
  ClosingDraft,
  dispositionOf,
  POLDA_CHECKS,
  POLRES_CHECKS,
  type ClosingCheck,
  type ClosingKind,
} from "./closing.svelte";
import { FormEditor } from "./form.svelte";
import { shortUnit } from "./format";
import { comboOf, isTyping } from "./keys";

/** What the window shows. */
export type Screen =
  | "starting"
  | "login"
  | "idle"
  | "announced" // a form is shown before its call rings
  | "ringing"
  | "offered" // a transfer rings here
  | "call"
  | "transfer"
  | "reclaimed"
  | "gone"; // the caller hung up; the call waits for its disposition

export type Overlay = "none" | "disposal" | "units" | "keys" | "override";

/** For so long a call that is back is amber before it is green again. */
const RECLAIM_AMBER_MS = 5000;
/** Ctrl+Enter does nothing for so long after an answer: the hand may still be on the keys. */
const CLOSE_GUARD_MS = 500;
const TICK_MS = 200;

export class Desk {
  state = $state.raw<DeskState | null>(null);
  overlay = $state<Overlay>("none");
  /** Whether the closing form was opened while the call goes on. */
  closingOpen = $state(false);
  /** After a reclaim: whether the form is shown instead of the sheet to read from. */
  formInReclaim = $state(false);
  /** Counts up when the caret is to go to the field of the question to ask now. */
  askNowRequests = $state(0);
  /** Counts up when the form is to have its caret back. */
  formRequests = $state(0);

  readonly editor: FormEditor;
  readonly closing = new ClosingDraft();

  #backend: Backend;
  #receivedAt = 0;
  #tick = $state(0);
  #answeredAt = -Infinity;
  #timer: ReturnType<typeof setInterval>;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.editor = new FormEditor((intent) => void backend.send(intent));
    this.#timer = setInterval(() => (this.#tick = performance.now()), TICK_MS);
    backend.subscribe((state) => this.#receive(state));
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.editor.flush();
  }

  #receive(state: DeskState): void {
    const before = this.screen;
    this.#receivedAt = performance.now();
    this.#tick = this.#receivedAt;
    this.state = state;
    this.editor.receive(state.call);
    this.closing.for(state.call?.call ?? null);
    const now = this.screen;
    if (now === before) return;
    if (before === "ringing" || before === "offered") this.#answeredAt = performance.now();
    // Who is typing goes on typing; the sheet to read from is then beside the form.
    if (now === "reclaimed") this.formInReclaim = caretIsInForm();
    if (this.overlay !== "keys") this.overlay = "none";
    this.closingOpen = false;
  }

  // ---- what is ----

  /** The hub's clock, running on between states. Unix time in milliseconds. */
  now = $derived.by(() =>
    this.state === null ? 0 : this.state.now + Math.max(0, this.#tick - this.#receivedAt),
  );

  session = $derived(this.state?.session ?? null);
  desk = $derived<DeskCall | null>(this.state?.call ?? null);
  view = $derived<CallView | null>(this.state?.view?.call ?? null);
  phase = $derived<Phase | null>(this.view?.phase ?? null);
  /** The form of a call that is on its way to this unit. */
  announced = $derived<CallView | null>(this.state?.view?.announced[0] ?? null);

  screen = $derived.by<Screen>(() => {
    if (this.state === null) return "starting";
    const session = this.state.session;
    if (session === null) return "login";
    const idle = this.announced === null ? "idle" : "announced";
    const phase = this.phase;
    if (phase === null) return idle;
    const mine = session.seat.id;
    switch (phase.phase) {
      case "queued":
        return idle;
      case "ringing":
        return phase.seat === mine ? "ringing" : idle;
      case "talking":
        if (phase.seat !== mine) return idle;
        return phase.reclaimed === null ? "call" : "reclaimed";
      case "held":
        return phase.seat === mine ? "call" : idle;
      case "transferring":
        if (phase.from === mine) return "transfer";
        if (phase.to !== mine) return idle;
        return phase.answered ? "call" : "offered";
      case "ended":
        return phase.disposition.kind === "abandoned" ? "gone" : idle;
    }
  });

  /** A Polda or the headquarters sends calls on; a Polres and a Polsek follow them up. */
  sendsOn = $derived(this.session?.level === "polda" || this.session?.level === "mabes");
  /** Whether the call came here from another seat, which still has it until this one is heard. */
  takingOver = $derived(this.phase?.phase === "transferring" && this.screen === "call");
  held = $derived(this.phase?.phase === "held");
  muted = $derived(this.desk?.muted ?? false);
  reclaimed = $derived<ReclaimView | null>(
    this.phase?.phase === "talking" ? this.phase.reclaimed : null,
  );
  justReclaimed = $derived(
    this.reclaimed !== null && this.now - this.reclaimed.at < RECLAIM_AMBER_MS,
  );
  answered = $derived(this.phase?.phase === "transferring" && this.phase.answered);

  seatState = $derived(this.state?.view?.seat.state ?? "offline");
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

  /** The form that is shown: what is typed here, or what others typed. */
  form = $derived.by<Form | null>(() => {
    if (this.editor.call !== null) return this.editor.form;
    return this.view?.draft.form ?? this.announced?.draft.form ?? null;
  });
  advice = $derived(this.desk?.advice ?? (this.view ?? this.announced)?.advice ?? null);
  findings = $derived<Finding[]>(this.advice?.verdict.findings ?? []);
  caseNumber = $derived((this.view ?? this.announced)?.number ?? null);

  // ---- units ----

  unit(id: UnitId): Unit | null {
    return (
      this.state?.view?.units.find((u) => u.info.unit.id === id)?.info.unit ??
      this.session?.units.find((u) => u.unit.id === id)?.unit ??
      null
    );
  }

  unitName(id: UnitId): string {
    return this.unit(id)?.name ?? id;
  }

  /** The name without its rank, for buttons and clauses. */
  shortName(id: UnitId): string {
    const unit = this.unit(id);
    return unit === null ? id : shortUnit(unit);
  }

  seatsOf(id: UnitId): SeatView[] {
    return this.state?.view?.units.find((u) => u.info.unit.id === id)?.seats ?? [];
  }

  seatLabel(id: string): string {
    const units = this.session?.units ?? [];
    return units.flatMap((u) => u.seats).find((s) => s.id === id)?.label ?? id;
  }

  /** Up to four units to choose from: the operator's own choice, then the advice, best first. */
  destinations = $derived.by<Destination[]>(() => {
    // A plugin may name a unit twice; its first word counts.
    const advised = (this.advice?.destinations ?? []).filter(
      (one, index, all) => all.findIndex((other) => other.unit === one.unit) === index,
    );
    const picked = this.editor.form.unit;
    if (picked === null || advised.slice(0, 4).some((d) => d.unit === picked)) {
      return advised.slice(0, 4);
    }
    const own = advised.find((d) => d.unit === picked) ?? {
      unit: picked,
      reason: "",
      confidence: 0,
      question: "",
    };
    return [own, ...advised.filter((d) => d.unit !== picked)].slice(0, 4);
  });

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
    return this.screen === "gone" ? ["abandoned", ...kinds] : kinds;
  });

  closingKind = $derived.by<ClosingKind>(() => {
    const chosen = this.closing.chosen;
    if (chosen !== null && this.closingKinds.includes(chosen)) return chosen;
    if (this.screen === "gone") return "abandoned";
    if (!this.sendsOn) return "handled-by-unit";
    if (this.reclaimed !== null) return "forwarded-to-unit";
    return this.editor.form.kind.startsWith("informasi/") ? "information" : "handled-here";
  });

  checks = $derived<readonly ClosingCheck[]>(this.sendsOn ? POLDA_CHECKS : POLRES_CHECKS);

  /** Whether the pane on the right is the closing form. */
  closingShown = $derived(
    this.screen === "reclaimed" ||
      this.screen === "gone" ||
      (this.screen === "call" && (this.closingOpen || (!this.sendsOn && !this.takingOver))),
  );

  // ---- what can be done ----

  actions = $derived.by<Action[]>(() => actionsOf(this));

  action(id: ActionId): Action | null {
    return this.actions.find((action) => action.id === id) ?? null;
  }

  send(intent: Intent): void {
    // What was typed must be there before what follows from it.
    if (intent.intent !== "edit") this.editor.flush();
    void this.#backend.send(intent);
  }

  answer(): void {
    this.#answeredAt = performance.now();
    this.send({ intent: "answer" });
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
    if (performance.now() - this.#answeredAt < CLOSE_GUARD_MS) return;
    if (!this.closingShown) {
      this.closingOpen = true;
      return;
    }
    const disposition: Disposition = dispositionOf(this.closingKind, this.closingUnit);
    this.send({ intent: "close", disposition, note: this.closing.wholeNote(this.checks) });
  }

  /** Esc: closes the innermost thing, else takes back what can be taken back. Never ends a call. */
  undo(): void {
    if (this.overlay !== "none") this.overlay = "none";
    else if (this.screen === "transfer") this.send({ intent: "take-back" });
    else if (this.closingOpen) this.closingOpen = false;
    else if (this.state?.notice) this.send({ intent: "dismiss-notice" });
  }

  keydown(event: KeyboardEvent): void {
    const combo = comboOf(event);
    if (combo === null || isTyping(combo) || event.isComposing) return;
    const action = this.actions.find((a) => a.keys.includes(combo));
    if (!action) return;
    // Menus keep their keys: inside one only Esc, F1 and the voice keys act.
    const inMenu = this.overlay !== "none";
    if (inMenu && !["undo", "all-keys", "mute", "answer", "disposal"].includes(action.id)) return;
    event.preventDefault();
    if (event.repeat || !action.enabled) return;
    action.run();
  }
}

function caretIsInForm(): boolean {
  return document.activeElement?.closest("[data-form]") != null;
}
