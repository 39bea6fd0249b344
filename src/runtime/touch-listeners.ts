/** Who wants to hear that a stream has been touched. Kept beside the ownerships: few streams have any. */
import type { Ownership } from '../actors/ownership.js';
import { callOut, messageOf } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { invalid } from './option-errors.js';
import type { TouchListener } from './types.js';

export class TouchListeners {
  readonly #logger: Logger;
  readonly #listeners = new WeakMap<Ownership, Set<TouchListener>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws StreamwardenError `InvalidOption` */
  add(ownership: Ownership, listener: TouchListener): () => void {
    if (typeof listener !== 'function') throw invalid('listener', 'a function', listener);
    const listeners = this.#listeners.get(ownership) ?? new Set();
    this.#listeners.set(ownership, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** A listener that throws has heard it all the same. */
  tell(ownership: Ownership): void {
    const { name, id, touches } = ownership;
    for (const listener of [...(this.#listeners.get(ownership) ?? [])]) {
      callOut(
        () => listener(touches),
        (error) =>
          this.#logger.error({ stream: name, id, error: messageOf(error) }, 'a listener for touches threw'),
      );
    }
  }
}
