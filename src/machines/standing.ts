/** How things stand, as machines keep it and snapshots show it: plain data that knows no machine. */
import type { ErrorFact } from './facts.js';

export type ConsumerState =
  | 'idle'
  | 'starting'
  | 'recovering'
  | 'running'
  | 'degraded'
  | 'draining'
  | 'stopped'
  | 'failed';

export type OwnershipState =
  | 'acquiring'
  | 'contended'
  | 'acquired'
  | 'extending'
  | 'uncertain'
  | 'backingOff'
  | 'acking'
  | 'givingBack'
  | 'releasing'
  | 'released'
  | 'handedOver'
  | 'deadLettered'
  | 'lost'
  | 'refused'
  | 'unknown';

/** A lock that is not as it should be: it does not stand, or is somebody else's. */
export type OddLock = 'missing' | 'foreign';

export interface ChildSpec {
  readonly id: string;
  /** permanent: restarted however it ended. transient: only when it failed. temporary: never. */
  readonly restart: 'permanent' | 'transient' | 'temporary';
  /** More failures than this within `withinMs` escalate. */
  readonly maxRestarts: number;
  readonly withinMs: number;
  /** Delay before the first restart, in milliseconds; doubles with each failure within the window. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}

export interface Failure {
  readonly child: string;
  readonly error: ErrorFact;
  /** Epoch milliseconds. */
  readonly at: number;
  /** How many failures within the window this was. */
  readonly count: number;
  /** In how many milliseconds it is started again; null: never. */
  readonly restartInMs: number | null;
}

export interface ChildRecord {
  readonly spec: ChildSpec;
  readonly status: 'running' | 'restarting' | 'ended';
  /** When it failed, within the window. Epoch milliseconds. */
  readonly failedAt: readonly number[];
  readonly restarts: number;
  readonly escalated: boolean;
}

export type KeyspaceOutcome =
  /** The setting already held what is needed; it was not touched. */
  | 'sufficient'
  /** The setting was empty, or was widened to the union of both. */
  | 'set'
  /** CONFIG is not permitted, and that was allowed for: whether events arrive is unknown. */
  | 'forbidden';

export interface KeyspaceSetup {
  readonly outcome: KeyspaceOutcome;
  /** The setting as it was found; null when it could not be read. */
  readonly before: string | null;
  /** The setting as it is now; null when it could not be read. */
  readonly after: string | null;
}

export interface VerifyOutput {
  readonly kept: number;
  readonly lost: number;
  readonly adopted: number;
  /** The lease of the latest beat is not over. */
  readonly isStanding: boolean;
}

export interface ScanFigures {
  /** Entries looked at. */
  readonly pending: number;
  /** Idle for minIdle but its owner is alive: a slow owner keeps its stream. */
  readonly lockAlive: number;
  readonly requeued: number;
  readonly deadLettered: number;
  readonly tookMs: number;
}

/** What a round of balancing has found, for people. */
export interface RoundFigures {
  readonly number: number;
  /** Processes that take part. */
  readonly members: number;
  /** How far the one that is furthest from its share is from it, as a part of the share. */
  readonly imbalance: number;
  /** Streams that were to be handed over by it, all over the fleet. */
  readonly ordered: number;
  /** Why nothing was to be, although somebody has more than its share; null: nothing stood in the way. */
  readonly waits: string | null;
}

/** Taking over does not go on at the moment. */
export interface Suspension {
  /** Epoch milliseconds. */
  readonly since: number;
  readonly why: string;
}
