/**
 * A browser that goes from one suite of this process to the next: to find, start and end one costs as much as ten pages. A suite leaves nothing
 * in it, as each page has a context of its own, which ends with its test.
 */
import { type Browser, chromium } from 'playwright-core';
import { findChromium } from './chromium.js';
import { atEnd } from './run-end.js';

/** Of no use to tests, and each of them a connection to somewhere. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // One site in a page, and nothing foreign: a process less for each page.
  '--disable-site-isolation-trials',
  '--disable-features=SpareRendererForSitePerProcess,IsolateOrigins,site-per-process',
  '--process-per-site',
  '--renderer-process-limit=1',
  // A page lives for seconds: it pays neither to optimise what it runs nor to do so on further threads.
  '--js-flags=--single-threaded --no-opt',
];

let kept: Promise<Browser | string> | undefined;

/** @returns in words why there is none */
export async function launchBrowser(): Promise<Browser | string> {
  const found = await findChromium();
  return typeof found === 'string' ? found : chromium.launch({ executablePath: found.path, args: QUIET });
}

/** The one of this process; a new one where that has ended by itself. @returns in words why there is none */
export async function keptBrowser(): Promise<Browser | string> {
  const browser = await kept;
  if (browser === undefined || (typeof browser !== 'string' && !browser.isConnected())) {
    kept = launchBrowser();
    atEnd(closeKept);
  }
  return kept as Promise<Browser | string>;
}

async function closeKept(): Promise<void> {
  const browser = await kept;
  kept = undefined;
  if (typeof browser === 'object') await browser.close();
}
