// A backend without an engine, for component tests and pictures: it remembers what was sent and
// shows what it is told to show.

import type { Backend } from "./backend";
import type { DeskState, Intent } from "./bindings";

export class FakeBackend implements Backend {
  readonly sent: Intent[] = [];
  #listeners: ((state: DeskState) => void)[] = [];
  #state: DeskState | null = null;

  send(intent: Intent): Promise<void> {
    this.sent.push(intent);
    return Promise.resolve();
  }

  subscribe(onState: (state: DeskState) => void): void {
    this.#listeners.push(onState);
    if (this.#state) onState(this.#state);
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
