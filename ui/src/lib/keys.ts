// Which key is meant. Every key of the window is handled on keydown, in one place.

/** A key with its modifiers, as it stands on the button: `F9`, `Shift+F9`, `Ctrl+Enter`, `Alt+1`. */
export type Combo = string;

/** The combination of an event, `null` for a modifier alone. */
export function comboOf(event: KeyboardEvent): Combo | null {
  if (["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock"].includes(event.key)) return null;
  // AltGr types characters on many keyboards; it reports Ctrl+Alt, which we never use.
  if (event.getModifierState("AltGraph") || (event.ctrlKey && event.altKey)) return null;
  // With Alt some layouts give another character: the place of the key is what is meant.
  const place = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1];
  const key = event.altKey && place !== undefined ? place : event.key;
  const name = key.length === 1 ? key.toUpperCase() : key;
  const parts = [
    event.ctrlKey ? "Ctrl" : "",
    event.altKey ? "Alt" : "",
    // A letter or sign already says whether Shift was held.
    event.shiftKey && name.length > 1 ? "Shift" : "",
    name === "Escape" ? "Esc" : name,
  ];
  return parts.filter((part) => part !== "").join("+");
}

/** Whether the key belongs to typing, so that no action may take it. */
export function isTyping(combo: Combo): boolean {
  return !/^(F\d+|Esc|Pause|.+\+.+)$/.test(combo) || combo === "Shift+Enter";
}

/** Whether the key writes into the field that has the caret. */
export function typesText(combo: Combo, target: EventTarget | null): boolean {
  const field = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  if (!field || ["radio", "checkbox"].includes(target.type)) return false;
  return combo.length === 1 || ["Backspace", "Delete", "Shift+Enter"].includes(combo);
}

/** What a browser would do with a key, and a seat must not: load the page again, leave it, cover it. */
const BROWSER: readonly Combo[] = [
  ...["F3", "F5", "F7", "F11", "F12"].flatMap((key) => [key, `Ctrl+${key}`, `Shift+${key}`]),
  ...["D", "F", "G", "H", "J", "N", "O", "P", "R", "S", "T", "U", "W"].map((key) => `Ctrl+${key}`),
  ...["0", "+", "-", "="].map((key) => `Ctrl+${key}`),
  "Alt+ArrowLeft",
  "Alt+ArrowRight",
  "Alt+Home",
];

/** Whether the key is one that the webview must not see. */
export function isBrowsers(combo: Combo): boolean {
  return BROWSER.includes(combo);
}

/** The parts of a combination, one for each keycap. */
export function caps(combo: Combo): string[] {
  return combo.split("+");
}
