// The list of reports and the search: what of it is looked at, and which row is chosen. The rows come
// from the hub a page at a time; the engine keeps the page up to date (ADR 0020).

import type {
  Caller,
  CaseCounts,
  CaseFile,
  CaseFilter,
  CaseNumber,
  CaseRow,
  CasesQuery,
  DeskError,
  DeskState,
  Intent,
  SearchQuery,
  Timestamp,
} from "./bindings";

export const FILTERS: readonly CaseFilter[] = ["reports", "open", "mine", "not-reports"];

/** Rows that are asked for at once; the hub gives no more (`PAGE_ROWS`). */
const PAGE = 200;
/** A page begins at a multiple of this, so that the list is not asked again with every row. */
const STRIDE = 50;
/** The hub searches for no longer text (`SEARCH_TEXT`). */
export const SEARCH_LENGTH = 200;

const HOUR = 3_600_000;
/** How far back a list goes, in hours: what is open stays in sight for a week. */
export const SPAN_HOURS: Readonly<Record<CaseFilter, number>> = {
  reports: 24,
  open: 7 * 24,
  mine: 24,
  "not-reports": 24,
};

/** A line of the list: a case, or a call that was found and has none. */
export interface Line {
  key: string;
  at: Timestamp;
  caller: Caller;
  report: CaseRow | null;
  /** Words around what was found. */
  excerpt: string;
}

/** Since when a list shows, moving on with the hour. */
export function sinceOf(filter: CaseFilter, now: Timestamp): Timestamp {
  return Math.floor(now / HOUR) * HOUR - SPAN_HOURS[filter] * HOUR;
}

const NONE: readonly Line[] = [];

export class Reports {
  /** What is searched for. */
  typed = $state("");
  /** Counts up when the caret is to go to the search field. */
  searchRequests = $state(0);
  /** The chosen row by its key, so that it stays when others come and go. */
  #chosen = $state<string | null>(null);
  /** Where it was last; holds when it is not there any more. */
  #last = $state(0);
  #counts = $state.raw<Partial<CaseCounts>>({});

  /** The number that another program named last. */
  #named: string | null = null;

  #state: () => DeskState | null;
  #send: (intent: Intent) => void;
  /** The list that was asked for last: the engine keeps that one up to date. */
  #asked = "";

  constructor(state: () => DeskState | null, send: (intent: Intent) => void) {
    this.#state = state;
    this.#send = send;
  }

  /** Takes note of a state of the engine. */
  receive(state: DeskState): void {
    const { session, cases, number_asked } = state;
    const named = number_asked?.number ?? null;
    // The engine has looked for it already.
    if (named !== null && named !== this.#named) this.typed = named;
    this.#named = named;
    if (session === null) {
      this.#asked = "";
      this.typed = "";
      return;
    }
    const query = cases?.asked ?? this.#query(this.filter, 0, state.now);
    const since = sinceOf(query.filter, state.now);
    if (cases == null || query.since < since) this.#ask({ ...query, since });
    const found = cases?.found ?? null;
    if (found === null) return;
    const { open, ...others } = found[1].counts;
    this.#counts =
      found[0].filter === "open" ? { ...this.#counts, open } : { ...this.#counts, ...others };
  }

  // ---- what is shown ----

  searching = $derived.by(() => this.typed.trim() !== "");

  /** A Polres has to see what it has not finished; a Polda, what came in. */
  filter = $derived.by<CaseFilter>(() => {
    const state = this.#state();
    const below = state?.session?.level === "polres" || state?.session?.level === "polsek";
    return state?.cases?.asked.filter ?? (below ? "open" : "reports");
  });

  /** How many each filter has; what is open is known once it was looked at. */
  countOf(filter: CaseFilter): number | null {
    switch (filter) {
      case "reports":
        return this.#counts.reports ?? null;
      case "open":
        return this.#counts.open ?? null;
      case "mine":
        return this.#counts.mine ?? null;
      case "not-reports":
        return this.#counts.not_reports ?? null;
    }
  }

  #list = $derived.by(() => {
    const found = this.#state()?.cases?.found ?? null;
    return found !== null && found[0].filter === this.filter ? found[1] : null;
  });

