/**
 * Announcing streams unless they are there, beside bare ioredis that adds them in pipelines whether or not they are: names that are new, names that
 * wait, names that are owned (each is touched), and new names where others have added as many by a plain XADD before. Rounds alternate, after one
 * that is not counted.
 *
 * The owner has a process of its own, as in a service: its next heartbeat tells it of the touches, and what it does about them is none of the producer's work.
 */
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { createNames, createProducer } from '../built.js';
import { type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';

const OWNER = fileURLToPath(new URL('../owner-child.ts', import.meta.url));
const PIPELINE = 500;

interface NewStream {
  readonly name: string;
  readonly info: { readonly n: number };
}

async function addBare(client: Redis, lbs: string, streams: readonly NewStream[]): Promise<void> {
  for (let at = 0; at < streams.length; at += PIPELINE) {
    const pipeline = client.pipeline();
    for (const { name, info } of streams.slice(at, at + PIPELINE)) {
      pipeline.xadd(lbs, '*', 'lbs-input', JSON.stringify({ DataStreamName: name, Info: info }));
    }
    await pipeline.exec();
  }
}

const namesOf = (count: number, prefix: string): NewStream[] =>
  Array.from({ length: count }, (_, n) => ({ name: `${prefix}-${n}`, info: { n } }));

/** A process that owns them all. */
async function startOwner(url: string, service: string, streams: number): Promise<JsonLineProcess> {
  const args = ['--import', 'tsx', OWNER, url, service, String(streams)];
  const owner = JsonLineProcess.spawn(process.execPath, args);
  await owner.waitFor(({ type }) => type === 'Held', { name: 'the owner has all', timeoutMs: 60_000 });
  return owner;
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const client = new Redis(redis.url);
  const bare: number[] = [];
  const ours = {
    fresh: [] as number[],
    waiting: [] as number[],
    owned: [] as number[],
    behind: [] as number[],
  };
  const lbsOf = (service: string) => createNames({ service }).lbs;
  for (let round = 0; round <= rounds; round += 1) {
    const keep = (list: number[], ms: number) => {
      if (round > 0) list.push(ms);
    };
    const all = namesOf(streams, 'stream');
    keep(bare, await timed(() => addBare(client, lbsOf(`bare-${round}`), all)));
    const service = `ours-${round}`;
    await using producer = createProducer({ redis: redis.url, service });
    const ensure = async (some: readonly NewStream[]) => {
      await producer.ensureMany(some);
    };
    // Its connection is made, and its code is warm.
    await ensure(namesOf(100, 'first'));
    keep(ours.fresh, await timed(() => ensure(all)));
    keep(ours.waiting, await timed(() => ensure(all)));
    await addBare(client, lbsOf(service), namesOf(streams, 'plain'));
    const more = namesOf(streams, 'more');
    keep(ours.behind, await timed(() => ensure(more)));

    const owner = await startOwner(redis.url, `owned-${round}`, streams);
    await using toucher = createProducer({ redis: redis.url, service: `owned-${round}` });
    await toucher.ensure('stream-0');
    keep(
      ours.owned,
      await timed(async () => {
        const found = await toucher.ensureMany(all);
        if (found.some(({ created }) => created))
          throw new Error('expected all to be owned, got: one that is not');
      }),
    );
    owner.kill('SIGKILL');
    await owner.exit;
    progress(`ensure: round ${round} of ${rounds}${round === 0 ? ' (warm-up)' : ''}`);
  }
  client.disconnect();
  return [
    row('ensure, names that are new', 'ms', ours.fresh, bare),
    row('ensure, names that wait', 'ms', ours.waiting, bare),
    row('ensure, names that are owned', 'ms', ours.owned, bare),
    row('ensure, new names behind as many plain ones', 'ms', ours.behind, bare),
  ];
}

export const ensure: Scenario = { name: 'ensure', run };
