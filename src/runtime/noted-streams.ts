/** Owned streams that something is noted of, for people who look at a consumer that owns thousands. */
import type { Ownership } from '../actors/ownership.js';

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
}

export interface NotedStreams {
  /** How many have been touched, and how many are suspects. */
  readonly touched: number;
  readonly suspects: number;
  /** Suspects first, then those that have been touched most; at most 20. */
  readonly streams: readonly NotedStream[];
}

export function notedStreams(ownerships: Iterable<Ownership>): NotedStreams {
  const noted: NotedStream[] = [];
  for (const { name, id, touches, mark } of ownerships) {
    const isSuspect = mark === 'suspect';
    if (touches > 0 || isSuspect) noted.push({ name, id, touched: touches, isSuspect });
  }
  const streams = noted
    .sort((a, b) => Number(b.isSuspect) - Number(a.isSuspect) || b.touched - a.touched)
    .slice(0, MOST_NAMED);
  return {
    touched: noted.filter(({ touched }) => touched > 0).length,
    suspects: noted.filter(({ isSuspect }) => isSuspect).length,
    streams,
  };
}
