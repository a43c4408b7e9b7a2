// Kelurahan and kecamatan of Jabodetabek by their Kemendagri codes, for the second line of "Lokasi".
// Names come from cahyadsn/wilayah (MIT, public/licences/cahyadsn-wilayah.txt).

import tree from "./data/areas.json";
import { t } from "./messages";

export interface Area {
  code: string;
  label: string;
}

interface Entry extends Area {
  key: string;
}

const plain = (text: string): string => text.toLowerCase().replace(/[\s-]/g, "");
const city = (name: string): string =>
  name
    .replace("Kabupaten Administrasi ", "")
    .replace("Kota Administrasi ", "")
    .replace("Kabupaten ", "Kab. ");

const entries: Entry[] = [];
for (const [kabkota, districts] of Object.entries(tree)) {
  const kab = city(kabkota);
  for (const [code, [kec, wards]] of Object.entries(districts as unknown as Districts)) {
    entries.push({ code, label: t("form.area.kec", { kec, kab }), key: plain(kec) });
    for (const [suffix, kel] of Object.entries(wards)) {
      const label = t("form.area.kel", { kel, kec, kab });
      entries.push({ code: `${code}.${suffix}`, label, key: plain(kel) });
    }
  }
}

type Districts = Record<string, [string, Record<string, string>]>;

const byCode = new Map(entries.map((entry) => [entry.code, entry.label]));

/** The name of a code; the code itself when it is not one of ours. */
export function areaLabel(code: string): string {
  return byCode.get(code) ?? code;
}

/** Areas whose name starts with, or else contains, what was typed; at most eight. */
export function findAreas(typed: string): Area[] {
  const key = plain(typed.replace(/^(kelurahan|kecamatan|kel|kec|desa)\.?\s+/i, ""));
  if (key.length < 2) return [];
  const starts = entries.filter((entry) => entry.key.startsWith(key));
  const contains = entries.filter((entry) => entry.key.indexOf(key) > 0);
  return [...starts, ...contains].slice(0, 8);
}
