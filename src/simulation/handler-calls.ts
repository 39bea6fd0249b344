/** Calls of the application's handlers: which run, what they threw, and whose code is running now. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { textOf } from '../core/errors.js';
import type { StreamHandler } from '../runtime/types.js';
import type { SimulatedProcess } from './process.js';
import { ORDER, type Timeline } from './timeline.js';

/** A handler that threw or rejected. */
export interface HandlerFailure {
  /** Name of the data stream. */
  readonly stream: string;
  /** Entry id, which is the fencing token. */
  readonly id: string;
  /** Name in the group of the runtime whose handler it is. */
  readonly consumer: string;
  /** Milliseconds since the world began. */
  readonly at: number;
  /** What was thrown. */
  readonly error: unknown;
}

export interface HandlerCall {
  readonly stream: string;
  readonly id: string;
  readonly consumer: string;
  readonly process: SimulatedProcess;
  isOver: boolean;
}

/** Whose code runs: that of a handler, or work that the world was told of (`real`). */
const context = new AsyncLocalStorage<HandlerCall | 'told'>();

export function currentCall(): HandlerCall | undefined {
  const store = context.getStore();
  return store === 'told' ? undefined : store;
}

/** Runs what may do real work, since the world waits for it. */
export function runTold<T>(work: () => T): T {
  return context.run('told', work);
}

interface Where {
  readonly consumer: string;
  readonly process: SimulatedProcess;
}

export interface HandlerCallsSettings {
  readonly timeline: Timeline;
  readonly say: (text: string) => void;
  /** It has returned, or its process is gone. */
  readonly over: (call: HandlerCall) => void;
}

export class HandlerCalls {
  readonly #settings: HandlerCallsSettings;
  readonly #running = new Set<HandlerCall>();
  readonly #failures: HandlerFailure[] = [];

  constructor(settings: HandlerCallsSettings) {
    this.#settings = settings;
  }

  get running(): ReadonlySet<HandlerCall> {
    return this.#running;
  }

  get failures(): readonly HandlerFailure[] {
    return this.#failures;
  }

  /** The same handler, looked at. */
  watched<TInfo, TCheckpoint>(
    handler: StreamHandler<TInfo, TCheckpoint>,
    { consumer, process }: Where,
  ): StreamHandler<TInfo, TCheckpoint> {
    return async (handle) => {
      const { name: stream, id } = handle;
      const call: HandlerCall = { stream, id, consumer, process, isOver: false };
      this.#running.add(call);
      const { say, timeline } = this.#settings;
      say(`${consumer} works on ${stream} ${id}, retries ${handle.retryCount}`);
      try {
        await context.run(call, () => handler(handle));
        say(`${consumer} returns from ${stream} ${id}`);
      } catch (error) {
        say(`${consumer} throws for ${stream} ${id}: ${textOf(error)}`);
        this.#failures.push({ stream, id, consumer, at: timeline.now, error });
        throw error;
      } finally {
        this.#end(call);
      }
    };
  }

  /** Nothing of this process runs on. */
  processEnded(process: SimulatedProcess): void {
    for (const call of [...this.#running]) if (call.process === process) this.#end(call);
  }

  /** Resolves after so long on the clock of whose code asks. */
  sleep(ms: number, outside: SimulatedProcess): Promise<void> {
    const process = currentCall()?.process ?? outside;
    return new Promise((resolve) => {
      this.#settings.timeline.after(ms, ORDER.timer, process, resolve);
    });
  }

  #end(call: HandlerCall): void {
    if (!this.#running.delete(call)) return;
    call.isOver = true;
    this.#settings.over(call);
  }
}
