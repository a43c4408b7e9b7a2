// What has changed of a value, as JSON Patch (RFC 6902) says it.

/** One change. `path` is a JSON pointer (RFC 6901). */
export type Change =
  { op: "add" | "replace"; path: string; value: unknown } | { op: "remove"; path: string };

/** `value` with `changes` made. What they leave alone is the same object as before. */
export function patched<T>(value: T, changes: readonly Change[]): T {
  return changes.reduce<unknown>((done, change) => {
    const path = change.path.split("/").slice(1).map(unescaped);
    return at(done, path, change);
  }, value) as T;
}

function at(value: unknown, [key, ...deeper]: string[], change: Change): unknown {
  if (key === undefined) return change.op === "remove" ? undefined : change.value;
  if (Array.isArray(value)) {
    const list: unknown[] = [...value];
    const index = key === "-" ? list.length : Number(key);
    if (deeper.length > 0) list[index] = at(list[index], deeper, change);
    else if (change.op === "remove") list.splice(index, 1);
    else list.splice(index, change.op === "add" ? 0 : 1, change.value);
    return list;
  }
  const object: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  if (deeper.length === 0 && change.op === "remove") delete object[key];
  else object[key] = at(object[key], deeper, change);
  return object;
}

const unescaped = (token: string): string => token.replaceAll("~1", "/").replaceAll("~0", "~");
