/** Taking an entry from its holder, as an admin gives it. */
import { StreamwardenError } from '../core/errors.js';
import type { ClaimOutcome, Claims } from '../redis/claims.js';
import { replyOf } from '../redis/reply-errors.js';

/** What became of an entry that was taken. */
export type ClaimedEntry = Extract<
  ClaimOutcome,
  { readonly outcome: 'requeued' | 'adopted' | 'gone' | 'cancelled' | 'deadLettered' | 'deadLetterDue' }
>;

/** Why nothing was done. */
export type UnclaimedEntry = Exclude<ClaimOutcome, ClaimedEntry>;

/** @throws StreamwardenError `OwnerAlive`, `AlreadyClaimed`, with an `UnclaimedEntry` among the details */
export async function claimed(claims: Claims, id: string, force: boolean): Promise<ClaimedEntry> {
  const found = await outcomeOf(claims, id, force);
  switch (found.outcome) {
    case 'alive':
      throw refusal('OwnerAlive', id, found, `${found.holder}, which has ${id}, is alive`);
    case 'locked':
      throw refusal(
        'OwnerAlive',
        id,
        found,
        `the lock of ${id}, which ${found.holder} has, stands or cannot be asked for`,
      );
    case 'moved':
      throw refusal('AlreadyClaimed', id, found, `${id} is no longer pending for ${found.holder}`);
    case 'due':
      throw refusal('AlreadyClaimed', id, found, `${id} is on its way to the dead-letter stream`);
    case 'undelivered':
    case 'notThere':
      throw refusal('AlreadyClaimed', id, found, `${id} is not pending for any consumer`);
    default:
      return found;
  }
}

async function outcomeOf(claims: Claims, id: string, force: boolean): Promise<ClaimOutcome> {
  try {
    return await claims.claim(id, force);
  } catch (error) {
    // No consumer has made the group yet.
    if (replyOf(error) === 'NOGROUP') return { outcome: 'undelivered' };
    throw error;
  }
}

function refusal(
  code: 'OwnerAlive' | 'AlreadyClaimed',
  id: string,
  found: UnclaimedEntry,
  message: string,
): StreamwardenError {
  return new StreamwardenError(code, message, { details: { id, ...found } });
}
