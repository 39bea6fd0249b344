/** Tells an application's recorder what the seam of one runtime tells. */
import type { Clock } from '../core/clock.js';
import { callOut } from '../core/errors.js';
import type { Seam, SeamEvents } from '../core/seam.js';
import type { MetricsRecorder, ScanFacts } from './metrics-recorder.js';
import type { Delivery, Ending } from './processing.js';

const NOTHING: ScanFacts = {
  pending: 0,
  requeued: 0,
  deadLettered: 0,
  ownerAlive: 0,
  durationMs: 0,
  error: null,
};

export class RecorderFeed {
  readonly #recorder: MetricsRecorder;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #leave: (() => void)[];
  /** When each began, on the monotonic clock. */
  readonly #works = new Map<Delivery, number>();
  /** Of the scan under way, which may be told in several slices. */
  #scan = NOTHING;

  /** @param onError gets what the recorder throws, or rejects with */
  constructor(seam: Seam, recorder: MetricsRecorder, clock: Clock, onError: (error: unknown) => void) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#onError = onError;
    this.#leave = [
      seam.on('acquired', ({ count, contended, lockHeld, refused, tookMs }) =>
        this.#tell('recordLockAcquisitionAttempt', {
          owned: count,
          contended,
          lockHeld,
          refused,
          failed: 0,
          durationMs: tookMs,
          error: null,
        }),
      ),
      seam.on('acquireFailed', ({ count, error, tookMs }) =>
        this.#tell('recordLockAcquisitionAttempt', {
          owned: 0,
          contended: 0,
          lockHeld: 0,
          refused: 0,
          failed: count,
          durationMs: tookMs,
          error,
        }),
      ),
      seam.on('locksExtended', ({ count, failed, foreign, error }) =>
        this.#tell(
          'recordLockExtensionAttempt',
          error === null
            ? { extended: count - failed, missing: failed - foreign, foreign, error }
            : { extended: 0, missing: count, foreign: 0, error },
        ),
      ),
      seam.on('locksReleased', (facts) => this.#tell('recordLockReleaseAttempt', facts)),
      seam.on('claimAsked', ({ id, tookMs, error }) =>
        this.#tell('recordClaimAttempt', { id, durationMs: tookMs, error }),
      ),
      seam.on('moved', ({ why: reason, requeued, deadLettered }) => {
        if (requeued > 0) this.#tell('recordReQueue', { reason, requeued, refused: 0 });
        if (deadLettered > 0) this.#tell('recordDLQRouting', { reason, count: deadLettered });
      }),
      seam.on('moveRefused', ({ why: reason, count }) =>
        this.#tell('recordReQueue', { reason, requeued: 0, refused: count }),
      ),
      seam.on('scanFinished', (slice) => this.#scanned(slice)),
      seam.on('scanFailed', ({ error, isFirst, tookMs }) => {
        const { durationMs, ...others } = this.#scan;
        this.#scanEnded({ ...others, durationMs: durationMs + tookMs, error }, isFirst);
      }),
      seam.on('keyspaceEvent', ({ kind, dropped }) =>
        dropped ? this.#tell('recordKspNotificationDropped') : this.#tell('recordKspNotification', { kind }),
      ),
      seam.on('keyspaceSetup', ({ master, outcome, code, tookMs }) =>
        this.#tell('recordMasterKeyspaceSetup', { master, outcome, durationMs: tookMs, error: code }),
      ),
      seam.on('topologyReset', ({ tookMs, error }) =>
        this.#tell('recordTopologyReinit', { durationMs: tookMs, error }),
      ),
    ];
  }

  /** The application has a stream from now on, unless it had it already. */
  begin(delivery: Delivery): void {
    if (this.#works.has(delivery)) return;
    this.#works.set(delivery, this.#clock.monotonic());
    this.#tell('recordStreamProcessingStart', factsOf(delivery));
  }

  /** It has it no more; said of one that it never had, this does nothing. */
  end(delivery: Delivery, { outcome }: Ending): void {
    const began = this.#works.get(delivery);
    if (began === undefined) return;
    this.#works.delete(delivery);
    const durationMs = this.#clock.monotonic() - began;
    this.#tell('recordStreamProcessingEnd', { ...factsOf(delivery), outcome, durationMs });
  }

  close(): void {
    for (const delivery of [...this.#works.keys()]) this.end(delivery, { outcome: 'aborted' });
    for (const leave of this.#leave) leave();
  }

  /** Whatever it does, nothing here is disturbed. */
  #tell<Method extends keyof MetricsRecorder>(
    method: Method,
    ...facts: Parameters<Required<MetricsRecorder>[Method]>
  ): void {
    const recorder = this.#recorder as Readonly<
      Record<string, ((...facts: unknown[]) => unknown) | undefined>
    >;
    callOut(() => recorder[method]?.(...facts), this.#onError);
  }

  #scanned(slice: SeamEvents['scanFinished']): void {
    const { pending, requeued, deadLettered, lockAlive, tookMs, isFirst, isWhole } = slice;
    if (lockAlive > 0) {
      this.#tell('recordMutexAliveSkip', { count: lockAlive });
    }
    const before = this.#scan;
    this.#scan = {
      pending: before.pending + pending,
      requeued: before.requeued + requeued,
      deadLettered: before.deadLettered + deadLettered,
      ownerAlive: before.ownerAlive + lockAlive,
      durationMs: before.durationMs + tookMs,
      error: null,
    };
    if (isWhole) this.#scanEnded(this.#scan, isFirst);
  }

  #scanEnded(scan: ScanFacts, isFirst: boolean): void {
    this.#scan = NOTHING;
    if (isFirst) this.#tell('recordStartupRecovery', scan);
    else this.#tell('recordReconciliationScan', scan);
  }
}

function factsOf({ id, name, retryCount }: Delivery) {
  return { stream: name, id, retryCount };
}
