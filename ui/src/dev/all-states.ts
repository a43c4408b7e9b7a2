// Every state that the window can be in, by name.

import type { DeskState } from "../lib/bindings";
import { STATES as CALL_STATES } from "./states";
import { BOARD_STATES } from "./states-board";
import { LESSON_STATES } from "./states-lessons";
import { LINE_STATES } from "./states-line";

export const STATES: Record<string, () => DeskState> = {
  ...CALL_STATES,
  ...LINE_STATES,
  ...BOARD_STATES,
  ...LESSON_STATES,
};
