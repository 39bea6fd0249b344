/** How many streams each consumer owns, from the pending list and the owner records. */
import { nextEntryId } from '../../core/entry-id.js';
import { isStreamwardenError } from '../../core/errors.js';
import type { Commands } from '../../redis/commands.js';
import type { Names } from '../../redis/names.js';

/** With more, Redis would be busy with the counting for longer than a look is worth. */
const MOST_COUNTED = 10_000;
const PAGE = 1_000;

type Pending = readonly (readonly [id: string, consumer: string, idle: number, deliveries: number])[];

/**
 * By name in the group; null where too many are pending, or this user may not read who owns what. A record whose entry is no longer pending
 * counts for nothing.
 */
export async function countOwned(
  home: Commands,
  names: Names,
  pending: number,
): Promise<Map<string, number> | null> {
  try {
    return await count(home, names, pending);
  } catch (error) {
    if (isStreamwardenError(error, 'PermissionDenied')) return null;
    throw error;
  }
}

async function count(
  home: Commands,
  { lbs, group, owners }: Names,
  pending: number,
): Promise<Map<string, number> | null> {
  if (pending > MOST_COUNTED || (await home.run('HLEN', (client) => client.hlen(owners))) > 2 * MOST_COUNTED)
    return null;
  const owning = new Set(await home.run('HVALS', (client) => client.hvals(owners)));
  const owned = new Map<string, number>();
  for (let start = '-', isMore = pending > 0; isMore; ) {
    const page = (await home.run('XPENDING', (client) =>
      client.xpending(lbs, group, start, '+', PAGE),
    )) as Pending;
    for (const [id, consumer] of page) {
      if (owning.has(id)) owned.set(consumer, (owned.get(consumer) ?? 0) + 1);
    }
    const last = page.at(-1);
    isMore = last !== undefined && page.length === PAGE;
    if (last !== undefined) start = nextEntryId(last[0]);
  }
  return owned;
}
