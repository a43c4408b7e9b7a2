// Which parts of a text were found by a rule.

export interface Part {
  text: string;
  marked: boolean;
}

/** The text in parts; the words are found whatever their capitals, the longest first. */
export function marked(text: string, words: readonly string[]): Part[] {
  const known = words.filter((word) => word.trim() !== "").toSorted((a, b) => b.length - a.length);
  if (known.length === 0) return [{ text, marked: false }];
  const any = new RegExp(`(${known.map(escaped).join("|")})`, "iu");
  return text
    .split(any)
    .map((part, index) => ({ text: part, marked: index % 2 === 1 }))
    .filter((part) => part.text !== "");
}

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
