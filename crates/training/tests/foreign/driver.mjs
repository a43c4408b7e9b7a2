// Opens a browser with the telephone in it and connects it to the test: orders come as lines of JSON
// on standard input, `{"do": …}`, and what happens goes to standard output in the same way. The end
// of the input closes the browser.
//
// node driver.mjs CHROMIUM VOICE.wav HEARD.wav: the browser's program, what its microphone hears over
// and over, and where what it heard is written to at {"do": "report"} (48 kHz mono).
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const [program, voice, heardFile] = process.argv.slice(2);
const RATE = 48_000;

const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

async function script() {
  const bundle = await build({
    entryPoints: [join(dirname(fileURLToPath(import.meta.url)), 'telephone.mjs')],
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'error',
  });
  return bundle.outputFiles[0].text;
}

function wav(samples) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22); // mono
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

// A page from 127.0.0.1 is a secure context, without which there is no microphone.
async function serve() {
  const telephone = await script();
  const server = createServer(async (request, response) => {
    if (request.url === '/telephone.js') {
      response.setHeader('content-type', 'text/javascript');
      response.end(telephone);
    } else if (request.url === '/heard') {
      const parts = [];
      for await (const part of request) parts.push(part);
      writeFileSync(heardFile, wav(Buffer.concat(parts)));
      tell({ event: 'reported' });
      response.end();
    } else if (request.url === '/favicon.ico') {
      response.statusCode = 204;
      response.end();
    } else if (request.url === '/') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><audio muted></audio><script src="/telephone.js"></script>');
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

const server = await serve();
const began = performance.now();
const browser = await chromium.launch({
  executablePath: program,
  args: [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
    // Machines with no network but loopback have no other candidate.
    '--allow-loopback-in-peer-connection',
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-audio-capture=${voice}`,
  ],
});
const page = await browser.newPage();
page.on('console', (message) => process.stderr.write(`page: ${message.text()}\n`));
page.on('pageerror', (error) => tell({ event: 'broken', why: String(error) }));
page.on('crash', () => tell({ event: 'broken', why: 'the page crashed' }));
await page.exposeFunction('tell', tell);
await page.goto(`http://127.0.0.1:${server.address().port}/`);
tell({
  event: 'ready',
  browser: browser.version(),
  openedIn: Math.round(performance.now() - began),
});

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...how } = JSON.parse(line);
  try {
    await page.evaluate(([what, how]) => globalThis.telephone[what](how), [what, how]);
  } catch (error) {
    tell({ event: 'broken', why: `${what}: ${error}` });
  }
}
await browser.close();
server.close();
