/** What `consume` does with its streams: holds each for a while and says done. */
import type { StreamRef } from '../runtime/notifications.js';

export interface HolderHooks {
  /** The time is up. */
  done(stream: StreamRef): Promise<void>;
  finished(stream: StreamRef): void;
  /** It could not be finished: it was lost meanwhile, or nobody knows. */
  failed(stream: StreamRef, error: unknown): void;
}

export class Holder {
  readonly #holdMs: number | 'forever';
  readonly #hooks: HolderHooks;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #finishing = new Set<Promise<void>>();

  constructor(holdMs: number | 'forever', hooks: HolderHooks) {
    this.#holdMs = holdMs;
    this.#hooks = hooks;
  }

  hold(stream: StreamRef): void {
    if (this.#holdMs === 'forever') return;
    this.#timers.set(
      stream.id,
      setTimeout(() => {
        this.#timers.delete(stream.id);
        const finishing = this.#finish(stream).finally(() => this.#finishing.delete(finishing));
        this.#finishing.add(finishing);
      }, this.#holdMs),
    );
  }

  /** Its time no longer matters: it is not ours any more. */
  forget(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  /** Holds nothing any more, and waits for what is being finished: its outcome is told before the end. */
  async end(): Promise<void> {
    for (const id of [...this.#timers.keys()]) this.forget(id);
    await Promise.all(this.#finishing);
  }

  async #finish(stream: StreamRef): Promise<void> {
    try {
      await this.#hooks.done(stream);
      this.#hooks.finished(stream);
    } catch (error) {
      this.#hooks.failed(stream, error);
    }
  }
}
