// Asking another seat of the own unit to take a call: who could, and what came of it.

import type { ReclaimView, SeatId } from "./bindings";
import type { Desk } from "./desk.svelte";

export class Colleagues {
  #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** How many other seats of this unit would ring. */
  ready = $derived.by<number>(() => {
    const session = this.#desk.session;
    const seats = session === null ? [] : this.#desk.units.seatsOf(session.unit);
    return seats.filter(({ seat, state }) => seat !== session?.seat.id && state === "ready").length;
  });

  /** The two seats of one unit between which the call changes hands. */
  handing = $derived.by<{ from: SeatId; to: SeatId } | null>(() => {
    const { phase, units } = this.#desk;
    return phase?.phase === "transferring" && units.unitOf(phase.from) === phase.unit
      ? phase
      : null;
  });

  /** Why no colleague has taken the call, which goes on here as before. */
  refused = $derived.by<ReclaimView | null>(() => {
    const { phase, session } = this.#desk;
    const back = phase?.phase === "talking" ? phase.reclaimed : null;
    const told = back !== null && back.unit === session?.unit && back.cause !== "taken-back";
    return told ? back : null;
  });
}
