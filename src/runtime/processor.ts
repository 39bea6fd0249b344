/** Runs the application's handler for each stream, so many at once. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Ownership } from '../actors/ownership.js';
import { isStreamwardenError, messageOf } from '../core/errors.js';
import type { StreamHandle, StreamHandler } from './types.js';

export interface ProcessorHooks<TInfo, TCheckpoint> {
  /** Does the work on a stream; whoever watches it is told. Rejects with what that throws. */
  watch(ownership: Ownership, work: () => Promise<void>): Promise<void>;
  handle(ownership: Ownership): StreamHandle<TInfo, TCheckpoint>;
  /** The handler is about to be called. */
  begins(ownership: Ownership): void;
  /** Resolves with whether the stream is finished; where it is not, there is more for the handler. */
  done(ownership: Ownership): Promise<boolean>;
  /** The handler threw. Resolves with whether it is to be called again, as what it failed at has been passed over. */
  passedOver(ownership: Ownership, error: unknown): Promise<boolean>;
  /** The handler threw: keep the lease through the back-off, then spend a retry. */
  failed(ownership: Ownership, error: unknown): void;
  /** The runtime is being stopped, and not to finish what it owns: no handler is called any more, as its signal is about to abort. */
  isLeaving(): boolean;
  /** The handler has returned, one way or another. */
  returned(ownership: Ownership): void;
  log(fields: Readonly<Record<string, unknown>>, message: string): void;
  /** Epoch milliseconds. */
  now(): number;
}

/** Whose handler is running. One for all runtimes: each storage that was ever used costs every promise of the process from then on. */
const inside = new AsyncLocalStorage<Ownership>();

export class Processor<TInfo, TCheckpoint> {
  readonly concurrency: number;
  readonly #handler: StreamHandler<TInfo, TCheckpoint>;
  readonly #hooks: ProcessorHooks<TInfo, TCheckpoint>;
  readonly #waiting: Ownership[] = [];
  readonly #running = new Set<Ownership>();
  /** Since when, epoch milliseconds. */
  readonly #atWork = new Map<Ownership, number>();

  constructor(
    handler: StreamHandler<TInfo, TCheckpoint>,
    concurrency: number,
    hooks: ProcessorHooks<TInfo, TCheckpoint>,
  ) {
    this.#handler = handler;
    this.concurrency = concurrency;
    this.#hooks = hooks;
  }

  /** Streams whose handler has not returned, or that are being finished for it. */
  get running(): ReadonlySet<Ownership> {
    return this.#running;
  }

  /** Whether its handler has not returned. What is left to do then is not the application's, and nobody has to be waited for. */
  isAtWork(ownership: Ownership): boolean {
    return this.#atWork.has(ownership);
  }

  /** Since when its handler runs, epoch milliseconds; undefined: it does not. */
  workingSince(ownership: Ownership): number | undefined {
    return this.#atWork.get(ownership);
  }

  /** Whether its handler is still to be called, as so many run already. Looks through all that wait. */
  isQueued(ownership: Ownership): boolean {
    return this.#waiting.includes(ownership);
  }

  /** Whether this is asked by the handler of that very stream: who asks cannot be waited for. */
  isInside(ownership: Ownership): boolean {
    return inside.getStore() === ownership;
  }

  add(ownership: Ownership): void {
    this.#waiting.push(ownership);
    this.#fill();
  }

  #fill(): void {
    while (this.#running.size < this.concurrency) {
      const ownership = this.#waiting.shift();
      if (ownership === undefined) return;
      // It may have been lost, handed over or finished by hand while it waited.
      if (ownership.isWorkedOn && !ownership.isAborted) void this.#run(ownership);
    }
  }

  async #run(ownership: Ownership): Promise<void> {
    this.#running.add(ownership);
    try {
      await this.#hooks.watch(ownership, async () => {
        let isOver = false;
        while (!isOver) {
          isOver = await this.#handle(ownership);
          // Told to stop while it was being finished: who was touched is handed on, and not begun with again.
          if (!ownership.isWorkedOn || ownership.isAborted || this.#hooks.isLeaving()) isOver = true;
        }
      });
    } catch (error) {
      // Whatever a handler throws after its signal aborted is its way of stopping.
      if (ownership.isWorkedOn && !ownership.isAborted) this.#hooks.failed(ownership, error);
    } finally {
      this.#running.delete(ownership);
      this.#fill();
    }
  }

  /** Resolves with whether the handler has no more to do. */
  async #handle(ownership: Ownership): Promise<boolean> {
    this.#hooks.begins(ownership);
    try {
      await this.#call(ownership);
    } catch (error) {
      const isOurs = ownership.isWorkedOn && !ownership.isAborted;
      if (!isOurs || !(await this.#hooks.passedOver(ownership, error))) throw error;
      return !ownership.isWorkedOn || ownership.isAborted;
    }
    return !ownership.isWorkedOn || ownership.isAborted || (await this.#finish(ownership));
  }

  async #call(ownership: Ownership): Promise<void> {
    this.#atWork.set(ownership, this.#hooks.now());
    try {
      await inside.run(ownership, () => this.#handler(this.#hooks.handle(ownership)));
    } finally {
      this.#atWork.delete(ownership);
      this.#hooks.returned(ownership);
    }
  }

  /** The work is done, so its being lost now, or Redis not saying, is no failure of the handler. */
  async #finish(ownership: Ownership): Promise<boolean> {
    try {
      return await this.#hooks.done(ownership);
    } catch (error) {
      const code = isStreamwardenError(error) ? error.code : 'Error';
      if (code === 'RuntimeStopped') return true;
      this.#hooks.log(
        { stream: ownership.name, id: ownership.id, code, error: messageOf(error) },
        'a handler finished its stream, but that could not be recorded',
      );
      return true;
    }
  }
}
