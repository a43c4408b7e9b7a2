// Prepared states of a supervisor. Names, numbers and places are invented.

import type {
  BoardCall,
  BoardSeat,
  DeskState,
  FiguresInfo,
  Phase,
  QuarterInfo,
  SeatState,
  WorkInfo,
} from "../lib/bindings";
import { shiftAt } from "../lib/shifts";
import { CALL_BACKS } from "./states-line";
import { at, CALL, filledForm, idleState, NOW } from "./states";
import { ODDS } from "./states-around";
import { listOf } from "./states-cases";

const caller = (digits: string): BoardCall["caller"] => ({ number: digits, status: "verified" });

const call = (n: number, phase: Phase, more: Partial<BoardCall>): BoardCall => ({
  call: `${CALL.slice(0, -1)}${n}`,
  number: `110-PMJ-261123-00013${n}`,
  caller: caller(`08130000110${n}`),
  phase,
  kind: "",
  priority: "P3",
  narrative: "",
  answered_at: null,
  ...more,
});

const talking = (seat: string, since: number): Phase => ({
  phase: "talking",
  seat,
  since,
  reclaimed: null,
  disposing: null,
});

const seat = (id: string, operator: string | null, there: BoardCall | null): BoardSeat => ({
  seat: id,
  operator,
  call: there,
});

const SEATS: BoardSeat[] = [
  seat(
    "pmj-1",
    "Bripda Andi S.",
    call(1, talking("pmj-1", at(-231)), {
      kind: "pelaporan/curanmor",
      answered_at: at(-231),
      narrative: "Motor hilang di parkiran ruko Pagedangan, STNK di jok.",
    }),
  ),
  seat(
    "pmj-2",
    "Bripda Maya L.",
    call(4, { phase: "ringing", seat: "pmj-2", since: at(-7), until: at(3) }, { number: null }),
  ),
  seat(
    "pmj-3",
    "Bripda Rina Ayu",
    call(8, talking("pmj-3", at(-102)), {
      caller: caller("082200001108"),
      kind: "pelaporan/kebakaran",
      priority: "P1",
      answered_at: at(-102),
      narrative: filledForm().narrative,
    }),
  ),
  seat(
    "pmj-4",
    "Briptu Dimas P.",
    call(
      6,
      {
        phase: "transferring",
        from: "pmj-4",
        unit: "pmj.jaktim",
        to: "jaktim-1",
        answered: false,
        since: at(-2),
        until: at(3),
      },
      { kind: "pelaporan/kecelakaan_lalu_lintas", priority: "P2", answered_at: at(-140) },
    ),
  ),
  seat("pmj-5", "Bripda Eko H.", null),
  ...["depok-1", "depok-2", "jaktim-1", "jaktim-2", "jakbar-1", "tangsel-1"].map((id) =>
    seat(id, null, null),
  ),
];

const work = (answered: number): WorkInfo => ({
  answered,
  taken_over: 0,
  rang_out: answered % 3,
  talk_ms: answered * 94_000,
  after_call_ms: answered * 31_000,
});

/** How many had a report, had none, were gone, and are not finished, by quarters from the newest back. */
const COUNTS: readonly (readonly [number, number, number, number])[] = [
  [2, 4, 2, 2],
  [2, 7, 1, 0],
  [3, 6, 0, 0],
  [1, 5, 1, 0],
  [1, 5, 0, 0],
  [2, 7, 1, 0],
  [1, 6, 1, 0],
  [1, 5, 0, 0],
  [1, 6, 0, 0],
  [3, 9, 0, 1],
  [2, 7, 1, 0],
  [2, 7, 0, 0],
  [2, 10, 0, 0],
  [3, 10, 1, 0],
  [4, 11, 0, 0],
  [4, 12, 0, 0],
  [5, 13, 1, 0],
];

