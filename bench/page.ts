/** The inspector's page in Chromium, and what it says of itself. */
import type { Browser } from 'playwright-core';

const PATIENCE_MS = 60_000;

/** Runs in the page, before anything of its own. */
const KEEP_LONG_TASKS = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) longTasks.push({ startTime, duration });
  }).observe({ type: 'longtask', buffered: true });
`;

export interface LongTask {
  /** Milliseconds since the page was asked for. */
  readonly startTime: number;
  /** Milliseconds: at least 50, else it is none. */
  readonly duration: number;
}

export interface OpenPage {
  /** Milliseconds from its being asked for to the first actor in sight, and to its knowing all of them. */
  readonly firstViewMs: number;
  readonly allKnownMs: number;
  /** Those of so many milliseconds from now on. */
  longTasksWithin(ms: number): Promise<LongTask[]>;
  close(): Promise<void>;
}

/** Opens the list of actors, and waits until it has so many streams. */
export async function openActors(browser: Browser, url: string, streams: number): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  await page.addInitScript(KEEP_LONG_TASKS);
  await page.goto(`${url}#/actors`, { waitUntil: 'commit' });
  // Looked at on each frame.
  const when = async (condition: string) => {
    const look = `() => {
      if (${condition}) resolve(performance.now());
      else if (performance.now() > ${PATIENCE_MS}) reject(new Error('waited in vain'));
      else requestAnimationFrame(look);
    }`;
    return Number(await page.evaluate(`new Promise((resolve, reject) => { const look = ${look}; look(); })`));
  };
  const all = streams.toLocaleString('en');
  const chips = `[...document.querySelectorAll('[aria-label="Machines"] button')]`;
  const firstViewMs = await when(`document.querySelector('[data-actor]') !== null`);
  const allKnownMs = await when(`${chips}.some((chip) => chip.textContent.trim() === 'ownership ${all}')`);
  return {
    firstViewMs,
    allKnownMs,
    async longTasksWithin(ms) {
      const from = Number(await page.evaluate('performance.now()'));
      await page.waitForTimeout(ms);
      const tasks = (await page.evaluate('longTasks')) as LongTask[];
      return tasks.filter(({ startTime }) => startTime >= from);
    },
    close: () => context.close(),
  };
}
