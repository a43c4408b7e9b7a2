// Common ground of the component tests: a window on a prepared state.

import { render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import App from "../src/components/App.svelte";
import { STATES } from "../src/dev/all-states";
import { answered } from "../src/dev/states-cases";
import type { DeskState } from "../src/lib/bindings";
import { FakeBackend } from "../src/lib/fake-backend";

// jsdom lays nothing out, so nothing ever changes its size there.
globalThis.ResizeObserver = class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};

export function prepared(name: string): DeskState {
  const make = STATES[name];
  if (!make) throw new Error(`no state ${name}`);
  return make();
}

/** A window that shows `name`, and the backend behind it. */
export async function open(name: string): Promise<FakeBackend> {
  sessionStorage.clear();
  const backend = new FakeBackend(answered);
  backend.show(prepared(name));
  render(App, {
    props: { backend, prefill: { hub: "http://hub", seat: "pmj-3", operator: "rina" } },
  });
  await tick();
  return backend;
}

export async function show(backend: FakeBackend, state: DeskState): Promise<void> {
  backend.show(state);
  await tick();
}

/** Presses a key on whatever has the caret. */
export async function press(key: string, modifiers: KeyboardEventInit = {}): Promise<void> {
  const target = document.activeElement ?? document.body;
  target.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...modifiers }),
  );
  await tick();
}

/** The field with this `data-testid`. */
export const field = (id: string): HTMLInputElement => screen.getByTestId<HTMLInputElement>(id);

/** What the element with this `data-testid` reads, "" when it is not there. */
export const text = (id: string): string =>
  (screen.queryByTestId(id)?.textContent ?? "").replace(/\s+/g, " ").trim();
