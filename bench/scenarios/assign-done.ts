/** Assigning and finishing streams, beside bare ioredis that sends the same commands. Rounds alternate, after one that is not counted. */
import { createBaseline } from '../baseline.js';
import { type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const ours = { assign: [] as number[], done: [] as number[], done16: [] as number[] };
  const bare = { assign: [] as number[], done: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const keep = (list: number[], ms: number) => {
      if (round > 0) list.push(ms);
    };
    const baseline = await createBaseline(redis.url, `base-${round}`);
    keep(bare.assign, await timed(() => baseline.assign(streams)));
    keep(bare.done, await timed(() => baseline.done()));
    baseline.close();

    const subject = await createSubject(redis.url, `ours-${round}`, { capacity: streams * 2 });
    keep(ours.assign, await timed(() => subject.assign(streams)));
    keep(ours.done, await timed(() => subject.done('all')));
    await subject.assign(streams);
    keep(ours.done16, await timed(() => subject.done(16)));
    await subject.close();
    progress(`assign and done: round ${round} of ${rounds}${round === 0 ? ' (warm-up)' : ''}`);
  }
  return [
    row('assign all', 'ms', ours.assign, bare.assign),
    row('done, all at once', 'ms', ours.done, bare.done),
    // Nothing bare compares: the baseline has no callers that wait each for its own.
    row('done, 16 callers', 'ms', ours.done16, null),
  ];
}

export const assignDone: Scenario = { name: 'assign-done', run };
