// The list of reports: what of it is shown, which row is chosen, and which report is open.

import { areaLabel } from "./areas";
import type { Case, CaseNumber, SeatId } from "./bindings";
import { kindLabel } from "./kinds";
import { t, type MessageKey } from "./messages";

export type ReportFilter = "all" | "open" | "mine";

export const FILTERS: readonly ReportFilter[] = ["all", "open", "mine"];

/** What of a report can be found by words, in small letters. */
function words(report: Case): string {
  const { form, number, unit } = report;
  return [
    number,
    kindLabel(form.kind) ?? "",
    form.location,
    form.area_code === "" ? "" : areaLabel(form.area_code),
    form.narrative,
    form.reporter_name,
    unit ?? "",
    t(`status.${report.status}` satisfies MessageKey),
  ]
    .join("\n")
    .toLowerCase();
}

export class Reports {
  filter = $state<ReportFilter>("all");
  /** What is searched for. */
  typed = $state("");
  /** The chosen row, by its number, so that it stays when others come and go. */
  chosen = $state<CaseNumber | null>(null);
  opened = $state<CaseNumber | null>(null);
  /** Counts up when the caret is to go to the search field. */
  searchRequests = $state(0);

  #all: () => readonly Case[];
  #seat: () => SeatId | null;
  /** The words of a report are put together once for each state of it. */
  #words = new WeakMap<Case, string>();

  constructor(all: () => readonly Case[], seat: () => SeatId | null) {
    this.#all = all;
    this.#seat = seat;
  }

  counts = $derived.by<Record<ReportFilter, number>>(() => ({
    all: this.#all().length,
    open: this.#all().filter((one) => this.#passes(one, "open")).length,
    mine: this.#all().filter((one) => this.#passes(one, "mine")).length,
  }));

  shown = $derived.by<readonly Case[]>(() => {
    const asked = this.typed.toLowerCase().split(/\s+/).filter(Boolean);
    const filtered = this.#all().filter((one) => this.#passes(one, this.filter));
    if (asked.length === 0) return filtered;
    return filtered.filter((one) => {
      const text = this.#wordsOf(one);
      return asked.every((word) => text.includes(word));
    });
  });

  /** The place of the chosen row among those shown; the first when it is not there any more. */
  at = $derived(
    Math.max(
      0,
      this.shown.findIndex((one) => one.number === this.chosen),
    ),
  );

  report = $derived.by<Case | null>(
    () => this.#all().find((one) => one.number === this.opened) ?? null,
  );

  move(by: number): void {
    const to = Math.min(Math.max(this.at + by, 0), this.shown.length - 1);
    this.chosen = this.shown[to]?.number ?? null;
  }

  open(number: CaseNumber | null): void {
    this.chosen = number ?? this.chosen;
    this.opened = number;
  }

  search(): void {
    this.opened = null;
    this.searchRequests += 1;
  }

  #passes(report: Case, filter: ReportFilter): boolean {
    switch (filter) {
      case "all":
        return true;
      case "open":
        return report.status !== "closed";
      case "mine":
        return report.opened_by === this.#seat();
    }
  }

  #wordsOf(report: Case): string {
    const known = this.#words.get(report) ?? words(report);
    this.#words.set(report, known);
    return known;
  }
}
