// Which units are offered for a transfer.

import type { Destination, UnitId } from "./bindings";

/** As many as have a key. */
const SHOWN = 4;

/** The operator's own choice, then the advice, best first. */
export function destinationsOf(advice: readonly Destination[], own: UnitId | null): Destination[] {
  // A plugin may name a unit twice; its first word counts.
  const advised = advice.filter(
    (one, index, all) => all.findIndex((other) => other.unit === one.unit) === index,
  );
  if (own === null || advised.slice(0, SHOWN).some((d) => d.unit === own)) {
    return advised.slice(0, SHOWN);
  }
  const picked = advised.find((d) => d.unit === own) ?? {
    unit: own,
    reason: "",
    confidence: 0,
    question: "",
  };
  return [picked, ...advised.filter((d) => d.unit !== own)].slice(0, SHOWN);
}
