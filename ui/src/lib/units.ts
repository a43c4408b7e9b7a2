// Units and seats by their ids: what they are called, and what their seats do.

import type { DeskState, SeatView, Unit, UnitId, UnitInfo, UnitOdds } from "./bindings";
import { shortUnit } from "./format";

export class Units {
  #state: () => DeskState | null;

  constructor(state: () => DeskState | null) {
    this.#state = state;
  }

  find(id: UnitId): Unit | null {
    return (
      this.#state()?.view?.units.find((u) => u.info.unit.id === id)?.info.unit ??
      this.#state()?.session?.units.find((u) => u.unit.id === id)?.unit ??
      null
    );
  }

  /** How a unit takes transfers at this hour, where there are enough of them to say. */
  oddsOf(id: UnitId): UnitOdds | null {
    const odds = this.#state()?.odds?.found?.[1].find((one) => one.unit === id) ?? null;
    return odds?.percent == null ? null : odds;
  }

  name(id: UnitId): string {
    return this.find(id)?.name ?? id;
  }

  /** The name without its rank, for buttons and clauses. */
  shortName(id: UnitId): string {
    const unit = this.find(id);
    return unit === null ? id : shortUnit(unit);
  }

  seatsOf(id: UnitId): SeatView[] {
    return this.#state()?.view?.units.find((u) => u.info.unit.id === id)?.seats ?? [];
  }

  seatLabel(id: string): string {
    const units = this.#state()?.session?.units ?? [];
    return units.flatMap((u) => u.seats).find((s) => s.id === id)?.label ?? id;
  }

  #infoOf(seat: string): UnitInfo | undefined {
    return this.#state()?.session?.units.find((u) => u.seats.some((s) => s.id === seat));
  }

  /** The unit of a seat. */
  unitOf(seat: string): UnitId | null {
    return this.#infoOf(seat)?.unit.id ?? null;
  }

  /** A seat with its unit, unless it is of this one. */
  seatPlace(id: string): string {
    const info = this.#infoOf(id);
    const label = this.seatLabel(id);
    if (info === undefined || info.unit.id === this.#state()?.session?.unit) return label;
    return `${label}, ${info.unit.name}`;
  }
}
