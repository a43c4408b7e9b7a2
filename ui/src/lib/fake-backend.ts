// A backend without an engine, for component tests and pictures: it remembers what was sent, shows
// what it is told to show, and answers what it was given an answer for.

import type { Backend, Edit } from "./backend";
import type { DeskState, Intent } from "./bindings";

/** The state after an intent; `null` when it changes nothing. */
export type Answer = (state: DeskState, intent: Intent) => DeskState | null;

export class FakeBackend implements Backend {
  readonly sent: Intent[] = [];
  readonly failures: string[] = [];
  #listeners: ((state: DeskState) => void)[] = [];
  #state: DeskState | null = null;
  #answer: Answer;

  constructor(answer: Answer = () => null) {
    this.#answer = answer;
  }

  send(intent: Intent): Promise<void> {
    this.sent.push(intent);
    const next = this.#state === null ? null : this.#answer(this.#state, intent);
    if (next !== null) this.show(next);
    return Promise.resolve();
  }

  type(edit: Edit): void {
    void this.send(edit);
  }

  subscribe(onState: (state: DeskState) => void): void {
    this.#listeners.push(onState);
    if (this.#state) onState(this.#state);
  }

  failed(what: string): void {
    this.failures.push(what);
  }

  zoom(): void {
    // The browser that shows the page has a zoom of its own.
  }

  show(state: DeskState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  /** The intents of one kind, in order. */
  of<K extends Intent["intent"]>(kind: K): Extract<Intent, { intent: K }>[] {
    return this.sent.filter((i): i is Extract<Intent, { intent: K }> => i.intent === kind);
  }
}
