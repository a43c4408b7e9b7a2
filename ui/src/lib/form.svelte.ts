// The form as it stands in this window. What is typed is here first, then on its way to the engine;
// a state that only echoes what was typed never overwrites it.

import type { Backend, Edit } from "./backend";
import type { CallId, Danger, DeskCall, Form } from "./bindings";

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

/** Whether they say the same, in whatever order the services stand. */
function same(a: Form, b: Form): boolean {
  const parts = Object.keys(a) as (keyof Form)[];
  return parts.every((part) => {
    switch (part) {
      case "danger":
        return (Object.keys(a.danger) as (keyof Danger)[]).every(
          (name) => a.danger[name] === b.danger[name],
        );
      case "services":
        return (
          a.services.length === b.services.length &&
          a.services.every((service) => b.services.includes(service))
        );
      case "point":
        return a.point?.lat === b.point?.lat && a.point?.lng === b.point?.lng;
      default:
        return a[part] === b[part];
    }
  });
}

/** As it is now. Svelte's own snapshot clones each text as if it were an object. */
const copyOf = (form: Form): Form => ({
  ...form,
  danger: { ...form.danger },
  services: [...form.services],
  point: form.point === null ? null : { ...form.point },
});

/** A field that is typed in freely. */
type TextField = "location" | "narrative" | "reporter_name" | "reporter_relation";

export class FormEditor {
  call = $state<CallId | null>(null);
  form = $state<Form>(emptyForm());
  writable = $state(false);
  /** Whether everything typed has been journalled by the hub. */
  saved = $state(true);

  #backend: Pick<Backend, "send" | "type">;
  /** Edits that the engine has not shown back yet, oldest first. */
  #inFlight: Form[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #flushedAt = -FRAME_MS;
  /** The engine's revision when nothing was in flight, and how many edits went out since. */
  #baseRev = 0;
  #sentSince = 0;

  constructor(backend: Pick<Backend, "send" | "type">) {
    this.#backend = backend;
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

  /** Something was changed in the window, or is about to be. A key after a pause travels at once. */
  edited(): void {
    if (!this.writable) return;
    if (this.#timer === null) {
      const wait = this.#flushedAt + FRAME_MS - performance.now();
      const leave = (): void => {
        const edit = this.#take();
        if (edit !== null) this.#backend.type(edit);
      };
      this.#timer = setTimeout(leave, Math.max(0, wait));
      // A timer of 0 ms waits for what else the page has to do, e.g. to draw the letter.
      if (wait <= 0) queueMicrotask(leave);
    }
    this.saved = false;
  }

  /** A field was typed in. */
  write(field: TextField, text: string): void {
    if (!this.writable) return;
    // In this order: what is typed leaves before the page is made to show it, and both it and what comes
    // of it are drawn at once.
    this.edited();
    this.form[field] = text;
  }

  /** Sends what has not been sent yet, before anything that depends on it. */
  flush(): void {
    const edit = this.#take();
    if (edit !== null) void this.#backend.send(edit);
  }

  /** What has not been sent yet, which is about to be. */
  #take(): Edit | null {
    if (this.#timer === null) return null;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#flushedAt = performance.now();
    if (this.call === null || !this.writable) return null;
    const form = copyOf(this.form);
    this.#inFlight.push(form);
    this.#sentSince += 1;
    return { intent: "edit", call: this.call, form };
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
    if (desk.rev >= this.#baseRev && !same(this.form, desk.form)) {
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
