/** The consumer group, from Redis. */

import type { DueStream } from '../../redis/delaying.js';
import type { NotedStreams } from '../../runtime/noted-streams.js';
import type { Instant } from './common.js';

/** All consumers of the group, from Redis, at most one second old. */
export interface GroupReply {
  readonly at: Instant;
  readonly consumers: readonly GroupMember[];
  /** Where the entries of the load balancer stream are. Null: there is no group, or the user may not ask (`XINFO GROUPS`). */
  readonly entries: GroupEntries | null;
  /** What is to be given out only later. Null: it could not be asked for. */
  readonly delayed: DelayedStreams | null;
  /** Of those that this runtime owns. */
  readonly noted: NotedStreams;
  /** What is wrong with the ids of the load balancer stream, in words, as `health().reasons` has it; null: nothing. */
  readonly ids: string | null;
}

export interface DelayedStreams {
  readonly count: number;
  /** In how many milliseconds the first one is due; below 0: for so long it has been. Null: nothing is delayed. */
  readonly nextMs: number | null;
  /** Those that are due first, at most ten. */
  readonly first: readonly DueStream[];
}

export type { NotedStreams };

export interface GroupEntries {
  readonly pending: number;
  /** Entries on the stream that nobody has been given yet; where `stranded` is null it may include those. */
  readonly undelivered: number;
  /** Entries that were given out and are pending for nobody; null: nobody knows. */
  readonly stranded: number | null;
  /** Pending entries whose payload is gone: at least so many. */
  readonly vanished: number;
}

export interface GroupMember {
  /** Name in the group. */
  readonly name: string;
  /** This very runtime. */
  readonly self: boolean;
  /** Whether it is one of ours, which keep a presence, or another client's. */
  readonly keepsPresence: boolean;
  /** No process: entries are pending for it that wait for a dead-letter stream in another slot. */
  readonly due: boolean;
  /** How long its presence still stands, in milliseconds; null: it has none. Of one that keeps a presence: it is dead. */
  readonly presenceMs: number | null;
  readonly pending: number;
  /** Since its last command on the group, in milliseconds. No sign of life. */
  readonly idleMs: number;
}