/** 3.11 o'clock of the prepared night lies in the first of them. */
const QUARTERS: QuarterInfo[] = COUNTS.map(([reports, not_reports, unanswered, open], back) => ({
  from: (Math.floor(NOW / 900_000) - back) * 900_000,
  reports,
  not_reports,
  unanswered,
  open,
})).toReversed();

const FIGURES: FiguresInfo = {
  from: shiftAt(NOW).from,
  to: NOW,
  arrived: 214,
  answered: 205,
  in_time: 197,
  abandoned: { waiting: 6, talking: 1, transferring: 1 },
  cut_off: 0,
  called_back: 5,
  reached: 3,
  waiting: { count: 205, p50_ms: 3100, p90_ms: 8400, max_ms: 21_000 },
  waiting_again: null,
  rang_out: 9,
  refused: 1,
  transfers: 31,
  transferred: 27,
  reclaimed: { "no-answer": 3, busy: 1 },
  requeued: {},
  silence_checks: 44,
  signs: 1,
  seats: { "pmj-1": work(51), "pmj-2": work(47), "pmj-3": work(62), "pmj-4": work(45) },
  units: {},
  quarters: QUARTERS,
};

const STATES_OF: Readonly<Record<string, SeatState>> = {
  "pmj-1": "talking",
  "pmj-2": "ringing",
  "pmj-3": "talking",
  "pmj-4": "talking",
  "pmj-5": "paused",
  "jakbar-1": "talking",
  "tangsel-1": "offline",
};

/** A room at three in the morning. */
function supervised(): DeskState {
  const state = idleState();
  const { session, view } = state;
  if (session === null || view === null) throw new Error("a seat");
  const units = view.units.map((unit) => ({
    ...unit,
    seats: unit.seats.map((one) => ({ ...one, state: STATES_OF[one.seat] ?? one.state })),
  }));
  const { from } = shiftAt(NOW);
  return {
    ...state,
    session: {
      ...session,
      seat: { id: "pmj-0", unit: "pmj", label: "Penyelia" },
      operator_name: "Aiptu Hendra Wijaya",
      role: "supervisor",
    },
    odds: ODDS,
    figures: { asked: from, found: [from, FIGURES], as_of: NOW, failed: null },
    view: {
      ...view,
      seat: { ...view.seat, seat: "pmj-0", state: "paused" },
      units,
      queue: 2,
      call_backs: CALL_BACKS.slice(0, 3),
      board: {
        seats: SEATS,
        waiting: [
          {
            call: `${CALL.slice(0, -1)}4`,
            caller: caller("081300001104"),
            since: at(-7),
            ringing: "pmj-2",
          },
          {
            call: `${CALL.slice(0, -1)}5`,
            caller: caller("02105551127"),
            since: at(-3),
            ringing: null,
          },
        ],
      },
    },
  };
}

function quietRoom(): DeskState {
  const state = supervised();
  if (!state.view?.board) throw new Error("a board");
  const seats = state.view.board.seats.map((one) => ({ ...one, call: null }));
  const units = state.view.units.map((unit) => ({
    ...unit,
    seats: unit.seats.map((one) => ({ ...one, state: "ready" as const })),
  }));
  const view = { ...state.view, units, queue: 0, call_backs: [], board: { seats, waiting: [] } };
  return { ...state, cases: listOf([]), view };
}

export const BOARD_STATES: Record<string, () => DeskState> = {
  board: supervised,
  "board-late": () => {
    const state = supervised();
    if (!state.view?.board) throw new Error("a board");
    const waiting = state.view.board.waiting.map((one) => ({ ...one, since: one.since - 6000 }));
    const alerts = [{ alert: "not-recording" as const, since: at(-95), calls: 2 }];
    return { ...state, view: { ...state.view, alerts, board: { ...state.view.board, waiting } } };
  },
  "board-quiet": quietRoom,
  "board-failed": () => ({
    ...supervised(),
    hub: { link: "down", since: at(-95) },
    figures: {
      asked: shiftAt(NOW).from,
      found: null,
      as_of: null,
      failed: { error: "unreachable", detail: "" },
    },
  }),
};
