/**
 * Ends streams that a producer has cancelled: the signal aborts, the handler gets its grace to return, and then the stream is finished. Until then
 * it is ours, so that nobody else is given its name. Where it leaves our hands otherwise meanwhile, it is finished by that: see `scripts/cancel.lua`.
 */
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import type { Kernel } from '../kernel.js';
import { HeartbeatWatch } from '../lease/heartbeat-watch.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { Finisher } from './finisher.js';
import { handlerReturned } from './handler-grace.js';

export class Canceller {
  readonly #kernel: Kernel;
  readonly #ownerships: Ownerships;
  readonly #finisher: Finisher;
  readonly #graceMs: number;
  readonly #watch: HeartbeatWatch<boolean>;
  /** Streams that were cancelled while they were ours. */
  cancelled = 0;

  constructor(kernel: Kernel, ownerships: Ownerships, finisher: Finisher, graceMs: number) {
    this.#kernel = kernel;
    this.#ownerships = ownerships;
    this.#finisher = finisher;
    this.#graceMs = graceMs;
    this.#watch = new HeartbeatWatch(kernel, ownerships, {
      what: 'cancels',
      count: () => kernel.lease.cancelsHeard(),
      ask: (ids) => kernel.lease.cancelled(ids),
      tell: (ownership, isMarked = false) => this.#heard(ownership, isMarked),
    });
  }

  /** A heartbeat has been answered. */
  beat(): void {
    this.#watch.beat();
  }

  /** False where it is just being acquired: what is to become of it is known with the next heartbeat. */
  #heard(ownership: Ownership, isMarked: boolean): boolean {
    if (!isMarked || ownership.hasEnded || ownership.isCancelled) return true;
    if (ownership.state === 'acquiring') return false;
    this.#cancel(ownership);
    return true;
  }

  /** It is ours, and is marked in Redis. */
  #cancel(ownership: Ownership): void {
    const { application, logger, seam } = this.#kernel;
    ownership.isCancelled = true;
    this.cancelled += 1;
    seam.emit('cancelled', { count: 1 });
    application.cancelled(ownership);
    this.#end(ownership).catch((error: unknown) => {
      if (isStreamwardenError(error, 'RuntimeStopped')) return;
      logger.warn(
        { stream: ownership.name, id: ownership.id, error: messageOf(error) },
        'a cancelled stream could not be finished here',
      );
    });
  }

  async #end(ownership: Ownership): Promise<void> {
    await handlerReturned(this.#kernel, this.#ownerships, ownership, this.#graceMs);
    // Finished by its handler after all, lost, or on its way out: whoever moves it finishes it.
    if (!ownership.isWorkedOn || this.#kernel.ended.aborted) return;
    const wasUncertain = ownership.state === 'uncertain';
    ownership.send({ type: 'done.requested' });
    await this.#finisher.finish(ownership, undefined, wasUncertain);
  }
}
