import { describe, expect, it } from "vitest";
import { type Change, patched } from "../src/lib/patch";

const state = {
  call: { form: { location: "Blok M" }, advice: null as object | null },
  rows: [{ id: 1 }, { id: 2 }, { id: 3 }],
  odds: { "a/b": 1, "c~d": 2 } as Record<string, number>,
};
const after = (...changes: Change[]): typeof state => patched(state, changes);

describe("a patch", () => {
  it("changes what it names and leaves the rest the very same", () => {
    const done = after({ op: "replace", path: "/call/form/location", value: "Blok A" });
    expect(done.call).toEqual({ form: { location: "Blok A" }, advice: null });
    expect(done.rows).toBe(state.rows);
    expect(state.call.form.location).toBe("Blok M");
  });

  it("adds to, replaces in and removes from lists, one after the other", () => {
    const done = after(
      { op: "add", path: "/rows/1", value: { id: 9 } },
      { op: "replace", path: "/rows/0/id", value: 7 },
      { op: "remove", path: "/rows/2" },
      { op: "add", path: "/rows/3", value: { id: 4 } },
    );
    expect(done.rows.map((row) => row.id)).toEqual([7, 9, 3, 4]);
    expect(done.rows[2]).toBe(state.rows[2]);
  });

  it("knows members by escaped names, and takes them away", () => {
    const done = after(
      { op: "remove", path: "/odds/a~1b" },
      { op: "replace", path: "/odds/c~0d", value: 3 },
    );
    expect(done.odds).toEqual({ "c~d": 3 });
    expect(after({ op: "add", path: "/call/advice", value: {} }).call.advice).toEqual({});
  });
});
