/** What Redis knows of one service, at one look. */
import type { MemberFacts } from '../../runtime/fleet.js';

export type ConsumerStatus = MemberFacts;

export interface ServiceStatus {
  readonly service: string;
  readonly stream: { readonly name: string; readonly length: number };
  readonly group: {
    readonly name: string;
    readonly created: boolean;
    readonly pending: number;
    /** Entries on the stream that nobody has been given yet. */
    readonly undelivered: number;
    /**
     * Entries that were given out, are still there, and are pending for nobody. Null where Redis does not say how much it has given out, as before
     * Redis 7, and too many entries wait to be given out for that to be counted.
     */
    readonly stranded: number | null;
    /** Pending entries whose payload is no longer there: at least so many. */
    readonly vanished: number;
  };
  readonly consumers: readonly ConsumerStatus[];
  /** How the streams are shared out among the processes, as the last round of balancing found it. Null: there was none, or the user may not look. */
  readonly balance: BalanceStatus | null;
  readonly dlq: { readonly name: string; readonly length: number };
  /** What is to be given out only later. Null: the user may not look. */
  readonly delayed: DelayedStatus | null;
  /** What waits aside for its name. Null: the user may not look. */
  readonly parked: ParkedStatus | null;
  /** What is paused. Null: the user may not look. */
  readonly paused: PausedStatus | null;
  readonly totals: ServiceTotals;
}

export interface BalanceStatus {
  /** Number of the round. */
  readonly round: number;
  /** How far the process that is furthest from its share is from it, as a part of the share. */
  readonly imbalance: number;
  /** Streams (where a load is told: their load) that a process of weight 1 would have, if all had their share. */
  readonly level: number;
  /** Streams that are to be handed over by this round, by all processes together. */
  readonly ordered: number;
  /** Why none is, although a process has more than its share; null: nothing stands in the way. */
  readonly waits: string | null;
}

export interface DelayedStatus {
  readonly count: number;
  /** In how many milliseconds the first one is due; null: nothing is delayed, or it is overdue. */
  readonly nextMs: number | null;
  /** For how many milliseconds the first one has been due; 0: it is not. More than a second: no consumer runs that could give it out. */
  readonly lateMs: number;
}

export interface ParkedStatus {
  readonly count: number;
  /** Of how many names. */
  readonly names: number;
  /** Those of which most is parked, ten at most. */
  readonly hottest: readonly { readonly name: string; readonly parked: number }[];
}

export interface PausedStatus {
  readonly count: number;
  /** Some of them, a hundred about, by name. */
  readonly names: readonly { readonly name: string; readonly since: number }[];
}

/** What Redis has counted since a stream, or the group, was made. Null where it does not: before Redis 7, say. */
export interface ServiceTotals {
  /** Entries ever added to the load balancer stream. */
  readonly added: number | null;
  /** Entries ever given to a consumer. */
  readonly delivered: number | null;
  /** Dead letters ever added. */
  readonly deadLettered: number | null;
}
