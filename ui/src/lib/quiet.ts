// For how long nothing was heard of the caller. Only what this page has heard itself counts: after a
// reload it begins anew, so that it never says too much.

import type { DeskState, Phase, SilenceView } from "./bindings";
import { callOf } from "./local";

/** Below this a line hisses; a voice in the next room is above it. dBFS. */
const HISS_DBFS = -50;
/** So long a silence suggests that the line is empty. */
const QUIET_MS = 8000;
/** Who hangs up sooner after the answer rang once only. */
const SHORT_MS = 5000;

/** Why a way of disposing of a call is suggested. */
export type Suggestion =
  | { reason: "silent"; because: "checked" }
  | { reason: "silent"; because: "quiet"; ms: number }
  | { reason: "ring-once"; because: "short"; ms: number };

export class LineEar {
  #call: string | null = null;
  #loudAt = 0;
  /** When the call was first seen with a human, on the hub's clock. */
  #talkingSince: number | null = null;

  receive(state: DeskState): void {
    const call = state.call;
    const phase = callOf(state)?.phase ?? null;
    if (call === null || call.call !== this.#call) {
      this.#call = call?.call ?? null;
      this.#talkingSince = null;
      this.#loudAt = state.now;
    }
    if (call === null) return;
    if (phase?.phase === "talking") this.#talkingSince ??= phase.since;
    if (call.phone !== "connected" || state.levels.heard_dbfs > HISS_DBFS) this.#loudAt = state.now;
  }

  /** What Enter takes in the menu of "no report", if anything speaks for it. */
  suggestion(phase: Phase | null, silence: SilenceView, now: number): Suggestion | null {
    if (phase?.phase === "ended") {
      if (this.#talkingSince === null) return null;
      const ms = Math.max(0, phase.at - this.#talkingSince);
      return ms < SHORT_MS ? { reason: "ring-once", because: "short", ms } : null;
    }
    if (silence.check === "silent") return { reason: "silent", because: "checked" };
    if (silence.check !== "not-run" || this.#call === null) return null;
    const ms = now - this.#loudAt;
    return ms < QUIET_MS ? null : { reason: "silent", because: "quiet", ms };
  }
}
