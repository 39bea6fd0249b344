/** Pages in a real browser, which fail the test that opened them for whatever they complain of or fetch from elsewhere. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findChromium } from './chromium.js';

/** Of no use to tests, and each of them a connection to somewhere. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Ignored by git. */
const SCREENSHOTS = fileURLToPath(new URL('../../.cache/screenshots/', import.meta.url));

const PATIENCE_MS = 10_000;

export interface OpenPage extends Page {
  /** What it complained of so far: errors on its console and thrown, requests that went elsewhere. A test may take out what it expects. */
  readonly complaints: string[];
  /** Keeps a picture under this name. */
  shot(name: string): Promise<void>;
}

export interface SuiteBrowser {
  /** Opens a page that is closed after the test. */
  open(url: string, options?: BrowserContextOptions): Promise<OpenPage>;
}

/** Skips the suite, loudly, where there is no browser; in CI that is a failure. */
export function useBrowser(): SuiteBrowser {
  let browser: Browser | undefined;
  const pages: OpenPage[] = [];

  before(async function () {
    this.timeout(600_000);
    const found = await findChromium();
    if (typeof found !== 'string') {
      browser = await chromium.launch({ executablePath: found.path, args: QUIET });
      return;
    }
    const message = `no Chromium for the tests of the page: ${found}; install one or name it in $CHROMIUM_BIN`;
    if (process.env.CI) throw new Error(message);
    process.stderr.write(`\n!!! SKIPPED: ${message}\n\n`);
    this.skip();
  });

  afterEach(async function () {
    const opened = pages.splice(0);
    const complaints = opened.flatMap((page) => page.complaints);
    if (this.currentTest?.state === 'failed') {
      const name = this.currentTest.fullTitle().replace(/\W+/g, '-');
      for (const page of opened) await page.shot(`failed-${name}`).catch(() => undefined);
    }
    for (const page of opened) await page.context().close();
    if (complaints.length > 0) {
      throw new Error(`expected the page to have nothing to complain of, got: ${complaints.join('\n')}`);
    }
  });

  after(async () => {
    await browser?.close();
  });

  return {
    async open(url, options = {}) {
      if (browser === undefined) throw new Error('expected a page to be opened inside a test, got: outside');
      const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
      const page = await observed(await context.newPage(), new URL(url).origin);
      pages.push(page);
      await page.goto(url);
      return page;
    },
  };
}

async function observed(page: Page, origin: string): Promise<OpenPage> {
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('request', (request) => {
    const isOurs = request.url().startsWith(`${origin}/`) || /^(blob|data):/.test(request.url());
    if (!isOurs) complaints.push(`a request went to ${request.url()}`);
  });
  const shot = async (name: string) => {
    await mkdir(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  };
  return Object.assign(page, { complaints, shot });
}
