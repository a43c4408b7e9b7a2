// The one way to the engine: intents go out, states come in. Nothing else in the window knows Tauri.

import { invoke, transformCallback } from "@tauri-apps/api/core";
import type { DeskState, Intent } from "./bindings";
import { type Change, patched } from "./patch";

/** The form as it was typed. */
export type Edit = Extract<Intent, { intent: "edit" }>;

export interface Backend {
  /** Sends an intent. What becomes of it shows in the next state. */
  send(intent: Intent): Promise<void>;
  /** Sends what was typed just now. Where it can, it calls back with what comes of it before it returns. */
  type(edit: Edit): void;
  /** Calls `onState` with the whole state now and after every change. */
  subscribe(onState: (state: DeskState) => void): void;
  /** Tells IT what went wrong in the page. */
  failed(what: string): void;
  /** Draws the whole page larger, 1 to 2, as a browser's zoom does. */
  zoom(factor: number): void;
}

/** What makes the state of revision `after` into that of `rev`. */
interface Changes {
  after: number;
  rev: number;
  changes: Change[];
}

/** The engine tells its state at least once a second. After so long without one, it is asked again. */
const SILENCE_MS = 2000;

/** For so long an intent waits for the one before it to have arrived. */
const ARRIVAL_MS = 1000;

/** What goes wrong again with every drawing must not fill the disk: the first tell enough. */
const MOST_FAILURES = 20;

export class TauriBackend implements Backend {
  #last: Promise<unknown> = Promise.resolve();
  /** How many intents have not arrived yet. */
  #onTheirWay = 0;
  #failures = 0;
  /** Takes a packet of the subscription. */
  #take: ((packet: DeskState | Changes) => void) | null = null;

  // One after the other: two commands on their way at once may overtake each other, and an older form
  // that arrives last would take away what was typed last. One that hangs holds nobody up for long.
  send(intent: Intent): Promise<void> {
    const before = this.#last;
    const sent = before.then(() => invoke<void>("intent", { intent }));
    this.#onTheirWay += 1;
    const arrived = sent.catch(() => undefined).finally(() => (this.#onTheirWay -= 1));
    this.#last = before.then(() => Promise.race([arrived, after(ARRIVAL_MS)]));
    return sent;
  }

  // The one request that the page waits for: a page that draws a letter before its findings have come
  // has them wait for the drawing, and draws twice. The engine answers within 5 ms, come what may.
  type(edit: Edit): void {
    const answered = this.#onTheirWay === 0 ? this.#ask(edit) : null;
    if (answered === null) void this.send(edit);
    else this.#take?.(answered);
  }

  /** What comes of an edit; `null` when that is told by the subscription. */
  #ask(edit: Edit): DeskState | Changes | null {
    const { typing } = prefill();
    if (typing === undefined || typing === null || this.#take === null) return null;
    try {
      const request = new XMLHttpRequest();
      request.open("POST", typing, false);
      request.send(JSON.stringify(edit));
      return request.status === 200 ? JSON.parse(request.responseText) : null;
    } catch {
      return null;
    }
  }

  failed(what: string): void {
    if (this.#failures >= MOST_FAILURES) return;
    this.#failures += 1;
    void invoke("page_failed", { what });
  }

  zoom(factor: number): void {
    void invoke("plugin:webview|set_webview_zoom", { value: factor });
  }

  // Not Tauri's own Channel: that one keeps messages in order and waits for ever for one that was
  // lost on the way, e.g. while a page is loaded again in the middle of a call. A state is whole, so
  // what is lost does not matter, and what is older than what is shown is left out.
  subscribe(onState: (state: DeskState) => void): void {
    let shown: DeskState | undefined;
    let heardAt = 0;
    // Tauri fetches a long message, so that a short one behind it comes first, and the answer to what is
    // typed overtakes all that is on its way: it waits here, by the revision that it completes.
    const early = new Map<number, Changes>();
    const take = (message: DeskState | Changes): void => {
      heardAt = performance.now();
      const before = shown;
      if ("changes" in message) early.set(message.after, message);
      else if (shown === undefined || message.rev >= shown.rev) shown = message;
      if (shown === undefined) return;
      for (let next = early.get(shown.rev); next !== undefined; next = early.get(shown.rev)) {
        // An answer may tell that nothing has changed, and must not be taken for ever.
        early.delete(shown.rev);
        if (next.rev > shown.rev) shown = { ...patched(shown, next.changes), rev: next.rev };
      }
      for (const rev of early.keys()) if (rev < shown.rev) early.delete(rev);
      if (shown !== before) onState(shown);
    };
    this.#take = take;
    const ask = (): void => {
      const callback = transformCallback((packet: { message?: DeskState | Changes }) => {
        // The end of a subscription that was replaced has no message.
        if (packet.message !== undefined) take(packet.message);
      });
      heardAt = performance.now();
      void invoke("subscribe", { channel: `__CHANNEL__:${callback}` });
    };
    ask();
    // The one before it was lost, e.g. while the page was loaded again: all of it is asked for.
    let stuckAt: number | undefined;
    const isStuck = (): boolean => {
      const was = stuckAt;
      stuckAt = early.size > 0 ? (shown?.rev ?? -1) : undefined;
      return stuckAt !== undefined && stuckAt === was;
    };
    setInterval(() => {
      if (performance.now() - heardAt > SILENCE_MS || isStuck()) ask();
    }, SILENCE_MS / 4);
  }
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the login page is filled with, set by the shell before the page loads. */
export interface Prefill {
  hub: string;
  seat: string | null;
  operator: string;
  /** Why the exercise could not be started, for IT. */
  no_training?: string;
  /** Where what is typed is answered; `null` where the subscription tells it. */
  typing?: string | null;
}

declare global {
  interface Window {
    __SIAGA_START__?: Prefill;
  }
}

export function prefill(): Prefill {
  return window.__SIAGA_START__ ?? { hub: "", seat: null, operator: "" };
}
