// The report is where the network believes the telephone to be: its point, and the area around it.

import type { DeskState, Intent, Point } from "./bindings";
import type { FormEditor } from "./form.svelte";

export class PhonePlace {
  #editor: FormEditor;
  #send: (intent: Intent) => void;
  /** The point whose area is looked for. */
  #wanted: Point | null = null;

  constructor(editor: FormEditor, send: (intent: Intent) => void) {
    this.#editor = editor;
    this.#send = send;
  }

  take(point: Point): void {
    if (!this.#editor.writable) return;
    this.#editor.form.point = point;
    this.#editor.edited();
    this.#wanted = point;
    this.#send({ intent: "find-places", query: { by: "point", point } });
  }

  /** The area of the point has been found: it is taken where none was chosen. */
  receive(state: DeskState): void {
    const [query, places] = state.places?.found ?? [null, []];
    const wanted = this.#wanted;
    if (wanted === null || query?.by !== "point") return;
    if (query.point.lat !== wanted.lat || query.point.lng !== wanted.lng) return;
    this.#wanted = null;
    const area = places.find(({ code }) => code !== "");
    const { writable, form } = this.#editor;
    if (area === undefined || !writable || form.area_code !== "") return;
    form.area_code = area.code;
    this.#editor.edited();
  }
}
