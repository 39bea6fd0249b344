import { StreamwardenError, textOf } from './errors.js';

const ENTRY_ID = /^(\d{1,20})-(\d{1,20})$/;

/** The two halves of a Redis stream entry id. Sixty-four bits each, hence bigint. */
function parse(id: string): [ms: bigint, sequence: bigint] {
  const match = typeof id === 'string' ? ENTRY_ID.exec(id) : null;
  if (!match) {
    throw new StreamwardenError(
      'InvalidOption',
      `expected an entry id of the form <ms>-<sequence>, got: ${textOf(id)}`,
      {
        details: { id },
      },
    );
  }
  return [BigInt(match[1] as string), BigInt(match[2] as string)];
}

/**
 * Orders two fencing tokens (entry ids of the load balancer stream): negative when `a` is older, positive when it is
 * newer, 0 when they are the same.
 *
 * Entry ids do not order as text: `9-0` is older than `10-0`. The later owner of a data stream always holds the larger
 * token, so whoever guards a resource refuses a token smaller than the largest it has seen.
 *
 * @throws StreamwardenError `InvalidOption` when either is not an entry id.
 */
export function compareFencingTokens(a: string, b: string): number {
  const [aMs, aSequence] = parse(a);
  const [bMs, bSequence] = parse(b);
  if (aMs !== bMs) return aMs < bMs ? -1 : 1;
  if (aSequence !== bSequence) return aSequence < bSequence ? -1 : 1;
  return 0;
}

const MOST = 0xffff_ffff_ffff_ffffn;

/** Whether a text is an entry id, 64 bits on both sides. */
export function isEntryId(text: string): boolean {
  const match = ENTRY_ID.exec(text);
  return (
    match !== null && [match[1], match[2]].every((half = '') => half.length < 20 || BigInt(half) <= MOST)
  );
}

/** The id as Redis writes it: without zeros in front. */
export function canonicalEntryId(id: string): string {
  return parse(id).join('-');
}

/** The id that directly follows; where a page of a stream or of a pending list goes on. */
export function nextEntryId(id: string): string {
  const [ms, sequence] = parse(id);
  return sequence === 0xffff_ffff_ffff_ffffn ? `${ms + 1n}-0` : `${ms}-${sequence + 1n}`;
}

/**
 * Orders entry ids that Redis itself wrote, which are canonical decimals: the longer half is the larger one, and halves of equal
 * length order as text. Ten times as fast as {@link compareFencingTokens}, for batches on hot paths.
 */
export function compareEntryIds(a: string, b: string): number {
  const aDash = a.indexOf('-');
  const bDash = b.indexOf('-');
  if (aDash !== bDash) return aDash - bDash;
  const aMs = a.slice(0, aDash);
  const bMs = b.slice(0, bDash);
  if (aMs !== bMs) return aMs < bMs ? -1 : 1;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Ids that Redis gives have the time in front, in milliseconds. Before this there was no Redis with streams: whatever is smaller is a number of the application's. */
const FIRST_TIME = Date.UTC(2015, 0);
/** An id from a clock that is ahead still has a time in it. */
const MOST_AHEAD_MS = 86_400_000;

/** When an entry was added, epoch milliseconds; null: its id is no time. @param nowMs by the same clock */
export function timeOfEntryId(id: string, nowMs: number): number | null {
  const ms = Number(id.slice(0, id.indexOf('-')));
  return ms >= FIRST_TIME && ms <= nowMs + MOST_AHEAD_MS ? ms : null;
}
