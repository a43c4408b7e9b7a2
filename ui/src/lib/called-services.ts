// A service that has answered in a call was told of it: the form says so by itself. Once for each time
// that it answers, so that whoever takes the tick off again has the last word.

import type { CallId, DialBook, OutsideView } from "./bindings";
import type { FormEditor } from "./form.svelte";

export class CalledServices {
  #editor: FormEditor;
  /** The call, and since when the service is in it. */
  #told: string | null = null;

  constructor(editor: FormEditor) {
    this.#editor = editor;
  }

  receive(call: CallId | null, outside: OutsideView | null, { services }: DialBook): void {
    if (call === null || outside?.stage.stage !== "up") return;
    const told = `${call} ${outside.stage.since}`;
    const { writable, form } = this.#editor;
    if (told === this.#told || !writable) return;
    this.#told = told;
    // A number that was typed may be a service's all the same.
    const { number } = outside.party;
    const kind = services.find((service) => service.number === number)?.kind ?? null;
    if (kind === null || form.services.includes(kind)) return;
    form.services = [...form.services, kind];
    this.#editor.edited();
  }
}
