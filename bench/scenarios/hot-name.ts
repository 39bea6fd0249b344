/**
 * Assigning streams while many entries of one name, which is owned throughout, wait aside; beside the same streams where nothing waits. Each level adds to
 * what waits already; rounds alternate, after one that is not counted. At last each stream comes behind one more entry of the hot name.
 */
import { type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject, type Subject } from '../streamwarden.js';

const HOT = 'hot';
const LEVELS = [100_000, 1_000_000];

/** Milliseconds until all were assigned. They are finished then, uncounted. */
async function assignOnce(subject: Subject, streams: number, before: string | undefined): Promise<number> {
  const ms = await timed(() => subject.assign(streams, 0, before));
  const others = [...subject.runtime.ownedStreams()].filter(({ name }) => name !== HOT);
  await Promise.all(others.map((stream) => stream.done()));
  return ms;
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const options = { capacity: streams * 2 };
  const plain = await createSubject(redis.url, 'plain', options);
  const hot = await createSubject(redis.url, 'hot', options);
  await hot.announce([HOT]);
  await hot.added(1);

  async function compare(figure: string, before?: string): Promise<Row> {
    const [alone, among]: [number[], number[]] = [[], []];
    for (let round = 0; round <= rounds; round++) {
      const [without, beside] = [
        await assignOnce(plain, streams, undefined),
        await assignOnce(hot, streams, before),
      ];
      if (round === 0) continue;
      alone.push(without);
      among.push(beside);
    }
    progress(`hot name: ${figure}`);
    return row(figure, 'ms', among, alone);
  }

  const rows: Row[] = [];
  let waiting = 0;
  for (const level of LEVELS) {
    const more = level - waiting;
    const ms = await timed(() => hot.repeat(HOT, more));
    rows.push(row(`put a duplicate aside, ${level} in all`, 'us', [(ms * 1000) / more], null));
    waiting = level;
    rows.push(await compare(`assign all, ${level} duplicates waiting aside`));
  }
  rows.push(await compare('assign all, one more duplicate before each', HOT));
  await plain.close();
  await hot.close();
  return rows;
}

export const hotName: Scenario = { name: 'hot-name', run };
