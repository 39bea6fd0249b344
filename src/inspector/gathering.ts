/** What happens within a short while goes out together. */
import { messageOf } from '../core/errors.js';
import type { Logger } from '../core/logger.js';

export class Gathering {
  readonly #send: () => void;
  readonly #logger: Logger;
  readonly #failure: string;
  #timer: NodeJS.Timeout | undefined;

  /** @param failure what the log says when sending throws */
  constructor(send: () => void, logger: Logger, failure: string) {
    this.#send = send;
    this.#logger = logger;
    this.#failure = failure;
  }

  /** Sends after so many milliseconds, unless that is due already. */
  schedule(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      try {
        this.#send();
      } catch (error) {
        // Whoever looks on must not be what ends the process.
        this.#logger.error({ error: messageOf(error) }, this.#failure);
      }
    }, delayMs).unref();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
