/** What the actors of one incarnation share. Made once a `start()`, by the runtime. */
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Seam } from '../core/seam.js';
import type { CheckpointStore } from '../redis/checkpoints.js';
import type { Commands } from '../redis/commands.js';
import type { Connections } from '../redis/connections.js';
import type { DataStreams } from '../redis/data-streams.js';
import type { DeadLetterStore } from '../redis/dead-letter-store.js';
import type { DelayedStore } from '../redis/delaying.js';
import type { DueLetterStore } from '../redis/due-letters.js';
import type { Info } from '../redis/entry.js';
import type { EntryLetterStore } from '../redis/entry-letters.js';
import type { EntryReader } from '../redis/entry-reader.js';
import type { FleetStore } from '../redis/fleet.js';
import type { GroupStore } from '../redis/group.js';
import type { LargeIntegers } from '../redis/large-integers.js';
import type { Layout } from '../redis/layout.js';
import type { LeaseStore } from '../redis/lease-store.js';
import type { LockStore } from '../redis/locks.js';
import type { Names } from '../redis/names.js';
import type { ParkedStore } from '../redis/parking.js';
import type { TakeStore } from '../redis/taking.js';
import type { HeartbeatThread } from '../heartbeat/heartbeat-thread.js';
import type { Application } from './application.js';
import type { BalanceSettings } from './balance/settings.js';
import type { LoadOption } from './data/lag.js';

/** The part of the options that actors need; units and meaning as in RuntimeOptions. */
export interface ActorSettings {
  readonly database: number;
  readonly capacity: number;
  readonly heartbeatMs: number;
  readonly reconcileEveryMs: number;
  readonly reconcileJitter: number;
  readonly minIdleMs: number;
  readonly maxRetries: number;
  readonly provenAfterMs: number;
  readonly flushMs: number;
  readonly checkpointKeepMs: number;
  readonly scanBatch: number;
  readonly dlqMaxLen: number;
  readonly maxEntryBytes: number;
  readonly largeIntegers: LargeIntegers;
  readonly readRetry: { readonly attempts: number; readonly initialMs: number; readonly maxMs: number };
  readonly lockKeys: boolean;
  readonly autoClaim: boolean;
  readonly keyspaceEvents: 'require' | 'prefer' | 'off';
  readonly keyspaceOverride: boolean;
  readonly historyKey: string | undefined;
  readonly weight: number;
  readonly load: LoadOption | undefined;
  readonly balance: BalanceSettings;
}

export interface Machine {
  readonly host: string;
  readonly pid: number;
}

/** What a schema makes of an entry's info. */
export type CheckedInfo =
  | { readonly ok: true; readonly info: unknown }
  | { readonly ok: false; readonly problem: string };

/** The operations on Redis. A test puts a decorator around one to make it fail. */
export interface Stores {
  readonly lease: LeaseStore;
  readonly group: GroupStore;
  readonly entries: EntryReader;
  readonly locks: LockStore;
  readonly due: DueLetterStore;
  readonly deadLetters: DeadLetterStore;
  readonly delayed: DelayedStore;
  readonly parked: ParkedStore;
  readonly fleet: FleetStore;
  readonly taking: TakeStore;
  readonly dataStreams: DataStreams;
  readonly entryLetters: EntryLetterStore;
  readonly checkpoints: CheckpointStore;
}

export interface Kernel extends Stores {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly seam: Seam;
  readonly settings: ActorSettings;
  readonly layout: Layout;
  readonly names: Names;
  /** Name of this incarnation in the group. */
  readonly consumer: string;
  /** Where it runs, as the others are told. */
  readonly machine: Machine;
  readonly connections: Connections;
  readonly commands: Commands;
  /** The same on a connection that no heartbeat waits behind: for whatever is as large as others choose to make it. */
  readonly bulk: Commands;
  readonly application: Application;
  /** Undefined: heartbeats come from the event loop alone. */
  readonly heartbeatThread: HeartbeatThread | undefined;
  /** Undefined: every info will do. */
  readonly checkInfo: ((info: Info | null) => CheckedInfo | Promise<CheckedInfo>) | undefined;
  /** Aborts when the incarnation ends: nothing may be begun any more, and whoever waits gives up. */
  readonly ended: AbortSignal;
}

/** Waits, but not past the end of the incarnation. */
export function pause(kernel: Kernel, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (kernel.ended.aborted) {
      resolve();
      return;
    }
    const finish = () => {
      kernel.clock.clearTimeout(timer);
      kernel.ended.removeEventListener('abort', finish);
      resolve();
    };
    const timer = kernel.clock.setTimeout(finish, ms);
    kernel.ended.addEventListener('abort', finish);
  });
}
