import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { checkHistory, type HistoryReport } from '../../src/testing/history.js';
import { type HistoryRecord, readHistory } from '../../src/testing/history-records.js';
import { readStanding } from '../../src/testing/standing.js';
import type { Fleet } from './runtimes.js';

type Where = Pick<Fleet, 'names' | 'historyKey'>;

/** Every change of owner so far, in Redis's order. */
export function historyOf(redis: Redis, { historyKey }: Where): Promise<HistoryRecord[]> {
  return readHistory(redis, historyKey);
}

/**
 * Fails when anything happened that must never happen: two owners at once, a lost entry, a token that did not grow, an entry
 * finished twice.
 *
 * @param announced ids that the test added; nothing of them may be lost
 */
export async function soundHistory(
  redis: Redis,
  fleet: Where,
  announced?: readonly string[],
): Promise<HistoryReport> {
  const records = await historyOf(redis, fleet);
  const onStream = await readStanding(redis, fleet.names.lbs);
  const report = checkHistory({ records, onStream, ...(announced ? { announced } : {}) });
  expect(report.violations).to.deep.equal([]);
  return report;
}
