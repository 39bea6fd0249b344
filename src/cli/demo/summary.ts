/** What the demo proves, computed from the history that Redis recorded. */
import { checkHistory } from '../../testing/history.js';
import type { HistoryRecord } from '../../testing/history-records.js';
import { type Percentiles, percentiles, reownMs, reownTimes } from '../../testing/reown.js';
import { readStanding } from '../../testing/standing.js';
import type { ShortClient } from '../redis-client.js';

export interface Summary {
  readonly produced: number;
  readonly finished: number;
  /** Requeued because their owner was dead. */
  readonly recovered: number;
  readonly handedOver: number;
  readonly finishedTwice: number;
  readonly ownedByTwo: number;
  readonly lost: number;
  /** From the kill to the next owner, of each stream that the killed consumer owned; null when it owned none. */
  readonly reownMs: Percentiles;
}

export interface SummaryInput {
  /** All that Redis recorded. */
  readonly records: readonly HistoryRecord[];
  /** The load balancer stream. */
  readonly stream: string;
  /** Ids of everything produced. */
  readonly announced: readonly string[];
  /** The consumer that was killed, by its name in the group, and when by Redis's clock. */
  readonly victim: string;
  readonly killedAt: number;
}

export async function summarize(
  client: ShortClient,
  { records, stream, announced, victim, killedAt }: SummaryInput,
): Promise<{ summary: Summary; violations: readonly string[] }> {
  const onStream = await readStanding(client, stream);
  const report = checkHistory({ records, announced, onStream });
  const times = reownMs(reownTimes({ records, victim, killedAt })).map(Math.round);
  return {
    summary: {
      produced: announced.length,
      finished: report.ends.finished,
      recovered: report.recovered,
      handedOver: report.handedOver,
      finishedTwice: report.finishedTwice.length,
      ownedByTwo: report.ownedByTwo.length,
      lost: report.lost.length,
      reownMs: percentiles(times),
    },
    violations: report.violations,
  };
}
