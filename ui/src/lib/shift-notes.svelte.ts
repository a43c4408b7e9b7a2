// What one watch leaves to the next: what is there to read, and what is being written.

import type { DeskState, Intent, ShiftNote } from "./bindings";

/** As the hub takes it. */
export const NOTE_LENGTH = { least: 3, most: 500 } as const;

export class ShiftNotes {
  /** What is typed stays until it is among the notes. */
  draft = $state("");

  #state: () => DeskState | null;
  #send: (intent: Intent) => void;
  #sent = $state<string | null>(null);

  constructor(state: () => DeskState | null, send: (intent: Intent) => void) {
    this.#state = state;
    this.#send = send;
  }

  /** Newest first. */
  list = $derived.by<ShiftNote[]>(() => this.#state()?.view?.notes ?? []);

  /** On its way to the hub. */
  waits = $derived.by(() => this.#sent !== null && this.#sent === this.draft.trim());

  ready = $derived.by(() => this.draft.trim().length >= NOTE_LENGTH.least && !this.waits);

  leave(): void {
    if (!this.ready) return;
    this.#sent = this.draft.trim();
    this.#send({ intent: "leave-note", text: this.#sent });
  }

  receive(): void {
    if (this.#sent === null || !this.list.some(({ text }) => text === this.#sent)) return;
    if (this.waits) this.draft = "";
    this.#sent = null;
  }

  /** The desk complains: what was sent can be sent again. */
  refused(): void {
    this.#sent = null;
  }
}
