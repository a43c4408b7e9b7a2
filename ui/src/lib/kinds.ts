// The tree of call kinds as choices, and how a few letters find one.

import { t, type MessageKey } from "./messages";
import { kinds } from "./messages/id/kinds";

type KindKey = Extract<keyof typeof kinds, `kind.${string}`>;

export interface KindChoice {
  /** `branch/leaf`, as it is stored. */
  value: string;
  label: string;
  branch: string;
}

const VALUES = (Object.keys(kinds) as (keyof typeof kinds)[])
  .filter((key): key is KindKey => key.startsWith("kind."))
  .map((key) => key.slice("kind.".length));

const choice = (value: string): KindChoice => ({
  value,
  label: t(`kind.${value}` as MessageKey),
  branch: t(`branch.${value.split("/")[0]}` as MessageKey),
});

/** What people say for a kind besides its name. */
const ALSO: Readonly<Record<string, string>> = {
  "pelaporan/kecelakaan_lalu_lintas": "laka lantas tabrakan",
  "pelaporan/kecelakaan_tol": "laka tol",
  "pelaporan/begal_curas": "rampok jambret todong",
  "pelaporan/curat": "maling bobol pencurian",
  "pelaporan/curanmor": "motor mobil hilang dicuri",
  "pelaporan/kebakaran": "api damkar",
  "pelaporan/percobaan_bunuh_diri": "lompat",
  "pelaporan/orang_sakit": "pingsan ambulans",
  "pelaporan/tindak_kekerasan": "pukul keroyok aniaya berkelahi",
  "pelaporan/penipuan": "tipu",
  "pengaduan/kdrt": "suami istri rumah tangga dipukul",
  "pengaduan/gangguan_ketertiban_suara": "bising ribut musik berisik",
  "informasi/layanan_sim": "sim",
  "informasi/layanan_stnk_bpkb": "stnk bpkb pajak",
  "informasi/layanan_skck": "skck",
};

/** How well `typed` names the kind: 0 is best, `null` not at all. Every word must be found. */
function fit({ value, label }: KindChoice, words: string[]): number | null {
  const name = label.toLowerCase();
  const all = `${name} ${value.replaceAll(/[_/]/g, " ")} ${ALSO[value] ?? ""}`.split(/\s+/);
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
  return VALUES.includes(kind) ? t(`kind.${kind}` as MessageKey) : kind;
}
