/**
 * What the runtime is measured against: bare ioredis that sends the same commands and does nothing else. No actors, no notifications, no
 * heartbeats, no recovery. Fixed, so that batching on our side cannot flatter the ratio: XREADGROUP COUNT 128, a pipeline of
 * SET NX PX, one verify script a batch, one done script per 200, one release script.
 */
import { Redis } from 'ioredis';
import type { Names } from '../src/redis/names.js';
import { BASELINE_SCRIPTS, type BaselineScript } from './baseline-scripts.js';
import { createNames } from './built.js';

const READ = 128;
const DONE = 200;
const HEARTBEAT_MS = 60_000;

type Reply = [stream: string, entries: [id: string, fields: string[]][]][] | null;

export interface Baseline {
  /** Announces and assigns so many streams. Resolves when the last one is assigned. */
  assign(count: number): Promise<void>;
  /** Finishes all that were assigned. */
  done(): Promise<void>;
  close(): void;
}

export async function createBaseline(url: string, service: string): Promise<Baseline> {
  const names: Names = createNames({ service });
  const [producer, reader, commands] = [new Redis(url), new Redis(url), new Redis(url)];
  const consumer = 'baseline~00000000';
  const presence = names.presence(consumer);
  const keys = [names.lbs, presence, names.owners, ...names.endings];
  const owned = new Map<string, string>();
  await commands.xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
  await commands.set(presence, 'v1:1', 'PX', HEARTBEAT_MS);
  for (const { source } of Object.values(BASELINE_SCRIPTS)) await commands.script('LOAD', source);

  const script = (name: BaselineScript, scriptKeys: string[], args: (string | number)[]) =>
    commands.evalsha(BASELINE_SCRIPTS[name].sha, scriptKeys.length, ...scriptKeys, ...args);

  async function announce(count: number): Promise<void> {
    for (let at = 0; at < count; at += 500) {
      const pipeline = producer.pipeline();
      for (let n = at; n < Math.min(count, at + 500); n++) {
        pipeline.xadd(
          names.lbs,
          '*',
          'lbs-input',
          JSON.stringify({ DataStreamName: `stream-${n}`, Info: { n } }),
        );
      }
      await pipeline.exec();
    }
  }

  async function take(count: number): Promise<void> {
    while (owned.size < count) {
      const reply = (await reader.xreadgroup(
        'GROUP', names.group, consumer, 'COUNT', READ, 'BLOCK', 1000, 'STREAMS', names.lbs, '>',
      )) as Reply; // biome-ignore format: one command, one line
      const entries = reply?.[0]?.[1] ?? [];
      if (entries.length === 0) continue;
      const pipeline = commands.pipeline();
      const pairs: string[] = [];
      for (const [id, [, payload]] of entries) {
        const { DataStreamName: name } = JSON.parse(payload as string) as { DataStreamName: string };
        pipeline.set(names.lock(name, id), consumer, 'PX', HEARTBEAT_MS, 'NX');
        pairs.push(id, name);
      }
      await pipeline.exec();
      const results = (await script('verify', keys, [names.group, consumer, ...pairs])) as number[];
      results.forEach((result, index) => {
        if (result === 1) owned.set(pairs[2 * index] as string, pairs[2 * index + 1] as string);
      });
    }
  }

  return {
    async assign(count) {
      await Promise.all([announce(count), take(count)]);
    },
    async done() {
      const all = [...owned];
      for (let at = 0; at < all.length; at += DONE) {
        const batch = all.slice(at, at + DONE);
        const finished = await script('done', keys, [names.group, consumer, ...batch.flat()]);
        if (finished !== batch.length)
          throw new Error(`expected ${batch.length} to be finished, got: ${String(finished)}`);
        const locks = batch.map(([id, name]) => names.lock(name, id));
        await script('release', locks, [consumer]);
      }
      owned.clear();
    },
    close() {
      for (const client of [producer, reader, commands]) client.disconnect();
    },
  };
}
