/** What a soak proves: computed from the history that the scripts wrote, and from what consumers said they were done with. */
import type { Redis } from 'ioredis';
import type { Names } from '../src/redis/names.js';
import { checkHistory, type HistoryReport } from '../src/testing/history.js';
import { readHistory } from '../src/testing/history-records.js';
import { readStanding } from '../src/testing/standing.js';

export interface Verdict {
  readonly announced: number;
  readonly finished: number;
  readonly deadLettered: number;
  readonly recovered: number;
  readonly handedOver: number;
  readonly poisoned: number;
  /** Announced, and deleted by a tool before they had ended. */
  readonly vanished: number;
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
  /** Deleted by a tool while they were pending: nobody can say what is to become of them. */
  readonly vanished: readonly string[];
  /** Entry → the incarnation that said it was done with it. */
  readonly done: ReadonlyMap<string, string>;
  readonly surprises: readonly string[];
}

export async function judge(input: VerdictInput): Promise<Verdict> {
  const { client, names, historyKey, poisoned, done, surprises } = input;
  const records = await readHistory(client, historyKey);
  const onStream = await readStanding(client, names.lbs);
  const gone = withCopies(input.vanished, checkHistory({ records, onStream }));
  const announced = input.announced.filter((id) => !gone.has(id));
  const report = checkHistory({
    records: records.filter(({ id }) => !gone.has(id)),
    announced: [...announced, ...poisoned].filter((id) => !gone.has(id)),
    onStream,
  });
  const violations = [...report.violations, ...surprises];
  if (onStream.length > 0)
    violations.push(`${onStream.length} entries were not finished in time, the first ${onStream[0]}`);
  const [pending] = (await client.xpending(names.lbs, names.group)) as [number];
  const payloads = await client.xlen(names.lbs);
  if (pending > payloads) violations.push(`${pending - payloads} entries are pending whose payload is gone`);

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
    if (!gone.has(id) && report.chains.get(id)?.end !== 'deadLettered')
      violations.push(`the poison ${id} did not end in the dead-letter stream`);
  }
  return {
    announced: input.announced.length,
    finished: report.ends.finished,
    deadLettered: report.ends.deadLettered - letters.size,
    recovered: report.recovered,
    handedOver: report.handedOver,
    poisoned: letters.size,
    vanished: input.announced.length - announced.length,
    finishedTwice: report.finishedTwice.length,
    ownedByTwo: report.ownedByTwo.length,
    lost: report.lost.length,
    violations,
  };
}

/** Everything that became one of these, and everything that it was on the way. */
function withCopies(ids: readonly string[], { chains }: HistoryReport): ReadonlySet<string> {
  const vanished = new Set(ids);
  const theirs = [...chains.values()].filter((chain) => chain.ids.some((id) => vanished.has(id)));
  return new Set([...ids, ...theirs.flatMap((chain) => chain.ids)]);
}
