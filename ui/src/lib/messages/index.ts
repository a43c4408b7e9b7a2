// Everything that an operator reads. Indonesian is the language of the console; English has the same
// keys, and one that is missing does not compile. No text stands in markup or logic.

import { preferences, type Language } from "../preferences.svelte";
import { en } from "./en";
import { id } from "./id";

/** The key of a text. */
export type MessageKey = keyof typeof id;

/** Another language of a catalogue: the same keys, each with its text. */
export type Texts<T> = { readonly [K in keyof T]: string };

/** All texts by language. */
export const catalogues: Readonly<Record<Language, Texts<typeof id>>> = { id, en };

/** The text of `key` in the chosen language, its `{places}` filled in. */
export function t(key: MessageKey, places: Record<string, string | number> = {}): string {
  return catalogues[preferences.language][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in places ? String(places[name]) : whole,
  );
}
