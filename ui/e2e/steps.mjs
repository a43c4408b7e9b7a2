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

  /** As long as a hand needs to see that the screen is another one; sooner a chord does nothing. */
  const notice = () => new Promise((resolve) => setTimeout(resolve, 600));

  /** Opens the form that closes a call. */
  async function openClosing() {
    await notice();
    await window.press("Ctrl", "Enter");
    await window.until("the closing form is open", () => has('[data-testid="closing-kind"]'));
  }

  /** Waits until all that was typed is kept. */
  const kept = () =>
    window.until("what was typed is kept", () => has('[data-testid="saved"][data-kept="true"]'));

  /** What has the caret. */
  const caret = () =>
    window.run(`return document.activeElement?.closest("[data-testid]")?.dataset.testid ?? ""`);

  /** Goes on with Tab until the caret is there. */
  async function to(testid) {
    for (let steps = 0; (await caret()) !== testid; steps += 1) {
      if (steps > 20)
        throw new Error(`Tab does not lead to “${testid}”, but to “${await caret()}”`);
      await window.press("Tab");
    }
  }

  /** Prints how often the hand came down since the last time, and holds it to what was promised. */
  function presses(path, most) {
    const { pressed } = window;
    window.pressed = 0;
    console.log(`${path}: ${pressed} key presses beyond the typed text`);
    if (pressed > most) throw new Error(`${path} took ${pressed} key presses, ${most} are allowed`);
  }

  /** Picks a destination by its key. */
  async function pick(unit) {
    const places = () =>
      window.run(`return [...document.querySelectorAll('[data-testid^="destination-"]')]
        .map((one) => one.dataset.testid)`);
    const wanted = `destination-${unit}`;
    await window.until(`${unit} is offered`, async () => (await places()).includes(wanted));
    await window.press("Alt", String((await places()).indexOf(wanted) + 1));
    await says("picked", /\S/);
  }

  return {
    value,
    has,
    level,
    says,
    answer,
    beReady,
    caret,
    to,
    pick,
    notice,
    openClosing,
    kept,
    presses,
  };
}
