/** Owned streams that something is noted of, for people who look at a consumer that owns thousands. */

import type { Ownership } from '../actors/ownership.js';
import type { Lag } from '../redis/lag.js';

/** So many are named. */
const MOST_NAMED = 20;

export interface NotedStream {
  readonly name: string;
  /** Of its entry. */
  readonly id: string;
  /** How often producers ensured it since it is ours, as far as is known. */
  readonly touched: number;
  /** It died with several owners, and was begun with few others. */
  readonly isSuspect: boolean;
  /** How far its reader is behind; null: no handler reads its entries, or it is not known. */
  readonly lag: Lag | null;
}

export interface NotedStreams {
  /** How many have been touched, how many are suspects, and how many are behind. */
  readonly touched: number;
  readonly suspects: number;
  readonly behind: number;
  /** Suspects first, then those that are furthest behind, then those that have been touched most; at most 20. */
  readonly streams: readonly NotedStream[];
}

/** @param lagOf how far the reader of one of them is behind */
export function notedStreams(
  ownerships: Iterable<Ownership>,
  lagOf: (ownership: Ownership) => Lag | null,
): NotedStreams {
  const noted: NotedStream[] = [];
  for (const ownership of ownerships) {
    const { name, id, touches, mark } = ownership;
    const isSuspect = mark === 'suspect';
    const lag = lagOf(ownership);
    if (touches > 0 || isSuspect || behindBy(lag) > 0)
      noted.push({ name, id, touched: touches, isSuspect, lag });
  }
  const streams = noted
    .sort(
      (a, b) =>
        Number(b.isSuspect) - Number(a.isSuspect) ||
        behindBy(b.lag) - behindBy(a.lag) ||
        b.touched - a.touched,
    )
    .slice(0, MOST_NAMED);
  return {
    touched: noted.filter(({ touched }) => touched > 0).length,
    suspects: noted.filter(({ isSuspect }) => isSuspect).length,
    behind: noted.filter(({ lag }) => behindBy(lag) > 0).length,
    streams,
  };
}

function behindBy(lag: Lag | null): number {
  return lag?.entries ?? 0;
}
