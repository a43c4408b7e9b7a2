// Remembers where the caret stands in a call's form, so that a page that reloads, or a form that
// comes back, has it again.

interface Caret {
  call: string;
  field: string;
  start: number | null;
  end: number | null;
}

const KEY = "caret";

export function keepCaret(target: EventTarget | null, call: string | null): void {
  if (!(target instanceof HTMLElement) || call === null) return;
  const field = target.dataset["field"];
  if (field === undefined) return;
  const text = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  const [start, end] = text ? [target.selectionStart, target.selectionEnd] : [null, null];
  sessionStorage.setItem(KEY, JSON.stringify({ call, field, start, end } satisfies Caret));
}

function kept(call: string | null): Caret | null {
  const text = sessionStorage.getItem(KEY);
  if (text === null) return null;
  const caret = JSON.parse(text) as Caret;
  return caret.call === call ? caret : null;
}

/** Gives the caret to the remembered field of this call, else to `otherwise`. */
export function restoreCaret(root: HTMLElement, call: string | null, otherwise: string): void {
  const caret = kept(call);
  const name = caret?.field ?? otherwise;
  const field = root.querySelector<HTMLElement>(`[data-field="${name}"]`);
  field?.focus();
  const text = field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement;
  if (text && caret !== null && caret.start !== null) {
    field.setSelectionRange(caret.start, caret.end ?? caret.start);
  }
}
