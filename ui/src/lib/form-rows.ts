// Which row of the form a field belongs to, so that a finding stands beside it.

export const FORM_ROWS = {
  location: ["location", "area_code", "point"],
  narrative: ["narrative"],
  kind: ["kind", "priority"],
  danger: ["danger"],
  reporter: ["reporter_name", "reporter_relation", "hide_identity", "no_call_back"],
  services: ["services"],
} as const;

export type FormRow = keyof typeof FORM_ROWS;

/** The row of a finding's field, `null` when it concerns the whole form. */
export function rowOf(field: string): FormRow | null {
  const name = field.split(".")[0] ?? "";
  for (const row of Object.keys(FORM_ROWS) as FormRow[]) {
    if ((FORM_ROWS[row] as readonly string[]).includes(name)) return row;
  }
  return null;
}
