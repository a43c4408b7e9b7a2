// The supervisor's board: seats, calls and callers who wait, what of it needs somebody, and figures of
// the watch.

import type {
  BoardSeat,
  BoardView,
  DeskState,
  FiguresInfo,
  Intent,
  Phase,
  SeatId,
  SeatState,
  Timestamp,
  UnitId,
  UnitView,
} from "./bindings";
import { shiftAt } from "./shifts";

/** A caller is to be answered within so many seconds. */
export const ANSWER_WITHIN_S = 10;
/** From so many on, the clock of a caller who waits is amber. */
export const AMBER_FROM_S = 6;

/** A seat with what it does. */
export interface BoardRow extends BoardSeat {
  unit: UnitId;
  state: SeatState;
  since: Timestamp;
}

/** Since when the time that a row shows runs: of a call, since its caller was answered. */
export function runsSince({ call, since }: BoardRow): Timestamp {
  if (call === null) return since;
  if (call.phase.phase === "ringing") return call.phase.since;
  return call.answered_at ?? startOf(call.phase) ?? since;
}

function startOf(phase: Phase): Timestamp | null {
  switch (phase.phase) {
    case "queued":
    case "ringing":
    case "talking":
    case "held":
    case "transferring":
    case "calling-back":
    case "with-outside":
    case "finishing":
      return phase.since;
    case "ended":
      return phase.at;
  }
}

export class Board {
  /** Whether a supervisor looks at the reports instead. */
  away = $state(false);
  #chosen = $state<SeatId | null>(null);
  #figuresAsked: Timestamp | null = null;

  #state: () => DeskState | null;
  #send: (intent: Intent) => void;

  constructor(state: () => DeskState | null, send: (intent: Intent) => void) {
    this.#state = state;
    this.#send = send;
  }

  /** Takes note of a state of the engine. */
  receive(state: DeskState): void {
    if (state.session?.role !== "supervisor") {
      this.#figuresAsked = null;
      this.away = false;
      return;
    }
    const { from } = shiftAt(state.now);
    if (state.figures?.asked === from || this.#figuresAsked === from) return;
    this.#figuresAsked = from;
    this.#send({ intent: "show-figures", from });
  }

  view = $derived.by<BoardView | null>(() => this.#state()?.view?.board ?? null);

  #units = $derived.by<readonly UnitView[]>(() => this.#state()?.view?.units ?? []);

  #rows = $derived.by<readonly BoardRow[]>(() => {
    const known = new Map(
      this.#units.flatMap(({ info, seats }) =>
        seats.map((seat) => [seat.seat, { unit: info.unit.id, seat }] as const),
      ),
    );
    return (this.view?.seats ?? []).flatMap((row) => {
      const found = known.get(row.seat);
      if (found === undefined) return [];
      const { state, since } = found.seat;
      return [{ ...row, unit: found.unit, state, since }];
    });
  });

  /** The seats of the supervisor's own unit. */
  seats = $derived.by<readonly BoardRow[]>(() => {
    const unit = this.#state()?.session?.unit;
    return this.#rows.filter((row) => row.unit === unit);
  });

  /** The units below, in the hub's order. */
  below = $derived.by<readonly UnitView[]>(() => {
    const unit = this.#state()?.session?.unit;
    return this.#units.filter(({ info }) => info.unit.id !== unit);
  });

  /** The seat that is looked at: the chosen one, else the first with a call. */
  chosen = $derived.by<BoardRow | null>(
    () =>
      this.seats.find(({ seat }) => seat === this.#chosen) ??
      this.seats.find(({ call }) => call !== null) ??
      this.seats[0] ??
      null,
  );

  at = $derived.by(() => this.seats.findIndex((row) => row === this.chosen));

  choose(at: number): void {
    const to = Math.max(0, Math.min(at, this.seats.length - 1));
    this.#chosen = this.seats[to]?.seat ?? null;
  }

  figures = $derived.by<FiguresInfo | null>(() => this.#state()?.figures?.found?.[1] ?? null);
  figuresFailed = $derived.by(() => (this.#state()?.figures?.failed ?? null) !== null);
}

/** Whether nobody of a unit can be rung. */
export const isCut = ({ seats }: UnitView): boolean =>
  seats.every(({ state }) => state === "offline");
