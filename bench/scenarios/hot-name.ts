/**
 * Assigning streams behind many entries of one name, beside the same streams without those. The name is owned throughout, so that all of its other
 * entries have to be put aside before the last of the others is assigned.
 */
import { type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

/** Entries of the hot name for each stream: 1,000,000 beside the usual 10,000. */
const DUPLICATES = 100;

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const alone: number[] = [];
  const behind: number[] = [];
  const among: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const keep = (list: number[], ms: number) => {
      if (round > 0) list.push(ms);
    };
    const plain = await createSubject(redis.url, `plain-${round}`, { capacity: streams * 2 });
    keep(alone, await timed(() => plain.assign(streams)));
    await plain.close();

    const hot = await createSubject(redis.url, `hot-${round}`, { capacity: streams * 2 });
    await hot.assign(1);
    // A stream that is owned from now on.
    keep(behind, await timed(() => hot.repeat('stream-0', streams * DUPLICATES)));
    // They wait aside by now, and cost the others nothing.
    keep(among, await timed(() => hot.assign(streams, 1)));
    await hot.close();
    progress(`hot name: round ${round} of ${rounds}${round === 0 ? ' (warm-up)' : ''}`);
  }
  return [
    row('assign all', 'ms', alone, null),
    row(`put ${DUPLICATES} duplicates a stream aside`, 'ms', behind, null),
    row('assign all, those waiting aside', 'ms', among, alone),
  ];
}

export const hotName: Scenario = { name: 'hot-name', run };
