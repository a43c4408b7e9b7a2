// Which screen a state of the engine is drawn as.

import type { DeskState } from "./bindings";
import { callOf } from "./local";

/** What the window shows. */
export type Screen =
  | "starting"
  | "login"
  | "idle"
  | "announced" // a form is shown before its call rings
  | "ringing"
  | "offered" // a transfer rings here
  | "calling-back" // this seat calls a citizen, who has not answered yet
  | "call"
  | "transfer"
  | "reclaimed"
  | "gone"; // the caller hung up or is with somebody outside; the call waits for its disposition

export function screenOf(state: DeskState | null): Screen {
  if (state === null) return "starting";
  if (state.session === null) return "login";
  const idle = (state.view?.announced.length ?? 0) === 0 ? "idle" : "announced";
  const phase = callOf(state)?.phase ?? null;
  if (phase === null) return idle;
  const mine = state.session.seat.id;
  switch (phase.phase) {
    case "queued":
      return idle;
    case "ringing":
      return phase.seat === mine ? "ringing" : idle;
    case "calling-back":
      return phase.seat === mine ? "calling-back" : idle;
    case "talking":
      if (phase.seat !== mine) return idle;
      // A colleague who did not take it has changed nothing.
      return phase.reclaimed === null || phase.reclaimed.unit === state.session.unit
        ? "call"
        : "reclaimed";
    case "finishing":
      return phase.seat === mine ? "call" : idle;
    case "with-outside":
      return phase.from === mine ? "gone" : idle;
    case "held":
      return phase.seat === mine ? "call" : idle;
    case "transferring":
      if (phase.from === mine) return "transfer";
      if (phase.to !== mine) return idle;
      return phase.answered ? "call" : "offered";
    case "ended":
      return phase.disposition.kind === "abandoned" ? "gone" : idle;
  }
}

/** With a human on the line, or on the way to one. */
export function isInCall(screen: Screen): boolean {
  return ["calling-back", "call", "transfer", "reclaimed"].includes(screen);
}
