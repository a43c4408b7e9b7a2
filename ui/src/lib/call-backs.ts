// The call-back list as the keys Alt+1 to Alt+4 mean it.

import type { CallBackView } from "./bindings";

/** How many of the list have a key. */
export const KEYED = 4;

/** An entry that has just moved to a key is not called by that key yet: the hand meant another. */
const SETTLE_MS = 700;

/** Whether this citizen may and can be called from here. */
export function isCallable(entry: CallBackView): boolean {
  return !entry.form.no_call_back && entry.caller.number !== "" && entry.calling === null;
}

/** Remembers since when each place of the list has been the entry that it is. */
export class ListPlaces {
  #places: { id: string; since: number }[] = [];

  /** The list at `now`, any monotonic clock in milliseconds; the first one stands at once. */
  receive(list: readonly CallBackView[], now: number): void {
    const first = this.#places.length === 0;
    this.#places = list.map(({ id }, place) => {
      const known = this.#places[place];
      return known?.id === id ? known : { id, since: first ? -Infinity : now };
    });
  }

  isSteady(place: number, now: number): boolean {
    const known = this.#places[place];
    return known !== undefined && now - known.since >= SETTLE_MS;
  }
}
