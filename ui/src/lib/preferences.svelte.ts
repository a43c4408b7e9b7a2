// How this computer shows the window: theme, language and size. The engine keeps them with its other
// settings; the page's own storage holds a copy, so that the first picture after a start is right.

export type Language = "id" | "en";
export type Theme = "system" | "light" | "dark";

export const LANGUAGES: readonly Language[] = ["id", "en"];
export const THEMES: readonly Theme[] = ["system", "light", "dark"];
/** Percent. */
export const SCALES: readonly number[] = [100, 125, 150, 175, 200];

const KEY = "preferences";

interface Kept {
  language: Language;
  theme: Theme;
  scale: number;
}

const DEFAULTS: Kept = { language: "id", theme: "system", scale: 100 };

/** What was kept; anything that is not one of the choices counts as not kept. */
function kept(): Kept {
  const known = <T>(choices: readonly T[], value: unknown, otherwise: T): T =>
    choices.find((choice) => choice === value) ?? otherwise;
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const { language, theme, scale } = Object(found) as Partial<Kept>;
    return {
      language: known(LANGUAGES, language, DEFAULTS.language),
      theme: known(THEMES, theme, DEFAULTS.theme),
      scale: known(SCALES, scale, DEFAULTS.scale),
    };
  } catch {
    return DEFAULTS;
  }
}

class Preferences {
  language = $state<Language>(DEFAULTS.language);
  theme = $state<Theme>(DEFAULTS.theme);
  scale = $state(DEFAULTS.scale);
  /** What the engine has told last: an older state does not take back what was just chosen. */
  #told = "";

  constructor() {
    this.load();
  }

  load(): void {
    Object.assign(this, kept());
  }

  /** Takes what the engine keeps, when that has changed. */
  follow(settings: Kept): void {
    const { language, theme, scale } = settings;
    const told = JSON.stringify({ language, theme, scale });
    if (told === this.#told) return;
    this.#told = told;
    this.set({ language, theme, scale });
  }

  set(change: Partial<Kept>): void {
    Object.assign(this, change);
    const { language, theme, scale } = this;
    localStorage.setItem(KEY, JSON.stringify({ language, theme, scale } satisfies Kept));
  }
}

export const preferences = new Preferences();

/** Puts the choices on the page and keeps them there while they change. */
export function wearPreferences(root: HTMLElement): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const wear = (): void => {
    const { theme, language, scale } = preferences;
    root.dataset["theme"] = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
    root.lang = language;
    root.style.setProperty("--scale", String(scale / 100));
    root.dataset["scale"] = String(scale);
  };
  dark.addEventListener("change", wear);
  const stop = $effect.root(() => {
    $effect(wear);
  });
  return () => {
    stop();
    dark.removeEventListener("change", wear);
  };
}
