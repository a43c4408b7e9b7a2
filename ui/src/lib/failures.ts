// What goes wrong in the page where nobody expected it is told to IT, with the place in the program.

import type { Backend } from "./backend";

/** An error as IT reads it: what, and where. */
export function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // WebKit's stack is only places; Chromium's begins with the message.
  const stack = error.stack ?? "";
  return stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`;
}

/** Tells all that nobody catches. */
export function tellFailures(backend: Backend, window: Window): void {
  window.addEventListener("error", (event) =>
    backend.failed(described(event.error ?? event.message)),
  );
  window.addEventListener("unhandledrejection", (event) => backend.failed(described(event.reason)));
}
