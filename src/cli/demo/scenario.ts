/**
 * The demo's plot: streams begin one after the other, and get entries; the busiest consumer is killed in the middle of its work, the
 * next one is asked to stop; the last one finishes everything. On a cluster of the demo's own, the master of the load balancer stream fails over in between.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { duration, plural } from '../../core/amounts.js';
import { createNames } from '../../redis/names.js';
import { END_FIELD } from '../../redis/end-mark.js';
import { readHistory } from '../../testing/history-records.js';
import type { JsonLine } from '../../testing/json-line-log.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import type { ShortClient } from '../redis-client.js';
import { Board } from './board.js';
import { type EntriesReport, proveEntries } from './entries-proof.js';
import { type DemoConsumer, Fleet } from './fleet.js';
import { produceAll } from './producing.js';
import { type Summary, summarize } from './summary.js';
import { View } from './view.js';

/** How long a consumer works on each entry. */
const WORK_MS = 20;
const LOOK_EVERY_MS = 50;
const KILL_AFTER_MS = 4_000;
/** The victim's streams have their next owners by then. */
const FAIL_OVER_AFTER_MS = 6_500;
const STOP_AFTER_MS = 9_000;
/** So long nothing at all is finished: nothing will be any more. */
const NOTHING_FINISHED_MS = 60_000;

/** Hands what the master of a key serves over to its replica. Resolves with their addresses when all nodes agree. */
export type FailOver = (key: string) => Promise<{ readonly from: string; readonly to: string }>;

export interface ScenarioInput {
  readonly url: string;
  readonly client: ShortClient;
  readonly service: string;
  readonly streams: number;
  /** The server is somebody's: its settings are left alone. */
  readonly isForeign: boolean;
  /** Undefined where nothing is to fail over. */
  readonly failOver: FailOver | undefined;
  readonly output: Output;
  /** Aborts when the user has had enough. */
  readonly signal: AbortSignal;
}

export interface ScenarioResult {
  readonly summary: Summary;
  readonly violations: readonly string[];
  readonly entries: EntriesReport;
}

export async function playScenario(input: ScenarioInput): Promise<ScenarioResult> {
  const { url, client, service, isForeign, failOver, output, signal } = input;
  const { lbs } = createNames({ service });
  const historyKey = `{${lbs}}:history`;
  const board = new Board();
  const handled: JsonLine[] = [];
  using view = new View(output, board);
  await using fleet = new Fleet(
    {
      env: output.host.env,
      url,
      service,
      historyKey,
      workMs: WORK_MS,
      keyspaceEvents: isForeign ? 'off' : 'require',
    },
    (id, line) => {
      if (line.type === 'EntryHandled') handled.push(line);
      view.heard(id, line);
    },
  );

  const ids = ['demo-1', 'demo-2', 'demo-3'];
  for (const id of ids) board.add(id);
  const consumers = await orAborted(signal, Promise.all(ids.map((id) => fleet.start(id))));
  const busiest = () => consumers.find(({ id }) => id === board.busiest()) as DemoConsumer;

  const announcing = produceAll(input, board);
  // It may fail while something else is awaited; it is awaited further down.
  announcing.catch(() => {});

  await delay(KILL_AFTER_MS, undefined, { signal });
  const victim = busiest();
  const killedAt = await redisTime(client, historyKey);
  victim.process.kill('SIGKILL');
  const orphaned = board.leaves(victim.id, 'killed', Date.now());
  view.event(
    { type: 'Killed', consumer: victim.id, signal: 'SIGKILL', owned: orphaned },
    `${victim.id} is killed (SIGKILL) while it owns ${plural(orphaned, 'stream')}`,
  );

  const stopAt = performance.now() + STOP_AFTER_MS - KILL_AFTER_MS;
  if (failOver !== undefined) {
    await delay(FAIL_OVER_AFTER_MS - KILL_AFTER_MS, undefined, { signal });
    const begunAt = performance.now();
    const { from, to } = await orAborted(signal, failOver(lbs));
    const ms = Math.round(performance.now() - begunAt);
    view.event(
      { type: 'FailedOver', stream: lbs, from, to, ms },
      `the master of ${lbs} has failed over, from ${from} to ${to}, in ${duration(ms)}`,
    );
  }
  await delay(Math.max(0, stopAt - performance.now()), undefined, { signal });
  const leaver = busiest();
  const given = board.leaves(leaver.id, 'stopping', Date.now());
  view.event(
    { type: 'Stopping', consumer: leaver.id, signal: 'SIGTERM', owned: given },
    `${leaver.id} is asked to stop (SIGTERM) while it owns ${plural(given, 'stream')}`,
  );
  await orAborted(signal, fleet.stop(leaver));

  const announced = await orAborted(signal, announcing);
  await allFinished(client, lbs, signal);
  const last = consumers.filter(({ process: { running } }) => running);
  await orAborted(signal, Promise.all(last.map((consumer) => fleet.stop(consumer))));
  const records = await readHistory(client, historyKey);
  const appended = await appendedTo(client, input.streams);
  return {
    ...(await summarize(client, { records, stream: lbs, announced, victim: victim.name, killedAt })),
    entries: proveEntries({ appended, handled, records }),
  };
}

/** Ids of the entries of each data stream; an end mark stands behind them. */
async function appendedTo(client: ShortClient, streams: number): Promise<Map<string, string[]>> {
  const appended = new Map<string, string[]>();
  for (let n = 1; n <= streams; n += 1) {
    const name = `stream-${n}`;
    const entries = await client.xrange(name, '-', '+');
    appended.set(
      name,
      entries.filter(([, fields]) => fields[0] !== END_FIELD).map(([id]) => id),
    );
  }
  return appended;
}

/** What is finished is deleted, so an empty stream means that all is. Consumers' lines are not asked: a killed one printed none. */
async function allFinished(client: ShortClient, stream: string, signal: AbortSignal): Promise<void> {
  let left = Number.POSITIVE_INFINITY;
  let changedAt = performance.now();
  while (left > 0) {
    const now = await client.xlen(stream);
    if (now !== left) changedAt = performance.now();
    left = now;
    // Not an error here: the summary says what is missing.
    if (performance.now() - changedAt > NOTHING_FINISHED_MS) return;
    if (left > 0) await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Re-own times are measured by the clock that stamps the history: that of the server that keeps it. */
async function redisTime(client: ShortClient, historyKey: string): Promise<number> {
  const [seconds, microseconds] = (await client.eval("return redis.call('TIME')", 1, historyKey)) as string[];
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}

async function orAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new CliError('Interrupted', 'interrupted', EXIT.failed));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
