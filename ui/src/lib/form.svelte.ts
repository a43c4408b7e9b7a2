// The form as it stands in this window. What is typed is here first, then on its way to the engine;
// a state that only echoes what was typed never overwrites it.

import type { CallId, DeskCall, Form, Intent } from "./bindings";

/** One screen frame: what is typed within it after an edit has left travels as the next one. */
const FRAME_MS = 16;

export function emptyForm(): Form {
  return {
    location: "",
    area_code: "",
    point: null,
    narrative: "",
    kind: "",
    priority: null,
    danger: { trapped: "unknown", weapon: "unknown", injured: "unknown", ongoing: "unknown" },
    reporter_name: "",
    reporter_relation: "",
    hide_identity: false,
    no_call_back: false,
    services: [],
    unit: null,
  };
}

const same = (a: Form, b: Form): boolean => canonical(a) === canonical(b);

/** The same text for the same form, whatever the order of its keys. */
function canonical(form: Form): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([k, v]) => [k, sorted(v)]),
    );
  };
  return JSON.stringify(sorted({ ...form, services: form.services.toSorted() }));
}

export class FormEditor {
  call = $state<CallId | null>(null);
  form = $state<Form>(emptyForm());
  writable = $state(false);
  /** Whether everything typed has been journalled by the hub. */
  saved = $state(true);

  #send: (intent: Intent) => void;
  /** Edits that the engine has not shown back yet, oldest first. */
  #inFlight: Form[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #flushedAt = -FRAME_MS;
  /** The engine's revision when nothing was in flight, and how many edits went out since. */
  #baseRev = 0;
  #sentSince = 0;

  constructor(send: (intent: Intent) => void) {
    this.#send = send;
  }

  /** Takes note of a state of the engine. */
  receive(desk: DeskCall | null): void {
    if (desk === null) {
      this.#forget();
      this.call = null;
      this.writable = false;
      return;
    }
    if (desk.call !== this.call || !desk.writable) {
      this.#forget();
      this.call = desk.call;
      this.#adopt(desk);
    } else {
      this.#reconcile(desk);
    }
    this.writable = desk.writable;
    this.saved = desk.saved_rev >= desk.rev && this.#idle();
  }

  /** Something was changed in the window. A key after a pause travels at once. */
  edited(): void {
    if (!this.writable) return;
    this.saved = false;
    if (this.#timer !== null) return;
    const wait = this.#flushedAt + FRAME_MS - performance.now();
    this.#timer = setTimeout(() => this.flush(), Math.max(0, wait));
    // A timer of 0 ms waits for what else the page has to do, e.g. to draw the letter.
    if (wait <= 0) queueMicrotask(() => this.flush());
  }

  /** Sends what has not been sent yet, before anything that depends on it. */
  flush(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#flushedAt = performance.now();
    if (this.call === null || !this.writable) return;
    const form = $state.snapshot(this.form);
    this.#inFlight.push(form);
    this.#sentSince += 1;
    this.#send({ intent: "edit", call: this.call, form });
  }

  #idle(): boolean {
    return this.#inFlight.length === 0 && this.#timer === null;
  }

  #reconcile(desk: DeskCall): void {
    const echo = this.#inFlight.findIndex((sent) => same(sent, desk.form));
    if (echo >= 0) this.#inFlight.splice(0, echo + 1);
    // An edit that the engine took in another shape than it was sent has no echo, but a revision.
    else if (desk.rev >= this.#baseRev + this.#sentSince) this.#inFlight = [];
    if (!this.#idle()) return;
    if (desk.rev >= this.#baseRev && !same($state.snapshot(this.form), desk.form)) {
      this.#adopt(desk);
    }
    this.#baseRev = desk.rev;
    this.#sentSince = 0;
  }

  /** Takes the engine's form, field by field, so that equal fields are not touched. */
  #adopt(desk: DeskCall): void {
    const { danger, services, point, ...plain } = desk.form;
    Object.assign(this.form, plain);
    Object.assign(this.form.danger, danger);
    this.form.services = [...services];
    this.form.point = point;
    this.#baseRev = desk.rev;
    this.#sentSince = 0;
  }

  #forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#inFlight = [];
    this.#sentSince = 0;
  }
}
