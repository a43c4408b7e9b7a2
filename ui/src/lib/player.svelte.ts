// The recording of the report that is open: which one, what it looks like, and where it is heard.

import type { DeskState, Intent, Peaks, RecordingInfo } from "./bindings";

/** A key moves the place by so much, in milliseconds. */
export const STEP_MS = 5000;
/** Closer to the end than this, it begins anew. */
const END_MS = 250;

export class Player {
  #chosen = $state<string | null>(null);
  #at = $state(0);
  #peaksAsked: string | null = null;

  #state: () => DeskState | null;
  #send: (intent: Intent) => void;

  constructor(state: () => DeskState | null, send: (intent: Intent) => void) {
    this.#state = state;
    this.#send = send;
  }

  /** Takes note of a state of the engine. */
  receive(state: DeskState): void {
    const recording = this.recording;
    if (recording === null) {
      this.#peaksAsked = null;
      this.#at = 0;
      return;
    }
    const { sha256 } = recording;
    if (state.playing?.sha256 === sha256) this.#at = state.playing.at_ms;
    if (this.#peaksAsked === sha256 || state.peaks?.asked === sha256) return;
    this.#peaksAsked = sha256;
    this.#at = 0;
    this.#send({ intent: "show-peaks", sha256 });
  }

  recordings = $derived.by<readonly RecordingInfo[]>(
    () => this.#state()?.file?.found?.[1].recordings ?? [],
  );
  recording = $derived.by<RecordingInfo | null>(
    () => this.recordings.find((one) => one.sha256 === this.#chosen) ?? this.recordings[0] ?? null,
  );
  peaks = $derived.by<Peaks | null>(() => {
    const found = this.#state()?.peaks?.found ?? null;
    return found !== null && found[0] === this.recording?.sha256 ? found[1] : null;
  });
  peaksFailed = $derived.by(() => (this.#state()?.peaks?.failed ?? null) !== null);
  plays = $derived.by(() => {
    const playing = this.#state()?.playing ?? null;
    return playing !== null && playing.sha256 === this.recording?.sha256;
  });
  /** Its length in milliseconds. */
  length = $derived.by(() => this.peaks?.ms ?? (this.recording?.seconds ?? 0) * 1000);
  at = $derived.by(() => Math.min(this.#at, this.length));

  choose(sha256: string): void {
    if (this.plays) this.#send({ intent: "stop-playing" });
    this.#chosen = sha256;
    this.#at = 0;
    const state = this.#state();
    if (state !== null) this.receive(state);
  }

  toggle(): void {
    if (this.plays) {
      this.#send({ intent: "stop-playing" });
    } else {
      this.#play(this.at > this.length - END_MS ? 0 : this.at);
    }
  }

  /** Goes to a place, and plays on from there if it plays. */
  seek(to: number): void {
    this.#at = Math.round(Math.max(0, Math.min(to, this.length)));
    if (this.plays) this.#play(this.#at);
  }

  /** Plays from a place on. */
  playFrom(at: number): void {
    this.#play(Math.round(Math.max(0, Math.min(at, this.length))));
  }

  #play(from_ms: number): void {
    const sha256 = this.recording?.sha256;
    if (sha256 === undefined) return;
    this.#at = from_ms;
    this.#send({ intent: "play", sha256, from_ms });
  }
}
