// The one way to the engine: intents go out, whole states come in. Nothing else in the window knows
// Tauri.

import { Channel, invoke } from "@tauri-apps/api/core";
import type { DeskState, Intent } from "./bindings";

export interface Backend {
  /** Sends an intent. What becomes of it shows in the next state. */
  send(intent: Intent): Promise<void>;
  /** Calls `onState` with the whole state now and after every change. */
  subscribe(onState: (state: DeskState) => void): void;
}

export class TauriBackend implements Backend {
  send(intent: Intent): Promise<void> {
    return invoke("intent", { intent });
  }

  subscribe(onState: (state: DeskState) => void): void {
    const channel = new Channel<DeskState>();
    channel.onmessage = onState;
    void invoke("subscribe", { channel });
  }
}

/** What the login page is filled with, set by the shell before the page loads. */
export interface Prefill {
  hub: string;
  seat: string | null;
  operator: string;
}

declare global {
  interface Window {
    __SIAGA_START__?: Prefill;
  }
}

export function prefill(): Prefill {
  return window.__SIAGA_START__ ?? { hub: "", seat: null, operator: "" };
}
