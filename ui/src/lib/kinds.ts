// The tree of call kinds as choices.

import { t, type MessageKey } from "./messages";
import { kinds } from "./messages-kinds";

type KindKey = Extract<keyof typeof kinds, `kind.${string}`>;
type BranchKey = Extract<keyof typeof kinds, `branch.${string}`>;

export interface Branch {
  label: string;
  leaves: { value: string; label: string }[];
}

const keys = Object.keys(kinds) as MessageKey[];
const isBranch = (key: MessageKey): key is BranchKey => key.startsWith("branch.");
const isKind = (key: MessageKey): key is KindKey => key.startsWith("kind.");

/** The branches with their leaves, in the order of the catalogue. */
export const BRANCHES: Branch[] = keys.filter(isBranch).map((branch) => ({
  label: t(branch),
  leaves: keys
    .filter(isKind)
    .filter((key) => key.startsWith(`kind.${branch.slice("branch.".length)}/`))
    .map((key) => ({ value: key.slice("kind.".length), label: t(key) })),
}));

/** How a kind reads; `null` when none is chosen, the stored text when it is not one of ours. */
export function kindLabel(kind: string): string | null {
  if (kind === "") return null;
  const leaf = BRANCHES.flatMap((branch) => branch.leaves).find((l) => l.value === kind);
  return leaf?.label ?? kind;
}
