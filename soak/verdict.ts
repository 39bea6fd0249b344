/** What a soak proves: computed from the history that the scripts wrote, and from what consumers said they were done with. */
import type { Redis } from 'ioredis';
import type { Names } from '../src/redis/names.js';
import { checkHistory } from '../src/testing/history.js';
import { readHistory } from '../src/testing/history-records.js';

export interface Verdict {
  readonly announced: number;
  readonly finished: number;
  readonly deadLettered: number;
  readonly recovered: number;
  readonly handedOver: number;
  readonly poisoned: number;
  readonly finishedTwice: number;
  readonly ownedByTwo: number;
  readonly lost: number;
  /** Everything that must not be, in words. Empty: the soak has passed. */
  readonly violations: readonly string[];
}

export interface VerdictInput {
  readonly client: Redis;
  readonly names: Names;
  readonly historyKey: string;
  readonly announced: readonly string[];
  readonly poisoned: readonly string[];
  /** Entry → the incarnation that said it was done with it. */
  readonly done: ReadonlyMap<string, string>;
  readonly surprises: readonly string[];
}

export async function judge(input: VerdictInput): Promise<Verdict> {
  const { client, names, historyKey, announced, poisoned, done, surprises } = input;
  const records = await readHistory(client, historyKey);
  const onStream = (await client.xrange(names.lbs, '-', '+')).map(([id]) => id);
  const report = checkHistory({ records, announced: [...announced, ...poisoned], onStream });
  const violations = [...report.violations, ...surprises];
  if (onStream.length > 0)
    violations.push(`${onStream.length} entries were not finished in time, the first ${onStream[0]}`);

  const finishedBy = new Map(records.flatMap((r) => (r.op === 'finished' ? [[r.id, r.owner] as const] : [])));
  for (const [id, consumer] of done) {
    if (finishedBy.get(id) === consumer) continue;
    violations.push(
      `${consumer} was told that ${id} is done, but Redis says that ${finishedBy.get(id) ?? 'nobody'} finished it`,
    );
  }
  const letters = new Set(
    records.flatMap((r) =>
      r.op === 'deadLettered' && (r.reason === 'unparseable' || r.reason === 'tooLarge') ? [r.id] : [],
    ),
  );
  for (const id of poisoned) {
    if (report.chains.get(id)?.end !== 'deadLettered')
      violations.push(`the poison ${id} did not end in the dead-letter stream`);
  }
  return {
    announced: announced.length,
    finished: report.ends.finished,
    deadLettered: report.ends.deadLettered - letters.size,
    recovered: report.recovered,
    handedOver: report.handedOver,
    poisoned: letters.size,
    finishedTwice: report.finishedTwice.length,
    ownedByTwo: report.ownedByTwo.length,
    lost: report.lost.length,
    violations,
  };
}
