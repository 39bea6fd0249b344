/** Names of data streams that are pending and have a text in them: what somebody may mean who knows a part of a name. */
import type { Clock } from '../core/clock.js';
import type { PendingRow, PendingSurvey } from '../redis/pending-survey.js';

export interface SuggestedNames {
  /** At most twenty, in the order in which they were announced. */
  readonly names: readonly {
    readonly name: string;
    readonly state: PendingRow['state'];
    readonly consumer: string;
  }[];
  /** How many pending entries were looked at, the oldest first. */
  readonly looked: number;
  /** There are others that were not. */
  readonly hasMore: boolean;
}

const MOST_LOOKED = 2_000;
const MOST_FOUND = 20;
/** No page is begun after so many milliseconds. */
const LONG_MS = 1_000;

export async function namesWith(
  pending: Pick<PendingSurvey, 'pages'>,
  clock: Clock,
  part: string,
): Promise<SuggestedNames> {
  const until = clock.monotonic() + LONG_MS;
  const wanted = part.toLowerCase();
  const found = new Map<string, SuggestedNames['names'][number]>();
  let looked = 0;
  for await (const page of pending.pages()) {
    looked += page.length;
    for (const { name, state, consumer } of page) {
      if (name === null || found.has(name) || !name.toLowerCase().includes(wanted)) continue;
      if (found.size < MOST_FOUND) found.set(name, { name, state, consumer });
    }
    if (looked >= MOST_LOOKED || found.size >= MOST_FOUND || clock.monotonic() >= until) {
      return { names: [...found.values()], looked, hasMore: true };
    }
  }
  return { names: [...found.values()], looked, hasMore: false };
}
