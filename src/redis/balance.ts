/** Where the entries of a load balancer stream are: pending, not given out yet, or nowhere. `scripts/balance.lua` counts them. */

export interface Balance {
  readonly length: number;
  readonly pending: number;
  /** Entries on the stream that nobody has been given yet; where `stranded` is null it may include those. */
  readonly undelivered: number;
  /** Entries that were given out, are still there, and are pending for nobody. Null: too many wait to be given out for that to be told. */
  readonly stranded: number | null;
  /** Pending entries whose payload is no longer there: at least so many. */
  readonly vanished: number;
}

/** Entries that are counted where Redis does not say how many have not been given out. Keeps the script below 5 ms. */
export const MOST_COUNTED = 1_000;

/**
 * The reply of the script.
 *
 * @returns undefined: there is no such group
 */
export function toBalance(reply: unknown): Balance | undefined {
  const [length, pending, counted] = reply as [number, number, number];
  if (pending < 0) return undefined;
  const undelivered = counted < 0 ? Math.max(0, length - pending) : counted;
  const rest = length - undelivered - pending;
  return {
    length,
    pending,
    undelivered,
    stranded: counted < 0 ? null : Math.max(0, rest),
    vanished: Math.max(0, -rest),
  };
}
