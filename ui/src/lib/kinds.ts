// The tree of call kinds as choices, and how a few letters find one.

import tree from "./data/kinds.json";
import { t, type MessageKey } from "./messages";

export interface KindChoice {
  /** `branch/leaf`, as it is stored. */
  value: string;
  label: string;
  branch: string;
}

/** What people say for each kind besides its name, in the order in which kinds are offered. */
const ALSO = new Map<string, readonly string[]>(
  Object.entries(tree).flatMap(([branch, leaves]) =>
    Object.entries(leaves).map(([leaf, also]) => [`${branch}/${leaf}`, also] as const),
  ),
);

const VALUES = [...ALSO.keys()];

const choice = (value: string): KindChoice => ({
  value,
  label: t(`kind.${value}` as MessageKey),
  branch: t(`branch.${value.split("/")[0]}` as MessageKey),
});

/** How well `typed` names the kind: 0 is best, `null` not at all. Every word must be found. */
function fit({ value, label }: KindChoice, words: string[]): number | null {
  const name = label.toLowerCase();
  const all = [
    ...`${name} ${value.replaceAll(/[_/]/g, " ")}`.split(/\s+/),
    ...(ALSO.get(value) ?? []),
  ];
  if (!words.every((word) => all.some((other) => other.startsWith(word)))) {
    return words.every((word) => name.includes(word)) ? 3 : null;
  }
  if (name.startsWith(words.join(" "))) return 0;
  return words.every((word) => name.split(/\s+/).some((other) => other.startsWith(word))) ? 1 : 2;
}

/** Kinds that a few letters name, best first; all of them for nothing typed. At most `most`. */
export function findKinds(typed: string, most = 8): KindChoice[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const all = VALUES.map(choice);
  if (words.length === 0) return all.slice(0, most);
  return all
    .map((one) => ({ one, rank: fit(one, words) }))
    .filter((found): found is { one: KindChoice; rank: number } => found.rank !== null)
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ one }) => one);
}

/** How a kind reads; `null` when none is chosen, the stored text when it is not one of ours. */
export function kindLabel(kind: string): string | null {
  if (kind === "") return null;
  return ALSO.has(kind) ? t(`kind.${kind}` as MessageKey) : kind;
}
