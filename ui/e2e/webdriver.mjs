// As much of W3C WebDriver as the window tests need, over fetch. Works against tauri-driver.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How long a step may take before the test gives up. Generous: the machine may be busy. */
const PATIENCE_MS = 60_000;
const POLL_MS = 50;

export class Window {
  #base;
  #session;
  #shots;
  #taken = 0;
  /** How often a hand came down on the keyboard, chords as one, typed text left out. */
  pressed = 0;

  /** Opens `application` with `args` through the driver at `base`; pictures go to `shots`. */
  static async open({ base, application, args = [], shots }) {
    const window = new Window();
    window.#base = base;
    window.#shots = shots;
    mkdirSync(shots, { recursive: true });
    const options = { browserName: "wry", "tauri:options": { application, args } };
    const { sessionId } = await window.#ask("POST", "/session", {
      capabilities: { alwaysMatch: options },
    });
    window.#session = `/session/${sessionId}`;
    return window;
  }

  async #ask(method, path, body) {
    const response = await fetch(this.#base + path, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const { value } = await response.json();
    if (value?.error) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  /** The id of the element with this `data-testid`, `null` when it is not there. */
  async find(testid) {
    const found = await this.#ask("POST", `${this.#session}/elements`, {
      using: "css selector",
      value: `[data-testid="${testid}"]`,
    });
    return found.length === 0 ? null : Object.values(found[0])[0];
  }

  async #element(testid) {
    await this.until(`“${testid}” is there`, async () => (await this.find(testid)) !== null);
    return this.find(testid);
  }

  /** The text of the element as it is rendered, "" when it is not there. */
  text(testid) {
    // What is drawn as SVG has no innerText.
    const script = `const e = document.querySelector('[data-testid="${testid}"]');
      return e?.innerText ?? e?.textContent ?? "";`;
    return this.run(script);
  }

  async click(testid) {
    const element = await this.#element(testid);
    await this.#ask("POST", `${this.#session}/element/${element}/click`, {});
  }

  async type(testid, text) {
    const element = await this.#element(testid);
    await this.#ask("POST", `${this.#session}/element/${element}/value`, { text });
  }

  /** Types where the caret is. */
  async write(text) {
    const actions = [...text].flatMap((value) => [
      { type: "keyDown", value },
      { type: "keyUp", value },
    ]);
    await this.#ask("POST", `${this.#session}/actions`, {
      actions: [{ type: "key", id: "keyboard", actions }],
    });
  }

  /** Presses a key with its modifiers wherever the caret is. */
  async press(...keys) {
    this.pressed += 1;
    const codes = {
      Tab: "\uE004",
      ArrowDown: "\uE015",
      F6: "\uE036",
      F2: "\uE032",
      F4: "\uE034",
      F5: "\uE035",
      F8: "\uE038",
      F9: "\uE039",
      F1: "\uE031",
      F3: "\uE033",
      Backspace: "\uE003",
      Enter: "\uE007",
      Esc: "\uE00C",
    };
    const held = { Ctrl: "\uE009", Alt: "\uE00A", Shift: "\uE008" };
    const values = keys.map((key) => codes[key] ?? held[key] ?? key);
    const actions = [
      ...values.map((value) => ({ type: "keyDown", value })),
      ...values.toReversed().map((value) => ({ type: "keyUp", value })),
    ];
    await this.#ask("POST", `${this.#session}/actions`, {
      actions: [{ type: "key", id: "keyboard", actions }],
    });
  }

  run(script, ...args) {
    return this.#ask("POST", `${this.#session}/execute/sync`, { script, args });
  }

  /** Waits until `holds` answers true. */
  async until(what, holds) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (Date.now() > deadline) {
        await this.shot("given-up");
        throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** The screen that is shown (`data-screen`). */
  shown() {
    return this.run(`return document.querySelector('[data-testid="app"]')?.dataset.screen ?? ""`);
  }

  /** Waits until the window shows this screen. */
  async screen(name) {
    await this.until(`the screen is “${name}”`, async () => (await this.shown()) === name);
  }

  async shot(name) {
    this.#taken += 1;
    // With its letters, and with what was typed last: two frames later all of it is painted.
    await this.run(`window.__painted = false;
      const frame = (then) => requestAnimationFrame(then);
      void document.fonts.ready.then(() => frame(() => frame(() => (window.__painted = true))));`);
    await this.until("all is painted", () => this.run("return window.__painted === true"));
    const file = join(this.#shots, `${String(this.#taken).padStart(2, "0")}-${name}.png`);
    const png = await this.#ask("GET", `${this.#session}/screenshot`);
    writeFileSync(file, Buffer.from(png, "base64"));
    return file;
  }

  close() {
    return this.#ask("DELETE", this.#session);
  }
}
