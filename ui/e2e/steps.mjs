// What journeys look at and do in the window, beside what WebDriver itself can do.

/** The steps of a journey in this window. */
export function steps(window) {
  const value = (id) =>
    window.run(`return document.querySelector('[data-testid="${id}"]')?.value ?? ""`);
  const has = (css) => window.run(`return document.querySelector('${css}') !== null`);
  const level = (id) =>
    window.run(
      `return parseFloat(document.querySelector('[data-testid="${id}"] i')?.style.getPropertyValue("--v") ?? "0")`,
    );
  const says = (id, pattern) =>
    window.until(`“${id}” says ${pattern}`, async () => pattern.test(await window.text(id)));

  /** Answers. On a machine that is too slow for the time to ring: says that it is ready, once more. */
  async function answer() {
    for (;;) {
      await window.screen("ringing");
      await window.press("F9");
      let now = "ringing";
      await window.until(
        "the ring is over",
        async () => (now = await window.shown()) !== "ringing",
      );
      if (now === "call") return;
      await says("seat-state", /Tak menjawab/);
      await window.press("Shift", "F9");
    }
  }

  /** Says that this seat wants calls, unless it has one already. */
  async function beReady() {
    await window.screen("idle");
    if (/Siap/.test(await window.text("seat-state"))) return;
    await window.press("Shift", "F9");
    await says("seat-state", /Siap|Berdering/);
  }

  return { value, has, level, says, answer, beReady };
}