  #hits = $derived.by(() => this.#state()?.search?.found ?? null);

  /** The rows that are here. */
  rows = $derived.by<readonly Line[]>(() =>
    this.searching
      ? (this.#hits?.[1].hits.map((hit) => ({
          key: hit.case?.number ?? hit.call,
          at: hit.arrived_at,
          caller: hit.caller,
          report: hit.case,
          excerpt: hit.excerpt,
        })) ?? NONE)
      : (this.#list?.rows.map((report) => ({
          key: report.number,
          at: report.opened_at,
          caller: report.caller,
          report,
          excerpt: "",
        })) ?? NONE),
  );
  /** How many rows stand above those that are here. */
  from = $derived.by(() => (this.searching ? 0 : (this.#list?.from ?? 0)));
  total = $derived.by(() => (this.searching ? this.rows.length : (this.#list?.total ?? 0)));
  /** Whether a search has found more than is shown. */
  more = $derived.by(() => this.searching && (this.#hits?.[1].more ?? false));

  #looked = $derived.by(() => (this.searching ? this.#state()?.search : this.#state()?.cases));
  /** Whether the rows answer what is asked now, were it with nothing. */
  known = $derived.by(() =>
    this.searching
      ? this.#hits !== null && this.#hits[0].text === this.#state()?.search?.asked.text
      : this.#list !== null,
  );
  failed = $derived.by<DeskError | null>(() => this.#looked?.failed ?? null);
  asOf = $derived.by<Timestamp | null>(() => this.#looked?.as_of ?? null);

  /** The place of the chosen row. */
  at = $derived.by(() => {
    const here = this.rows.findIndex((row) => row.key === this.#chosen);
    return here >= 0 ? this.from + here : Math.max(0, Math.min(this.#last, this.total - 1));
  });

  /** The row at a place; `null` while it is not here. */
  row(at: number): Line | null {
    return this.rows[at - this.from] ?? null;
  }

  /** The report that is open. */
  opened = $derived.by<CaseNumber | null>(() => this.#state()?.file?.asked ?? null);
  file = $derived.by<CaseFile | null>(() => this.#state()?.file?.found?.[1] ?? null);

  // ---- what is done ----

  show(filter: CaseFilter): void {
    this.#chosen = null;
    this.#last = 0;
    this.#ask(this.#query(filter, 0, this.#state()?.now ?? 0));
  }

  /** The list is looked at from one place to another: what is missing there is asked for. */
  look(first: number, last: number): void {
    const asked = this.#state()?.cases?.asked;
    if (this.searching || asked === undefined || this.total === 0) return;
    const [from, to] = [Math.max(0, first), Math.min(last, this.total - 1)];
    if (from >= asked.from && to < asked.from + asked.count) return;
    const middle = (from + to) / 2 - PAGE / 2;
    this.#ask({ ...asked, from: Math.max(0, Math.round(middle / STRIDE) * STRIDE) });
  }

  choose(at: number): void {
    this.#last = Math.max(0, Math.min(at, this.total - 1));
    this.look(this.#last, this.#last);
    this.#chosen = this.row(this.#last)?.key ?? null;
  }

  /** Opens a row; a call without a case has nothing to be opened. */
  openAt(at: number): void {
    this.choose(at);
    const number = this.row(at)?.report?.number;
    if (number !== undefined) this.open(number);
  }

  open(number: CaseNumber | null): void {
    this.#send({ intent: "show-case", number });
  }

  /** What is searched for has changed. */
  find(typed: string): void {
    this.typed = typed;
    this.#chosen = null;
    this.#last = 0;
    const query: SearchQuery = { text: typed.trim(), from: 0, count: PAGE };
    this.#send({ intent: "search", query });
  }

  /** The caret goes to the search. */
  search(): void {
    if (this.opened !== null) this.open(null);
    this.searchRequests += 1;
  }

  #query(filter: CaseFilter, from: number, now: Timestamp): CasesQuery {
    return { since: sinceOf(filter, now), filter, from, count: PAGE };
  }

  #ask(query: CasesQuery): void {
    const asked = JSON.stringify(query);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.#send({ intent: "show-cases", query });
  }
}
