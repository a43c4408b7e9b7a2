// Pictures of every prepared state, and a check that nothing is clipped or outside the window:
// `npm run build:states && node e2e/shots.mjs OUT [STATE…]`. Needs Chromium (CHROMIUM, else
// /usr/bin/chromium).
import { createReadStream, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [out = "shots", ...only] = process.argv.slice(2);
const pages = join(dirname(fileURLToPath(import.meta.url)), "../dist-states");
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
mkdirSync(out, { recursive: true });

const server = createServer((request, response) => {
  const path = normalize(new URL(request.url ?? "/", "http://x").pathname);
  response.setHeader("content-type", types[extname(path)] ?? "application/octet-stream");
  createReadStream(join(pages, path))
    .on("error", () => response.writeHead(404).end())
    .pipe(response);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${server.address().port}/states.html`;

/** Text that is cut off, outside the window, or under something else. */
function audit() {
  const faults = [];
  const allowed = (e) => e.closest(".el, .vh, .scroll, .foot, .sheet, [data-may-clip]");
  for (const e of document.querySelectorAll("#app *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const box = e.getBoundingClientRect();
    if (!box.width || e.closest("option, .vh")) continue;
    const id = `${e.className.baseVal ?? e.className} “${e.textContent.trim().slice(0, 40)}”`;
    const style = getComputedStyle(e);
    const clips = /hidden|auto/.test(style.overflowX + style.overflowY);
    const over = [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight];
    if (
      clips &&
      (over[0] > 1 || over[1] > 1) &&
      !allowed(e) &&
      !e.matches(".app, textarea, select")
    )
      faults.push(`CLIP ${over} ${id}`);
    const below = box.bottom > innerHeight + 1 && !e.closest(".scroll");
    if (own && (box.right > innerWidth + 1 || below || box.left < -1)) faults.push(`OUT ${id}`);
    if (own && !e.closest("svg, option") && !allowed(e)) {
      for (let p = e.parentElement; p && p.id !== "app"; p = p.parentElement) {
        if (!/hidden|auto/.test(getComputedStyle(p).overflowY)) continue;
        const q = p.getBoundingClientRect();
        if (box.bottom > q.bottom + 1 || box.right > q.right + 1) faults.push(`CUT ${id}`);
        break;
      }
    }
  }
  return faults;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
let bad = 0;
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => {
    bad += 1;
    console.log("ERROR", error.message);
  });
  await page.goto(base);
  const names = only.length > 0 ? only : (process.env.STATES ?? "").split(",").filter(Boolean);
  for (const name of names) {
    const [state, keys] = name.split("+");
    for (const [width, height] of [
      [1366, 768],
      [1366, 680],
    ]) {
      for (const theme of process.env.THEMES?.split(",") ?? ["light"]) {
        await page.setViewportSize({ width, height });
        await page.goto(`${base}?state=${state}&theme=${theme}`);
        await page.evaluate(() => document.fonts.ready.then(() => undefined));
        for (const key of keys?.split(",") ?? [])
          await page.keyboard.press(key.replaceAll("-", "+"));
        await page.screenshot({ path: join(out, `${name}-${width}x${height}-${theme}.png`) });
        const faults = await page.evaluate(audit);
        bad += faults.length;
        console.log(`${name} ${width}x${height} ${theme}`, faults.length === 0 ? "ok" : faults);
      }
    }
  }
} finally {
  await browser.close();
  server.close();
}
process.exitCode = bad === 0 ? 0 : 1;
