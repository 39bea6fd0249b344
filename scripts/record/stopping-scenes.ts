/** Scenes about how consumers end, share, and read entries while Redis is away. */
import { createProducer } from '../../src/index.js';
import { startRedis } from '../../src/testing/index.js';
import { announce, cast, HEARTBEAT_MS, play, SERVICE, until } from './cast.js';
import type { FileOf, Scene } from './scenes.js';

/** One consumer cannot start, as it may not log in; another one gives up reading after two failures in a row. */
async function givingUp(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  const refused = cast(redis.url.replace('redis://', 'redis://nobody:wrong@'), file('refused'));
  await refused.start().catch(() => {});
  await refused.stop({ mode: 'abandon' }).catch(() => {});
  const reading = cast(redis.url, file('reading'), { readRetry: { attempts: 2, initialMs: 50, maxMs: 50 } });
  await reading.start();
  await announce(redis.url, 'one');
  await until('it owns one', () => reading.snapshot().owned === 1);
  await redis.kill('SIGKILL');
  await until('it has failed', () => reading.state === 'failed');
  await reading.stop({ mode: 'abandon' }).catch(() => {});
}

/** A stop that waits for its streams is made a harder one, twice. */
async function hardened(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  const runtime = cast(redis.url, file());
  await runtime.start();
  runtime.process(() => new Promise(() => {}));
  await announce(redis.url, 'one');
  await until('it owns one', () => runtime.snapshot().owned === 1);
  const finishing = runtime.stop({ mode: 'finish', timeoutMs: 60_000 }).catch(() => {});
  await until('it is draining', () => runtime.state === 'draining');
  const handing = runtime.stop({ mode: 'handOver', timeoutMs: 60_000 }).catch(() => {});
  await runtime.stop({ mode: 'abandon' }).catch(() => {});
  await Promise.all([finishing, handing]);
}

/** A consumer that has everything hands half of it over to one that comes. */
async function shared(file: FileOf): Promise<void> {
  await using redis = await startRedis();
  const balance = { everyMs: HEARTBEAT_MS, settleMs: HEARTBEAT_MS } as const;
  await using giver = await play(redis.url, file('giver'), { consumerId: 'giver', balance });
  await announce(redis.url, ...Array.from({ length: 12 }, (_, n) => `stream-${n}`));
  await giver.awaits('StreamAdded', 12);
  await using taker = await play(redis.url, file('taker'), { consumerId: 'taker', balance });
  for (const { runtime } of [giver, taker]) {
    runtime.process(
      (stream) => new Promise<void>((resolve) => stream.signal.addEventListener('abort', () => resolve())),
    );
  }
  await until('both have some', () => taker.runtime.snapshot().owned >= 4);
}

/** A handler reads the entries of its data stream; Redis is away for a while, and comes back. */
async function readingEntries(file: FileOf): Promise<void> {
  await using redis = await startRedis({ appendOnly: true, config: { appendfsync: 'always' } });
  await using player = await play(redis.url, file());
  await using producer = createProducer({ redis: redis.url, service: SERVICE });
  const seen: string[] = [];
  player.runtime.process(async (stream) => {
    for await (const entry of stream.entries()) seen.push(entry.id);
  });
  await producer.append('one', { item: 'a' });
  await until('one entry', () => seen.length === 1);
  await redis.kill('SIGKILL');
  await player.awaits('StreamUncertain');
  await redis.restart();
  await player.awaits('StreamConfirmed');
  await producer.append('one', { item: 'b' });
  await until('two entries', () => seen.length === 2);
  await producer.end('one');
  await until('it is finished', () => player.runtime.snapshot().counters.finished === 1);
}

export const STOPPING_SCENES: Readonly<Record<string, Scene>> = {
  'giving-up': givingUp,
  hardened,
  shared,
  'reading-entries': readingEntries,
};
