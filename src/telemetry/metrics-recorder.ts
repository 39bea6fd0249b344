/**
 * What a runtime measures, for applications that keep metrics of their own. The methods are those of the Go client's recorder (v0.4, and its pull request 122),
 * and are called once for what happened together rather than once a stream: so most have counts in place of a name. All are optional. Times are in milliseconds.
 */
export interface MetricsRecorder {
  /** The first scan of the pending list is over. `error` is the code of what ended it early, else null. */
  recordStartupRecovery?(scan: ScanFacts): void;
  /** A scan after that is over. */
  recordReconciliationScan?(scan: ScanFacts): void;
  /** `claim()` was called. `error` is `AlreadyClaimed`, `OwnerAlive` or the code of a failure, else null. */
  recordClaimAttempt?(claim: TimedFacts & { readonly id: string }): void;
  /** Entries that were read have been verified, in one script with their locks and the lease behind them. */
  recordLockAcquisitionAttempt?(attempt: AcquisitionFacts): void;
  /** Locks were prolonged. */
  recordLockExtensionAttempt?(attempt: ExtensionFacts): void;
  /** Locks were released, or left to expire where `error` is not null. */
  recordLockReleaseAttempt?(attempt: { readonly count: number; readonly error: string | null }): void;
  /** The application has a stream: its handler begins, or it was notified. */
  recordStreamProcessingStart?(work: WorkFacts): void;
  /** It has it no more. */
  recordStreamProcessingEnd?(
    work: WorkFacts & {
      /** `failed`: its handler threw. `aborted`: its signal aborted first. `unknown`: whether it is finished could not be found out. */
      readonly outcome: 'done' | 'failed' | 'aborted' | 'unknown';
      readonly durationMs: number;
    },
  ): void;
  /** A keyspace event was heard: that a lock or the presence of a consumer has expired. */
  recordKspNotification?(event: { readonly kind: 'lock' | 'presence' }): void;
  /** One was dropped. Nothing is lost by it: events are hints here. */
  recordKspNotificationDropped?(): void;
  /**
   * Entries were given back, or taken from a dead owner. `refused` of them were somebody else's by then, which the Go client counts nowhere; here a script
   * moves an entry whole or not at all, and what fails is repeated.
   */
  recordReQueue?(moved: {
    readonly reason: string;
    readonly requeued: number;
    readonly refused: number;
  }): void;
  /** Entries were moved to the dead-letter stream. */
  recordDLQRouting?(moved: { readonly reason: string; readonly count: number }): void;
  /** A scan left entries alone, as their owners are alive. */
  recordMutexAliveSkip?(skipped: { readonly count: number }): void;
  /** `resetTopology()` was called. `recordTopologyReset` in v0.4. */
  recordTopologyReinit?(reset: TimedFacts): void;
  /** Keyspace events were set up on a master, or could not be. */
  recordMasterKeyspaceSetup?(
    setup: TimedFacts & {
      /** `host:port`. */
      readonly master: string;
      readonly outcome: string;
    },
  ): void;
}

/** What took a while, and may have failed. */
export interface TimedFacts {
  readonly durationMs: number;
  /** Code of what went wrong, else null. */
  readonly error: string | null;
}

export interface ScanFacts extends TimedFacts {
  /** Entries that were found pending; of them were requeued, dead-lettered, or left alone as their owners are alive. */
  readonly pending: number;
  readonly requeued: number;
  readonly deadLettered: number;
  readonly ownerAlive: number;
}

export interface AcquisitionFacts extends TimedFacts {
  /** Became this consumer's. With an error: 0. */
  readonly owned: number;
  /** Wait, as their name is taken. */
  readonly contended: number;
  /** Wait, as somebody else has their lock. */
  readonly lockHeld: number;
  /** Are somebody else's by now. */
  readonly refused: number;
  /** With an error: how many were asked for. */
  readonly failed: number;
}

export interface ExtensionFacts {
  readonly extended: number;
  /** Were gone. */
  readonly missing: number;
  /** Are somebody else's. */
  readonly foreign: number;
  /** Redis did not answer: none was prolonged for certain, and `missing` has them all. */
  readonly error: string | null;
}

/** One stream in the application's hands. */
export interface WorkFacts {
  readonly stream: string;
  /** Of its entry. */
  readonly id: string;
  readonly retryCount: number;
}
