/** Pages in a real browser, which fail the test that opened them for whatever they complain of or fetch from elsewhere. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { keptBrowser } from './kept-browser.js';
import { hangingMs } from './pace.js';
import { smallPng } from './png.js';
import { skipWithout } from './skip.js';

/** A page that is in sight draws sixty times a second. */
const NO_FRAME_MS = 10_000;

/** Ignored by git. */
const SCREENSHOTS = fileURLToPath(new URL('../../.cache/screenshots/', import.meta.url));

/** What the documents show. */
export const PICTURES = fileURLToPath(new URL('../../docs/how-to/images/', import.meta.url));

/** Whether pictures are to be made for the documents. */
export const arePicturesUpdated = Boolean(process.env.UPDATE_SCREENSHOTS);

/** Whether pictures are kept that tests take by the way, for who wants to see what they saw: each costs as much as it does to go to another view. */
const areShotsKept = Boolean(process.env.KEEP_SCREENSHOTS);

/** How pages are opened of which pictures are made: the same wherever that is. */
export const FOR_PICTURES: BrowserContextOptions = {
  viewport: { width: 1200, height: 800 },
  colorScheme: 'light',
  reducedMotion: 'reduce',
  locale: 'en-GB',
  timezoneId: 'UTC',
};

export interface OpenPage extends Page {
  /** What it complained of so far: errors on its console and thrown, requests that went elsewhere. A test may take out what it expects. */
  readonly complaints: string[];
  /** Keeps a picture under this name, with $KEEP_SCREENSHOTS. */
  shot(name: string): Promise<void>;
  /** Keeps a picture of the documents; with $UPDATE_SCREENSHOTS it takes the place of the one that they show. */
  picture(name: string): Promise<void>;
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
    const launched = await keptBrowser();
    if (typeof launched !== 'string') {
      browser = launched;
      return;
    }
    const message = `no Chromium for the tests of the page: ${launched}; install one or name it in $CHROMIUM_BIN`;
    if (process.env.CI) throw new Error(message);
    skipWithout(this, {
      missing: 'Chromium',
      remedy: `${launched}; install one or name it in $CHROMIUM_BIN`,
    });
  });

  afterEach(async function () {
    const opened = pages.splice(0);
    const complaints = opened.flatMap((page) => page.complaints);
    if (this.currentTest?.state === 'failed') {
      const name = this.currentTest.fullTitle().replace(/\W+/g, '-');
      for (const page of opened) {
        process.stderr.write(`${name}: the page stood at ${page.url()}, and ${await drawing(page)}\n`);
        await keepShot(page, `failed-${name}`).catch(() => undefined);
      }
    }
    for (const page of opened) await page.context().close();
    if (complaints.length === 0) return;
    const message = `expected the page to have nothing to complain of, got: ${complaints.join('\n')}`;
    // A hook that fails ends the suite: a test that has failed already is not made worse.
    if (this.currentTest?.state === 'failed') process.stderr.write(`${message}\n`);
    else throw new Error(message);
  });

  return {
    async open(url, options = {}) {
      if (browser === undefined) throw new Error('expected a page to be opened inside a test, got: outside');
      const context = await browser.newContext({
        viewport: { width: 1280, height: 860 },
        // What moves is drawn sixty times a second, without a graphics card.
        reducedMotion: 'reduce',
        ...options,
      });
      const page = await observed(await context.newPage(), new URL(url).origin);
      pages.push(page);
      await page.goto(url);
      return page;
    },
  };
}

async function keep(folder: string, name: string, png: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.png`), png);
}

async function keepShot(page: Page, name: string): Promise<void> {
  await keep(SCREENSHOTS, name, await page.screenshot());
}

/** Whether it draws: what waits to be seen waits for ever where a browser draws nothing any more. */
async function drawing(page: Page): Promise<string> {
  const drawn = page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))').then(() => 'draws');
  const hung = delay(NO_FRAME_MS, 'draws nothing', { ref: false });
  return await Promise.race([drawn, hung]).catch((error: unknown) => `cannot be asked: ${String(error)}`);
}

async function observed(page: Page, origin: string): Promise<OpenPage> {
  page.setDefaultTimeout(hangingMs());
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
    if (areShotsKept) await keepShot(page, name);
  };
  const picture = async (name: string) => {
    // What lies under the pointer would look different.
    await page.mouse.move(0, 0);
    const png = smallPng(await page.screenshot({ caret: 'hide' }));
    await keep(arePicturesUpdated ? PICTURES : SCREENSHOTS, name, png);
  };
  return Object.assign(page, { complaints, shot, picture });
}
