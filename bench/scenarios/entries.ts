/**
 * Entries of data streams through handlers, beside a loop that is written by hand (`bench/entries-bare.ts`): one blocking read of all keys and one commit a batch.
 *
 * Drain: a tenth as many streams as STREAMS, with 300 entries each, are read to their end. Flow: 20,000 entries a second are added to them by another process;
 * what the process and Redis use for an entry, and how long one waits for its handler; and what is left when nothing is committed. Quiet: STREAMS streams are iterated over and nothing comes: what that costs of a
 * core beside holding them, and how long an entry waits that nobody tells of. Takeover: from `StreamAdded` to the first entry, of streams that another owner has begun.
 */
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { createProducer, createRuntime } from '../built.js';
import { readBare } from '../entries-bare.js';
import { cpuMeter, percentileOf, type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';

const FEEDER = fileURLToPath(new URL('../entries-feeder.ts', import.meta.url));
const MEMORY = fileURLToPath(new URL('../memory-child.ts', import.meta.url));
const A_STREAM = 300;
const A_SECOND = 20_000;
/** What leaves room on two cores: there waiting is not for a turn of the CPU. */
const FEWER_A_SECOND = 5000;
const FLOW_S = 4;
/** Streams have been quiet before: how long the first of their entries wait is looked at apart. */
const WARM_UP_MS = 1000;
const QUIET_MS = 4000;
const PAYLOAD = 'x'.repeat(80);

const nowAsFed = () => performance.timeOrigin + performance.now();

type Handle = (fields: Readonly<Record<string, string>>, key: string) => unknown;

/** Who reads: us, or by hand. */
interface Side {
  /** Owns the streams of these names, and reads nothing yet. */
  prepare(keys: readonly string[], handle: Handle): Promise<void>;
  begin(): void;
  close(): Promise<void>;
}

function ours(url: string, service: string, commit: 'auto' | 'manual' = 'auto'): Side {
  const runtime = createRuntime({ redis: url, service, consumerId: 'bench', capacity: 1_000_000 });
  const producer = createProducer({ redis: url, service });
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  return {
    async prepare(keys, handle) {
      let waiting = 0;
      runtime.process(async (stream) => {
        waiting += 1;
        await begun;
        for await (const { fields } of stream.entries({ commit })) await handle(fields, stream.name);
      });
      await runtime.start();
      await producer.addMany(keys.map((name) => ({ name })));
      while (waiting < keys.length) await setTimeout(5);
    },
    begin: () => begin(),
    async close() {
      await producer.close();
      await runtime.stop({ mode: 'abandon' });
    },
  };
}

function bare(url: string, service: string): Side {
  let begin = () => {};
  let stop = async () => {};
  return {
    async prepare(keys, handle) {
      begin = () => {
        const reader = readBare(url, keys, `${service}:positions`, handle);
        stop = () => reader.stop();
      };
    },
    begin: () => begin(),
    close: () => stop(),
  };
}

interface Drained {
  readonly perSecond: number;
  readonly clientUs: number;
  readonly redisUs: number;
}

async function fill(url: string, keys: readonly string[]): Promise<void> {
  const client = new Redis(url);
  for (let n = 0; n < A_STREAM; n += 1) {
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.xadd(key, '*', 'at', n, 'data', PAYLOAD);
    await pipeline.exec();
  }
  client.disconnect();
}

async function drain(url: string, side: Side, keys: readonly string[]): Promise<Drained> {
  const total = keys.length * A_STREAM;
  let handled = 0;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  await side.prepare(keys, async () => {
    handled += 1;
    if (handled === total) end();
  });
  const use = await cpuMeter(url);
  const tookMs = await timed(async () => {
    side.begin();
    await ended;
  });
  const { client, redis } = await use();
  await side.close();
  const per = (ms: number) => (ms / total) * 1000;
  return { perSecond: (total / tookMs) * 1000, clientUs: per(client), redisUs: per(redis) };
}

interface Flow {
  readonly clientUs: number;
  readonly redisUs: number;
  readonly p50: number;
  readonly p99: number;
}

async function flow(
  url: string,
  prefix: string,
  side: Side,
  streams: number,
  perSecond = A_SECOND,
): Promise<Flow> {
  const keys = Array.from({ length: streams }, (_, n) => `${prefix}${n}`);
  const waits: number[] = [];
  let handled = 0;
  let firstAt = Number.POSITIVE_INFINITY;
  await side.prepare(keys, async ({ at }) => {
    handled += 1;
    firstAt = Math.min(firstAt, Number(at));
    if (Number(at) > firstAt + WARM_UP_MS) waits.push(nowAsFed() - Number(at));
  });
  side.begin();
  await setTimeout(500);
  const use = await cpuMeter(url);
  const args = ['--import', 'tsx', FEEDER, url, prefix, String(streams), String(perSecond), String(FLOW_S)];
  const child = JsonLineProcess.spawn(process.execPath, args);
  const { added } = await child.waitFor(({ type }) => type === 'Fed', { name: 'fed', timeoutMs: 60_000 });
  while (handled < Number(added)) await setTimeout(5);
  const { client, redis } = await use();
  await child.exit;
  await side.close();
  const per = (ms: number) => (ms / Number(added)) * 1000;
  return {
    clientUs: per(client),
    redisUs: per(redis),
    p50: percentileOf(waits, 0.5),
    p99: percentileOf(waits, 0.99),
  };
}

interface Quiet {
  /** Shares of a core, in percent. */
  readonly client: number;
  readonly redis: number;
  readonly p50: number;
  readonly p99: number;
}

async function quiet(url: string, service: string, streams: number, iterates: boolean): Promise<Quiet> {
  const runtime = createRuntime({ redis: url, service, consumerId: 'bench', capacity: streams + 1 });
  const producer = createProducer({ redis: url, service });
  const waits: number[] = [];
  let begun = 0;
  runtime.process(async (stream) => {
    begun += 1;
    if (!iterates) {
      await new Promise((resolve) => stream.signal.addEventListener('abort', resolve));
      return;
    }
    for await (const { fields } of stream.entries()) waits.push(nowAsFed() - Number(fields.at));
  });
  await runtime.start();
  await producer.addMany(Array.from({ length: streams }, (_, n) => ({ name: `${service}-${n}` })));
  while (begun < streams) await setTimeout(5);
  await setTimeout(3000);
  const use = await cpuMeter(url);
  await setTimeout(QUIET_MS);
  const used = await use();
  if (iterates) {
    const client = new Redis(url);
    const rounds = Math.min(300, streams);
    for (let n = 0; n < rounds; n += 1) {
      await client.xadd(`${service}-${Math.floor((n * streams) / rounds)}`, '*', 'at', nowAsFed());
      await setTimeout(7);
    }
    while (waits.length < rounds) await setTimeout(5);
    client.disconnect();
  }
  await producer.close();
  await runtime.stop({ mode: 'abandon' });
  return {
    client: (used.client / QUIET_MS) * 100,
    redis: (used.redis / QUIET_MS) * 100,
    p50: percentileOf(waits, 0.5),
    p99: percentileOf(waits, 0.99),
  };
}

/** Milliseconds from `StreamAdded` to the first entry, the 99th percentile over the streams. */
async function takeOver(url: string, service: string, streams: number): Promise<number> {
  const client = new Redis(url);
  const names = Array.from({ length: streams }, (_, n) => `${service}-${n}`);
  for (const entry of [1, 2]) {
    const pipeline = client.pipeline();
    for (const name of names) pipeline.xadd(name, `1-${entry}`, 'n', entry);
    await pipeline.exec();
  }
  client.disconnect();
  const producer = createProducer({ redis: url, service });
  const waits: number[] = [];
  for (const round of [1, 2]) {
    const runtime = createRuntime({ redis: url, service, consumerId: `bench-${round}`, capacity: streams });
    const added = new Map<string, number>();
    let handled = 0;
    runtime.process(async (stream) => {
      for await (const { fields } of stream.entries({ until: `1-${round}` })) {
        if (Number(fields.n) !== round) throw new Error(`expected entry ${round}, got: ${fields.n}`);
        if (round === 2) waits.push(performance.now() - (added.get(stream.name) ?? 0));
      }
      handled += 1;
    });
    void (async () => {
      for await (const one of runtime.notifications()) {
        if (one.type === 'StreamAdded') added.set(one.stream, performance.now());
      }
    })();
    await runtime.start();
    await producer.addMany(names.map((name) => ({ name })));
    while (handled < streams) await setTimeout(2);
    await runtime.stop();
  }
  await producer.close();
  return percentileOf(waits, 0.99);
}

async function heapOf(kind: string, url: string, service: string, streams: number): Promise<number> {
  const args = ['--expose-gc', '--import', 'tsx', MEMORY, kind, url, service, String(streams)];
  const child = JsonLineProcess.spawn(process.execPath, args);
  const line = await child.waitFor(({ type }) => type === 'Memory', { name: 'memory', timeoutMs: 120_000 });
  await child.exit;
  return Number(line.heap) / 1024;
}

interface Both<T> {
  readonly ours: T[];
  readonly bare: T[];
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const { url } = redis;
  const active = Math.max(1, Math.round(streams / 10));
  const times = Math.min(rounds, 3);
  const drained: Both<Drained> = { ours: [], bare: [] };
  const flowed: Both<Flow> = { ours: [], bare: [] };
  const fewer: Both<Flow> = { ours: [], bare: [] };
  const uncommitted: { drained: Drained[]; flowed: Flow[] } = { drained: [], flowed: [] };
  for (let round = 1; round <= times; round += 1) {
    const keys = Array.from({ length: active }, (_, n) => `drain-${round}-${n}`);
    await fill(url, keys);
    drained.bare.push(await drain(url, bare(url, `drain-${round}`), keys));
    drained.ours.push(await drain(url, ours(url, `drain-${round}`), keys));
    uncommitted.drained.push(await drain(url, ours(url, `drain-un-${round}`, 'manual'), keys));
    progress(`entries: drain ${round} of ${times}`);
    flowed.bare.push(await flow(url, `bare-${round}-`, bare(url, `bare-${round}`), active));
    flowed.ours.push(await flow(url, `ours-${round}-`, ours(url, `ours-${round}`), active));
    uncommitted.flowed.push(await flow(url, `un-${round}-`, ours(url, `un-${round}`, 'manual'), active));
    fewer.bare.push(await flow(url, `bf-${round}-`, bare(url, `bf-${round}`), active, FEWER_A_SECOND));
    fewer.ours.push(await flow(url, `of-${round}-`, ours(url, `of-${round}`), active, FEWER_A_SECOND));
    progress(`entries: flow ${round} of ${times}`);
  }
  const held = await quiet(url, 'quiet-held', streams, false);
  const iterated = await quiet(url, 'quiet-read', streams, true);
  progress('entries: quiet');
  const taken = await takeOver(url, 'taken', active);
  progress('entries: taken over');
  const memory =
    (await heapOf('iterating', url, 'memory-iterating', streams)) -
    (await heapOf('handling', url, 'memory-handling', streams));
  const of = <T>(part: (one: T) => number, from: Both<T>): [number[], number[]] => [
    from.ours.map(part),
    from.bare.map(part),
  ];
  const commits = (all: readonly { clientUs: number }[], without: readonly { clientUs: number }[]) =>
    all.map(({ clientUs }, round) => clientUs - (without[round]?.clientUs ?? 0));
  return [
    row('entries: drain, ms for 1000', 'ms', ...of(({ perSecond }) => 1_000_000 / perSecond, drained)),
    row('entries: drain, CPU for an entry', 'µs', ...of(({ clientUs }) => clientUs, drained)),
    row('entries: drain, CPU of Redis for an entry', 'µs', ...of(({ redisUs }) => redisUs, drained)),
    row(
      'entries: drain, CPU of the commits for an entry',
      'µs',
      commits(drained.ours, uncommitted.drained),
      null,
    ),
    row('entries: flow, CPU for an entry', 'µs', ...of(({ clientUs }) => clientUs, flowed)),
    row('entries: flow, CPU of Redis for an entry', 'µs', ...of(({ redisUs }) => redisUs, flowed)),
    row('entries: flow, from XADD to handler, p50', 'ms', ...of(({ p50 }) => p50, flowed)),
    row('entries: flow, from XADD to handler, p99', 'ms', ...of(({ p99 }) => p99, flowed)),
    row(
      'entries: flow, CPU of the commits for an entry',
      'µs',
      commits(flowed.ours, uncommitted.flowed),
      null,
    ),
    row('entries: flow of 5,000 a second, from XADD to handler, p99', 'ms', ...of(({ p99 }) => p99, fewer)),
    row('entries: quiet, of a core', '%', [iterated.client - held.client], null),
    row('entries: quiet, of a core in Redis', '%', [iterated.redis - held.redis], null),
    row('entries: quiet, from XADD to handler, p50', 'ms', [iterated.p50], null),
    row('entries: quiet, from XADD to handler, p99', 'ms', [iterated.p99], null),
    row('entries: taken over, from StreamAdded to the first, p99', 'ms', [taken], null),
    row('entries: memory of an iterator that waits, heap', 'KB', [memory], null),
  ];
}

export const entries: Scenario = { name: 'entries', run };
