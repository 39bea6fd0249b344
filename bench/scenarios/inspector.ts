/**
 * What the inspector costs a runtime, and how its page bears 10,000 streams. Nothing bare compares.
 *
 * First streams assigned and finished, and CPU of this process, with the inspector off, attached while nobody watches, and watched by a viewer in a
 * process of its own that reads everything and shows nothing. The three take turns in each round, after one round that is not counted.
 *
 * Then the page in Chromium, at the list of actors, beside a runtime that holds all the streams and in which 1,000 events a second happen, for ten
 * seconds: its long tasks (of 50 ms or more, by its own PerformanceObserver), and how long heartbeats took from when they were due until they were
 * answered and the event loop was held up; the latter two with the page closed as well. The page shares the processors with the runtime and Redis.
 */
import { readdir, readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import type { Seam } from '../../src/core/seam.js';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { launchBrowser } from '../../test/support/kept-browser.js';
import { createInspector, createProducer } from '../built.js';
import { cpuMeter, type Row, row, timed } from '../measure.js';
import { openActors } from '../page.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject, type Subject } from '../streamwarden.js';

const MODES = ['off', 'attached', 'watched'] as const;
type Mode = (typeof MODES)[number];

const VIEWER = fileURLToPath(new URL('../viewer-child.ts', import.meta.url));
const PAGE = fileURLToPath(new URL('../../.cache/page/', import.meta.url));
const HEARTBEAT_MS = 2000;
const WATCH_MS = 10_000;
/** Streams are finished and announced anew so many times a second, so many at a time; each is told so many events from its beginning to its end. */
const STEPS = 20;
const AT_ONCE = 13;
const EVENTS_EACH = 4;
/** How often the delay of the event loop is looked at, in milliseconds. */
const LOOK_MS = 10;
/** What was still to be told is told. */
const SETTLE_MS = 500;
const ROUNDS_OF_PAGE = 3;

interface Cost {
  /** Assigned a second. */
  readonly rate: number;
  /** CPU milliseconds of this process for each thousand streams, assigned and finished, and told of. */
  readonly cpu: number;
}

interface Calm {
  /** Milliseconds from when a heartbeat was due until it was answered, at most. */
  readonly heartbeatMs: number;
  /** Longest delay of the event loop, in milliseconds. */
  readonly loopMs: number;
  /** That happened in a second. */
  readonly events: number;
}

interface PageFigures extends Calm {
  readonly firstViewMs: number;
  readonly allKnownMs: number;
  readonly longTasks: number;
  readonly longestMs: number;
  readonly busyMs: number;
  readonly without: Calm;
}

async function startViewer(url: string): Promise<JsonLineProcess> {
  const viewer = JsonLineProcess.spawn(process.execPath, ['--import', 'tsx', VIEWER, url]);
  await viewer.waitFor(({ type }) => type === 'Watching', { name: 'the viewer watches' });
  return viewer;
}

async function live(url: string, streams: number, service: string, mode: Mode): Promise<Cost> {
  const subject = await createSubject(url, service, { capacity: streams * 2 });
  const inspector = mode === 'off' ? undefined : await createInspector();
  inspector?.attach(subject.runtime);
  const viewer = inspector && mode === 'watched' ? await startViewer(inspector.url) : undefined;
  const stop = await cpuMeter(url);
  const ms = await timed(() => subject.assign(streams));
  await subject.done('all');
  await delay(SETTLE_MS);
  const { client } = await stop();
  viewer?.kill('SIGKILL');
  await inspector?.close();
  await subject.close();
  return { rate: (streams / ms) * 1000, cpu: client / (streams / 1000) };
}

interface Churn {
  /** So far. */
  readonly events: number;
  end(): Promise<void>;
}

/** Streams come and go, at a steady rate. */
function startChurn(url: string, service: string, subject: Subject): Churn {
  const producer = createProducer({ redis: url, service });
  let isOver = false;
  let events = 0;
  const step = async () => {
    const some = [...subject.runtime.ownedStreams()].slice(0, AT_ONCE);
    await Promise.all(some.map((stream) => stream.done()));
    const again = some.map(({ name }) => ({ name }));
    await Promise.all([producer.addMany(again), subject.added(some.length)]);
    events += some.length * EVENTS_EACH;
  };
  const work = async () => {
    for (let due = performance.now(); !isOver; due += 1000 / STEPS) {
      await delay(Math.max(0, due - performance.now()));
      await step();
    }
  };
  const working = work();
  return {
    get events() {
      return events;
    },
    async end() {
      isOver = true;
      await working;
      await producer.close();
    },
  };
}

/** What heartbeats and the event loop were like while something was done. */
async function calmDuring<T>(
  { runtime }: Subject,
  churn: Churn,
  work: () => Promise<T>,
): Promise<Calm & { readonly result: T }> {
  const { seam } = runtime as unknown as { readonly seam: Seam };
  const loop = monitorEventLoopDelay({ resolution: LOOK_MS });
  let before: number | undefined;
  let heartbeatMs = 0;
  // One is due half a heartbeat after the one before was answered.
  const leave = seam.on('heartbeat', () => {
    const now = performance.now();
    if (before !== undefined) heartbeatMs = Math.max(heartbeatMs, now - before - HEARTBEAT_MS / 2);
    before = now;
  });
  const eventsBefore = churn.events;
  const began = performance.now();
  loop.enable();
  const result = await work();
  loop.disable();
  leave();
  const events = ((churn.events - eventsBefore) / (performance.now() - began)) * 1000;
  return { heartbeatMs, loopMs: loop.max / 1e6 - LOOK_MS, events, result };
}

async function withPage(
  url: string,
  streams: number,
  service: string,
  browser: Browser,
): Promise<PageFigures> {
  const subject = await createSubject(url, service, { capacity: streams * 2, heartbeatMs: HEARTBEAT_MS });
  await subject.assign(streams);
  const inspector = await createInspector();
  inspector.attach(subject.runtime);
  const page = await openActors(browser, inspector.url, streams);
  const churn = startChurn(url, service, subject);
  const { result: tasks, ...calm } = await calmDuring(subject, churn, () => page.longTasksWithin(WATCH_MS));
  await page.close();
  await delay(SETTLE_MS);
  const { result: _, ...without } = await calmDuring(subject, churn, () => delay(WATCH_MS));
  await churn.end();
  await inspector.close();
  await subject.close();
  const durations = tasks.map(({ duration }) => duration);
  return {
    ...calm,
    firstViewMs: page.firstViewMs,
    allKnownMs: page.allKnownMs,
    longTasks: durations.length,
    longestMs: Math.max(0, ...durations),
    busyMs: durations.reduce((sum, duration) => sum + duration, 0),
    without,
  };
}

/** KB of everything that the page consists of. */
async function pageWeight(): Promise<number> {
  const files = await readdir(PAGE, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(async ({ parentPath, name }) => gzipSync(await readFile(`${parentPath}/${name}`)).length);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1024;
}

async function costRows({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const costs: Record<Mode, Cost[]> = { off: [], attached: [], watched: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const mode of MODES) {
      const cost = await live(redis.url, streams, `inspector-${mode}-${round}`, mode);
      if (round > 0) costs[mode].push(cost);
    }
    progress(`inspector: round ${round} of ${rounds}${round === 0 ? ' (warm-up)' : ''}`);
  }
  const of = (mode: Mode, part: keyof Cost) => costs[mode].map((cost) => cost[part]);
  /** Of each round by itself: what else happens on the computer changes between rounds. */
  const beside = (mode: Mode, part: keyof Cost) =>
    costs[mode].map((cost, round) => (100 * cost[part]) / (costs.off[round]?.[part] ?? Number.NaN));
  const per = 'client CPU per 1000 streams, inspector';
  return [
    ...MODES.map((mode) => row(`assigned, inspector ${mode}`, '/s', of(mode, 'rate'), null)),
    ...MODES.slice(1).map((mode) =>
      row(`assigned, inspector ${mode} ÷ off`, '%', beside(mode, 'rate'), null),
    ),
    ...MODES.map((mode) => row(`${per} ${mode}`, 'ms', of(mode, 'cpu'), null)),
    ...MODES.slice(1).map((mode) => row(`${per} ${mode} ÷ off`, '%', beside(mode, 'cpu'), null)),
  ];
}

async function pageRows({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const browser = await launchBrowser();
  if (typeof browser === 'string') {
    progress(`inspector: no figures of the page, since there is no Chromium: ${browser}`);
    return [];
  }
  const figures: PageFigures[] = [];
  const times = Math.min(rounds, ROUNDS_OF_PAGE);
  try {
    for (let round = 1; round <= times; round++) {
      figures.push(await withPage(redis.url, streams, `inspector-page-${round}`, browser));
      progress(`inspector: page, round ${round} of ${times}`);
    }
  } finally {
    await browser.close();
  }
  const of = (figure: string, unit: string, part: (one: PageFigures) => number) =>
    row(figure, unit, figures.map(part), null);
  const page = `page with ${streams} streams`;
  const busy = `${streams} streams, 1000 events/s`;
  /** The same with the page closed and open. */
  const both = (figure: string, unit: string, part: (calm: Calm) => number) => [
    of(`${busy}: ${figure}, page closed`, unit, ({ without }) => part(without)),
    of(`${busy}: ${figure}, page open`, unit, part),
  ];
  return [
    of(`${page}: first actor in sight`, 'ms', ({ firstViewMs }) => firstViewMs),
    of(`${page}: all known`, 'ms', ({ allKnownMs }) => allKnownMs),
    of(`${busy}: long tasks of the page in 10 s`, 'tasks', ({ longTasks }) => longTasks),
    of(`${busy}: longest of them`, 'ms', ({ longestMs }) => longestMs),
    of(`${busy}: all of them`, 'ms', ({ busyMs }) => busyMs),
    ...both('latest heartbeat', 'ms', ({ heartbeatMs }) => heartbeatMs),
    ...both('longest delay of the event loop', 'ms', ({ loopMs }) => loopMs),
    ...both('events that happened', '/s', ({ events }) => events),
  ];
}

async function run(setting: Setting): Promise<Row[]> {
  return [
    ...(await costRows(setting)),
    ...(await pageRows(setting)),
    row('page, gzipped', 'KB', [await pageWeight()], null),
  ];
}

export const inspector: Scenario = { name: 'inspector', run };
