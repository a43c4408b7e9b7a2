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
  key: string;
}

type District = [string, UnitId, string, number, number, Record<string, [string, number, number]>];

/** How a place name is compared: without blanks, hyphens and capitals. */
export const plain = (text: string): string => text.toLowerCase().replace(/[\s-]/g, "");

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
    entries.push({ ...whole, code, kel: null, at: [x, y], key: plain(kec) });
    for (const [suffix, [kel, kx, ky]] of Object.entries(wards)) {
      entries.push({ ...whole, code: `${code}.${suffix}`, kel, at: [kx, ky], key: plain(kel) });
    }
  }
}

const byCode = new Map(entries.map((entry) => [entry.code, entry]));

/** A code of ours as a place; `null` when it is not one. */
export function areaOf(code: string): Area | null {
  return byCode.get(code) ?? null;
}

/** The name of a code; the code itself when it is not one of ours. */
export function areaLabel(code: string): string {
  const entry = byCode.get(code);
  return entry === undefined ? code : label(entry);
}

function label({ kel, kec, kab }: Entry): string {
  return kel === null ? t("form.area.kec", { kec, kab }) : t("form.area.kel", { kel, kec, kab });
}

/** Areas whose name starts with, or else contains, what was typed; at most eight. */
export function findAreas(typed: string): Area[] {
  const key = plain(typed.replace(/^(kelurahan|kecamatan|kel|kec|desa)\.?\s+/i, ""));
  if (key.length < 2) return [];
  const starts = entries.filter((entry) => entry.key.startsWith(key));
  const contains = entries.filter((entry) => entry.key.indexOf(key) > 0);
  return [...starts, ...contains].slice(0, 8);
}

/** The kecamatan of a unit, with their names, for its map. */
export function districtsOf(unit: UnitId): { name: string; at: Spot }[] {
  return entries
    .filter((entry) => entry.unit === unit && entry.kel === null)
    .map(({ kec, at }) => ({ name: kec, at }));
}
