// How a call will be closed: chosen and typed before it is sent.

import type { CallId, Disposition, UnitId } from "./bindings";
import { t, type MessageKey } from "./messages";

/** The ways of closing that this screen offers; "not a report" has its own menu (F4). */
export type ClosingKind =
  "forwarded-to-unit" | "handled-by-unit" | "information" | "handled-here" | "abandoned";

export type ClosingCheck = "read" | "safe" | "call-back" | "patrol" | "chief" | "services";

export const POLDA_CHECKS: readonly ClosingCheck[] = ["read", "safe", "call-back"];
export const POLRES_CHECKS: readonly ClosingCheck[] = ["patrol", "chief", "services"];

export class ClosingDraft {
  call = $state<CallId | null>(null);
  /** `null` until the operator chooses: the suggestion holds. */
  chosen = $state<ClosingKind | null>(null);
  note = $state("");
  done = $state<ClosingCheck[]>([]);

  /** A draft belongs to one call; another call starts an empty one. A reload finds it again. */
  for(call: CallId | null): void {
    if (call === this.call) return;
    this.call = call;
    this.chosen = null;
    this.note = call === null ? "" : (sessionStorage.getItem(`note-${call}`) ?? "");
    this.done = [];
  }

  noteChanged(): void {
    if (this.call !== null) sessionStorage.setItem(`note-${this.call}`, this.note);
  }

  toggle(check: ClosingCheck): void {
    this.done = this.done.includes(check)
      ? this.done.filter((c) => c !== check)
      : [...this.done, check];
  }

  /** The note with what was left open, so that whoever goes on with the case knows. */
  wholeNote(checks: readonly ClosingCheck[]): string {
    const open = checks.filter((check) => !this.done.includes(check));
    if (open.length === 0) return this.note;
    const items = open.map((check) => lower(t(`closing.check.${check}` satisfies MessageKey)));
    const line = t("closing.open-items", { items: items.join("; ") });
    return this.note === "" ? line : `${this.note}\n${line}`;
  }
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

export function dispositionOf(kind: ClosingKind, unit: UnitId | null): Disposition {
  switch (kind) {
    case "forwarded-to-unit":
      return unit === null ? { kind: "handled-here" } : { kind, unit };
    case "handled-by-unit":
      return unit === null ? { kind: "handled-here" } : { kind, unit };
    case "information":
    case "handled-here":
    case "abandoned":
      return { kind };
  }
}
