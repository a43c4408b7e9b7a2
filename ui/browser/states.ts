// The page of prepared states in a real browser: what the tests of looks, access and speed share.
// `npm run build:states` makes the page first.

import { createReadStream, existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";

const PAGES = join(import.meta.dirname, "../dist-states");
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".woff2": "font/woff2",
};

export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Why there is nothing to test here; `null` when there is. */
export function missing(): string | null {
  if (!existsSync(CHROMIUM)) return `no Chromium at ${CHROMIUM}`;
  return existsSync(join(PAGES, "states.html")) ? null : "npm run build:states was not run";
}

export interface Look {
  state: string;
  theme?: "light" | "dark";
  language?: "id" | "en";
  width?: number;
  height?: number;
  /** Keys that are pressed first, as Playwright names them. */
  keys?: readonly string[];
}

export class States {
  private constructor(
    private readonly server: Server,
    private readonly browser: Browser,
    readonly page: Page,
    private readonly base: string,
  ) {}

  static async open(): Promise<States> {
    const server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? "/", "http://x").pathname);
      response.setHeader("content-type", TYPES[extname(path)] ?? "application/octet-stream");
      createReadStream(join(PAGES, path))
        .on("error", () => response.writeHead(404).end())
        .pipe(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a port");
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      // Letters as gray steps and one colour space: the same picture on every machine.
      args: ["--no-sandbox", "--disable-lcd-text", "--force-color-profile=srgb", "--disable-gpu"],
    });
    const page = await browser.newPage();
    return new States(server, browser, page, `http://127.0.0.1:${address.port}/states.html`);
  }

  /** Shows a state with its clock standing still. */
  async show(look: Look): Promise<Page> {
    const { state, theme = "light", language = "id", width = 1366, height = 768, keys = [] } = look;
    await this.page.setViewportSize({ width, height });
    const query = new URLSearchParams({ state, theme, language, still: "1" });
    await this.page.goto(`${this.base}?${query}`);
    await this.page.evaluate(() => document.fonts.ready.then(() => undefined));
    for (const key of keys) await this.page.keyboard.press(key);
    // A page that says that it has failed looks well and is accessible.
    if ((await this.page.getByTestId("broken").count()) > 0) throw new Error(`${state} is broken`);
    return this.page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.close();
  }
}
