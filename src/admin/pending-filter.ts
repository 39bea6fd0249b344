/** Picks rows out of the pending list. */
import { isIncarnation } from '../redis/names.js';
import type { PendingRow, PendingState, PendingSurvey } from '../redis/pending-survey.js';
import { replyOf } from '../redis/reply-errors.js';
import { flag, integer, oneOf, type Rule, text } from './inputs.js';
import { PENDING_STATES } from './pending-states.js';

export interface PendingFilter {
  /** Only of this consumer: a name in the group, or a consumer id, which is that of all its incarnations. */
  readonly consumer?: string;
  /** Only the data stream of this name. */
  readonly name?: string;
  readonly state?: PendingState;
  /** Only where the holder gives no sign of life. @defaultValue false */
  readonly dead?: boolean;
  /** Only what was delivered so many milliseconds ago, or longer. */
  readonly idleMs?: number;
  /** No more rows than so many. */
  readonly limit?: number;
}

export const PENDING_RULES: Readonly<Record<keyof PendingFilter, Rule>> = {
  consumer: text,
  name: text,
  state: oneOf(...PENDING_STATES),
  dead: flag,
  idleMs: integer(0),
  limit: integer(1),
};

/** Nothing is pending before the first consumer has made the group. */
export async function* pendingPages(
  survey: PendingSurvey,
  filter: PendingFilter,
): AsyncGenerator<readonly PendingRow[], void, undefined> {
  const { consumer, limit = Number.POSITIVE_INFINITY } = filter;
  // Redis picks out what is of one consumer; a consumer id is that of several, one after the other.
  const pages = survey.pages(consumer !== undefined && isIncarnation(consumer) ? consumer : undefined);
  let left = limit;
  try {
    for await (const page of pages) {
      const rows = page.filter((row) => isWanted(row, filter)).slice(0, left);
      yield rows;
      left -= rows.length;
      if (left === 0) return;
    }
  } catch (error) {
    if (replyOf(error) !== 'NOGROUP') throw error;
  }
}

/** Null: it is not pending, or there is no group yet. */
export async function pendingEntry(survey: PendingSurvey, id: string): Promise<PendingRow | null> {
  try {
    const [row] = await survey.rowsOf([id]);
    return row ?? null;
  } catch (error) {
    if (replyOf(error) !== 'NOGROUP') throw error;
    return null;
  }
}

function isWanted(
  row: PendingRow,
  { consumer, name, state, dead = false, idleMs = 0 }: PendingFilter,
): boolean {
  if (
    consumer !== undefined &&
    row.consumer !== consumer &&
    row.consumer.replace(/~[0-9a-f]{8}$/, '') !== consumer
  )
    return false;
  if (name !== undefined && row.name !== name) return false;
  if (state !== undefined && row.state !== state) return false;
  if (dead && row.isAlive !== false) return false;
  return row.idleMs >= idleMs;
}
