// Kelurahan and kecamatan of Jabodetabek by their Kemendagri codes: how they read, which unit they
// belong to, and where they lie on the map. See data/README.md for where this comes from.

import tree from "./data/areas.json";
import { t } from "./messages";
import type { UnitId } from "./bindings";

/** A place on the map's plane. */
export type Spot = readonly [x: number, y: number];

export interface Area {
  code: string;
  /** The unit whose jurisdiction it is. */
  unit: UnitId;
  /** The Polsek, where it is known. */
  polsek: string;
  at: Spot;
}

interface Entry extends Area {
  kel: string | null;
  kec: string;
  kab: string;
}

type District = [string, UnitId, string, number, number, Record<string, [string, number, number]>];

const city = (name: string): string =>
  name
    .replace("Kabupaten Administrasi ", "")
    .replace("Kota Administrasi ", "")
    .replace("Kabupaten ", "Kab. ");

const entries: Entry[] = [];
for (const [kabkota, districts] of Object.entries(tree)) {
  const kab = city(kabkota);
  for (const [code, district] of Object.entries(districts as unknown as Record<string, District>)) {
    const [kec, unit, polsek, x, y, wards] = district;
    const whole = { kec, kab, unit, polsek };
    entries.push({ ...whole, code, kel: null, at: [x, y] });
    for (const [suffix, [kel, kx, ky]] of Object.entries(wards)) {
      entries.push({ ...whole, code: `${code}.${suffix}`, kel, at: [kx, ky] });
    }
  }
}

const byCode = new Map(entries.map((entry) => [entry.code, entry]));

/** A code of ours as a place; `null` when it is not one. */
export function areaOf(code: string): Area | null {
  return byCode.get(code) ?? null;
}

/** Names of areas far away, as the gazetteer told them. */
const far = new Map<string, string>();

/** Keeps the name of an area that is not one of ours. */
export function rememberArea(code: string, name: string): void {
  if (!byCode.has(code)) far.set(code, name);
}

/** The name of a code; the code itself when nobody has told its name. */
export function areaLabel(code: string): string {
  const entry = byCode.get(code);
  return entry === undefined ? (far.get(code) ?? code) : label(entry);
}

function label({ kel, kec, kab }: Entry): string {
  return kel === null ? t("form.area.kec", { kec, kab }) : t("form.area.kel", { kel, kec, kab });
}

/** The kecamatan of a unit, with their names, for its map. */
export function districtsOf(unit: UnitId): { name: string; at: Spot }[] {
  return entries
    .filter((entry) => entry.unit === unit && entry.kel === null)
    .map(({ kec, at }) => ({ name: kec, at }));
}
