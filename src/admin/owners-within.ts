/** Who is recorded as the owner of each of some data streams, asked over the connections of a runtime: two questions, however many there are. */
import { compareEntryIds } from '../core/entry-id.js';
import { createOwnerRecords } from '../redis/owner-records.js';
import type { Inside } from '../runtime/inside.js';

/** In their order, names in the group; null: nobody is. @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied`: rejects with */
export async function ownersWithin(
  { bulk, names, group }: Pick<Inside, 'bulk' | 'names' | 'group'>,
  streams: readonly string[],
): Promise<(string | null)[]> {
  const ids = await createOwnerRecords(bulk, names).of(streams);
  const asked = ids.filter((id) => id !== null).sort(compareEntryIds);
  const rows = asked.length === 0 ? [] : await group.pendingOf(asked);
  const byId = new Map(rows.map(({ id, consumer }) => [id, consumer]));
  return ids.map((id) => (id === null ? null : (byId.get(id) ?? null)));
}
