// Numbers that are typed, as the hub reads them. The hub decides; this only says it beforehand.

/** A number as it is dialled; `null`: not one. */
export function dialled(typed: string): string | null {
  const number = typed.replace(/[\s\-./()]/g, "");
  return /^\+?\d{1,24}$/.test(number) ? number : null;
}

/** Whether the number is one that a pattern means: `X` is any digit, a last `.` one or more. */
export function fitsAny(patterns: readonly string[], number: string): boolean {
  return patterns.some((pattern) => {
    const open = pattern.endsWith(".");
    const fixed = open ? pattern.slice(0, -1) : pattern;
    if (open ? number.length <= fixed.length : number.length !== fixed.length) return false;
    return [...fixed].every((sign, at) =>
      sign === "X" ? /\d/.test(number[at] ?? "") : sign === number[at],
    );
  });
}
