// What must never be seen on a page: text that is cut off, outside the window, or under something
// else. Runs inside the page.

export function audit(): string[] {
  const faults: string[] = [];
  const allowed = (e: Element): Element | null =>
    e.closest(".el, .vh, .scroll, .rows, .foot, .sheet, .map, .told, [data-may-clip]");
  for (const e of document.querySelectorAll("#app *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && (n.textContent ?? "").trim());
    const box = e.getBoundingClientRect();
    if (!box.width || e.closest("option, .vh")) continue;
    const id = `${e.getAttribute("class") ?? ""} “${(e.textContent ?? "").trim().slice(0, 40)}”`;
    const style = getComputedStyle(e);
    const clips = /hidden|auto/.test(style.overflowX + style.overflowY);
    const over = [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight];
    const tooBig = over.some((by) => by > 1) && !e.matches(".app, textarea, select");
    if (clips && tooBig && !allowed(e)) faults.push(`CLIP ${over} ${id}`);
    const below = box.bottom > innerHeight + 1 && !e.closest(".scroll, .rows, [data-may-clip]");
    if (own && !e.closest(".map") && (box.right > innerWidth + 1 || below || box.left < -1)) {
      faults.push(`OUT ${id}`);
    }
    if (!own || e.closest("svg, option") || allowed(e)) continue;
    for (let p = e.parentElement; p !== null && p.id !== "app"; p = p.parentElement) {
      if (!/hidden|auto/.test(getComputedStyle(p).overflowY)) continue;
      const q = p.getBoundingClientRect();
      if (box.bottom > q.bottom + 1 || box.right > q.right + 1) faults.push(`CUT ${id}`);
      break;
    }
  }
  return faults;
}

/** What a narrow window would show only to who scrolls sideways. Runs inside the page. */
export function sideways(): string[] {
  return [...document.querySelectorAll("#app *")].flatMap((e) => {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && (n.textContent ?? "").trim());
    const box = e.getBoundingClientRect();
    if (!own || !box.width || e.closest("option, .vh, .map, .el, svg")) return [];
    const out = box.right > innerWidth + 1 || box.left < -1;
    return out ? [`OUT ${e.className} “${(e.textContent ?? "").trim().slice(0, 40)}”`] : [];
  });
}
