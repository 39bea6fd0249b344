/** What happens in a second, from two looks at what Redis counts. */
import type { ServiceStatus } from '../../admin/status/service-status.js';

/** Each null where it cannot be told: before Redis 7, and when Redis began to count anew meanwhile. */
export interface Rates {
  /** Entries added to the load balancer stream: announced, given back, requeued. */
  readonly announced: number | null;
  /** Entries given to a consumer. */
  readonly delivered: number | null;
  /** Entries that left it: finished, given back, requeued, dead-lettered. */
  readonly removed: number | null;
  readonly deadLettered: number | null;
}

export interface Seen {
  /** When, in milliseconds of a clock that does not jump. */
  readonly atMs: number;
  readonly status: ServiceStatus;
}

export function ratesBetween(before: Seen, now: Seen): Rates {
  const seconds = (now.atMs - before.atMs) / 1_000;
  const perSecond = (count: (status: ServiceStatus) => number | null): number | null => {
    const [from, to] = [count(before.status), count(now.status)];
    if (from === null || to === null || to < from || seconds <= 0) return null;
    return (to - from) / seconds;
  };
  return {
    announced: perSecond(({ totals }) => totals.added),
    delivered: perSecond(({ totals }) => totals.delivered),
    removed: perSecond(({ totals, stream }) => (totals.added === null ? null : totals.added - stream.length)),
    deadLettered: perSecond(({ totals }) => totals.deadLettered),
  };
}
