// What a unit tells of a report after its call: chosen and typed before it is sent. What was typed
// stays until the report itself shows it.

import type { CaseFile, CaseNumber, FollowUpKind, Intent, SessionInfo, UnitId } from "./bindings";

/** The steps of a unit, and what can be told at any time. */
export const FOLLOW_UPS: readonly FollowUpKind[] = [
  "received",
  "on-the-way",
  "on-scene",
  "note",
  "closed",
];

/** The shortest note that the hub takes, in characters. */
const NOTE_MIN = 3;

/** What usually comes next. */
const NEXT: Readonly<Record<FollowUpKind, FollowUpKind>> = {
  received: "on-the-way",
  "on-the-way": "on-scene",
  "on-scene": "closed",
  note: "closed",
  closed: "note",
};

/** The last step that a unit has told of, notes aside. */
export function lastStep(file: CaseFile): FollowUpKind | null {
  const kinds = file.timeline.flatMap((item) =>
    item.happening === "followed-up" && item.kind !== "note" ? [item.kind] : [],
  );
  return kinds.at(-1) ?? null;
}

export class FollowUp {
  text = $state("");
  #chosen = $state<FollowUpKind | null>(null);
  #number = $state<CaseNumber | null>(null);
  /** How many follow-ups the report had when one was sent, until it shows. */
  #sentAfter = $state<number | null>(null);
  /** Counts up when the caret is to go to the form. */
  requests = $state(0);

  #file: () => CaseFile | null;
  #session: () => SessionInfo | null;
  #send: (intent: Intent) => void;

  constructor(
    file: () => CaseFile | null,
    session: () => SessionInfo | null,
    send: (intent: Intent) => void,
  ) {
    this.#file = file;
    this.#session = session;
    this.#send = send;
  }

  /** Takes note of the report that is open. */
  receive(): void {
    const file = this.#file();
    const number = file?.case.number ?? null;
    if (number !== this.#number) {
      this.#number = number;
      this.#forget(number === null ? "" : (sessionStorage.getItem(keyOf(number)) ?? ""));
    } else if (file !== null && this.#sentAfter !== null && told(file) > this.#sentAfter) {
      this.#forget("");
      sessionStorage.removeItem(keyOf(file.case.number));
    }
  }

  /** Its unit tells, and whoever stands above it. */
  may = $derived.by(() => {
    const [file, session] = [this.#file(), this.#session()];
    if (file === null || session === null) return false;
    const above = session.level === "polda" || session.level === "mabes";
    return above || (file.case.unit as UnitId | null) === session.unit;
  });

  kind = $derived.by<FollowUpKind>(() => {
    if (this.#chosen !== null) return this.#chosen;
    const file = this.#file();
    const last = file === null ? null : lastStep(file);
    const next = last === null ? "received" : NEXT[last];
    return next === "closed" && !this.can("closed") ? "note" : next;
  });

  /** A report whose call still goes on ends with that call. */
  can(kind: FollowUpKind): boolean {
    return kind !== "closed" || this.#file()?.case.status !== "open";
  }

  needsWords = $derived.by(() => this.kind === "note" || this.kind === "closed");
  waits = $derived.by(() => this.#sentAfter !== null);
  ready = $derived.by(
    () =>
      this.may &&
      !this.waits &&
      this.can(this.kind) &&
      (!this.needsWords || this.text.trim().length >= NOTE_MIN),
  );

  choose(kind: FollowUpKind): void {
    this.#chosen = kind;
  }

  typed(): void {
    // What was refused can be sent again once it was changed.
    this.#sentAfter = null;
    if (this.#number !== null) sessionStorage.setItem(keyOf(this.#number), this.text);
  }

  send(): void {
    const file = this.#file();
    if (file === null || !this.ready) return;
    const { number } = file.case;
    this.#send({ intent: "follow-up", number, kind: this.kind, text: this.text.trim() });
    this.#sentAfter = told(file);
  }

  /** Something was refused: what was sent may be sent again. */
  refused(): void {
    this.#sentAfter = null;
  }

  #forget(text: string): void {
    this.text = text;
    this.#chosen = null;
    this.#sentAfter = null;
  }
}

const keyOf = (number: CaseNumber): string => `follow-up-${number}`;

const told = (file: CaseFile): number =>
  file.timeline.filter((item) => item.happening === "followed-up").length;
