/**
 * How a fleet shares its streams out: three processes own them all, and a fourth joins; then ten processes are replaced one by one, new ones first. Each is a
 * process of its own (`streamwarden consume`), with the defaults. There is no baseline.
 */
import { fileURLToPath } from 'node:url';
import { startRedis } from '../../src/testing/index.js';
import type { JsonLine } from '../../src/testing/json-line-log.js';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { createProducer } from '../built.js';
import { type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';

const PROGRAM = fileURLToPath(new URL('../../bin/streamwarden.js', import.meta.url));
const SERVICE = 'shared';
const JOINED_BY = 3;
const PODS = 10;
/** A process is within its share when it is no further from it than this. */
const NEAR = 0.1;
/** Whoever would move streams on does so within this, in milliseconds. */
const WATCH_MS = 15_000;

/** A new process has been ready for so long before an old one is stopped, in milliseconds: `minReadySeconds`. */
const READY_MS = 3_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Processes, and who owns what as they say. */
class Pods {
  readonly #url: string;
  readonly owned = new Map<JsonLineProcess, Set<string>>();
  /** How often each stream got an owner. */
  readonly owners = new Map<string, number>();
  moves = 0;
  #changed = () => {};

  constructor(url: string) {
    this.#url = url;
  }

  async start(): Promise<JsonLineProcess> {
    const args = [
      PROGRAM,
      'consume',
      '--json',
      '--service',
      SERVICE,
      '--consumer-id',
      `pod-${this.owned.size}`,
    ];
    const pod = JsonLineProcess.spawn(process.execPath, args, { ...process.env, REDIS_URL: this.#url });
    const own = new Set<string>();
    this.owned.set(pod, own);
    pod.onLine((line) => this.#hear(own, line));
    await pod.waitFor(({ type }) => type === 'Ready', { name: 'the process is ready' });
    return pod;
  }

  #hear(own: Set<string>, { type, stream }: JsonLine): void {
    const name = String(stream);
    if (type === 'StreamAdded') {
      own.add(name);
      this.owners.set(name, (this.owners.get(name) ?? 0) + 1);
    } else if (type === 'StreamMoving') {
      own.delete(name);
      this.moves += 1;
    } else return;
    this.#changed();
  }

  async until(what: string, holds: () => boolean, withinMs = 120_000): Promise<void> {
    const until = performance.now() + withinMs;
    while (!holds()) {
      if (performance.now() > until)
        throw new Error(`expected ${what} within ${withinMs} ms, got: ${this.counts().join(', ')}`);
      await Promise.race([
        pause(1_000),
        new Promise<void>((resolve) => {
          this.#changed = resolve;
        }),
      ]);
    }
  }

  counts(): number[] {
    return [...this.owned.values()].map(({ size }) => size);
  }

  sum(): number {
    return this.counts().reduce((all, one) => all + one, 0);
  }

  async stop(pod: JsonLineProcess): Promise<void> {
    pod.kill('SIGTERM');
    await pod.exit;
    this.owned.delete(pod);
  }

  kill(): void {
    for (const pod of this.owned.keys()) pod.kill('SIGKILL');
  }

  /** Share of streams that had more than so many owners. */
  beyond(owners: number): number {
    return [...this.owners.values()].filter((count) => count > owners).length / this.owners.size;
  }
}

async function announce(url: string, streams: number): Promise<void> {
  await using producer = createProducer({ redis: url, service: SERVICE });
  await producer.addMany(Array.from({ length: streams }, (_, n) => ({ name: `stream-${n}` })));
}

async function joining(streams: number, progress: Setting['progress']): Promise<Row[]> {
  await using redis = await startRedis();
  const pods = new Pods(redis.url);
  for (let n = 0; n < JOINED_BY; n += 1) await pods.start();
  await pause(READY_MS);
  await announce(redis.url, streams);
  await pods.until('all to be owned', () => pods.sum() === streams);
  const spread = Math.max(...pods.counts()) / (streams / JOINED_BY);
  // Nobody has more than its share once this is over.
  await pause(WATCH_MS);
  const before = pods.moves;
  const share = streams / (JOINED_BY + 1);
  await pods.start();
  const began = performance.now();
  const isNear = () =>
    pods.sum() === streams && pods.counts().every((one) => Math.abs(one - share) <= NEAR * share);
  await pods.until('everyone to have its share', isNear);
  const tookMs = performance.now() - began;
  await pause(WATCH_MS);
  pods.kill();
  const moves = pods.moves - before;
  progress(`balance: a fourth has joined three, ${moves} of ${streams} streams moved`);
  const what = `${streams} streams of three processes, a fourth joins`;
  return [
    row(`${what}: the most that one of three had, beside its share`, '×', [spread], null),
    row(`${what}: moved before that`, 'streams', [before], null),
    row(`${what}: until everyone is within 10 % of its share`, 'ms', [tookMs], null),
    row(`${what}: moved, beside what had to be`, '×', [moves / share], null),
    row(`${what}: streams that moved twice`, '%', [100 * pods.beyond(2)], null),
  ];
}

async function rollout(streams: number, progress: Setting['progress']): Promise<Row[]> {
  await using redis = await startRedis();
  const pods = new Pods(redis.url);
  const old: JsonLineProcess[] = [];
  for (let n = 0; n < PODS; n += 1) old.push(await pods.start());
  await announce(redis.url, streams);
  await pods.until('all to be owned', () => pods.sum() === streams);
  await pause(WATCH_MS);
  pods.owners.clear();
  for (const [at, one] of old.entries()) {
    await pods.start();
    await pause(READY_MS);
    await pods.stop(one);
    await pods.until('all to be owned again', () => pods.sum() === streams);
    progress(`balance: ${at + 1} of ${PODS} replaced`);
  }
  await pause(WATCH_MS);
  const counts = pods.counts();
  pods.kill();
  const what = `${streams} streams of ten processes, each replaced, new ones first`;
  const times = [...pods.owners.values()];
  return [
    row(
      `${what}: new owners of a stream, on average`,
      '×',
      [times.reduce((a, b) => a + b, 0) / streams],
      null,
    ),
    row(`${what}: the most of one stream`, '×', [Math.max(...times)], null),
    row(`${what}: streams with more than one`, '%', [100 * pods.beyond(1)], null),
    row(
      `${what}: the most that one has in the end, beside its share`,
      '×',
      [Math.max(...counts) / (streams / PODS)],
      null,
    ),
  ];
}

async function run({ streams, progress }: Setting): Promise<Row[]> {
  return [...(await joining(streams, progress)), ...(await rollout(Math.min(streams, 2_000), progress))];
}

export const balance: Scenario = { name: 'balance', run };
