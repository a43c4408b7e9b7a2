// A call that the PBX's own queue brings while there is no hub, seen as any other call: nobody else
// has it, it cannot be handed over, and closing it hangs up.

import type { CallView, DeskState, LocalCall, Phase } from "./bindings";
import { emptyForm } from "./form.svelte";

/** Nobody tells how long the queue rings here; nothing is counted down. */
const RINGS_MS = 3_600_000;

/** The call that this desk rings for or has: the hub's, or the one that came without a hub. */
export function callOf(state: DeskState): CallView | null {
  return state.local == null ? (state.view?.call ?? null) : seen(state, state.local);
}

function seen(state: DeskState, local: LocalCall): CallView {
  const { call, facts, number } = local;
  return {
    call,
    facts,
    number,
    phase: phaseOf(state, local),
    draft: { rev: state.call?.rev ?? 0, form: state.call?.form ?? emptyForm() },
    writer: state.session?.seat.id ?? null,
    advice: null,
    recording: false,
    silence: { check: "not-run" },
    rejoining: false,
    call_back: null,
  };
}

function phaseOf(state: DeskState, { facts, over_at }: LocalCall): Phase {
  const [seat, since] = [state.session?.seat.id ?? "", facts.arrived_at];
  if (over_at !== null) {
    return { phase: "ended", by: "caller", disposition: { kind: "abandoned" }, at: over_at };
  }
  return state.call?.phone === "ringing"
    ? { phase: "ringing", seat, since, until: since + RINGS_MS }
    : { phase: "talking", seat, since, reclaimed: null, disposing: null };
}
