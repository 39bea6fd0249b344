/** What all calls of an admin have in common: a connection is made first, a signal ends the waiting, and `close()` ends everything. */
import type { Clock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';

export interface CallOptions {
  /**
   * Ends the call: it rejects with the signal's reason. A call that changes something is not ended once it has been sent, so that its outcome is
   * always known.
   */
  readonly signal?: AbortSignal;
}

interface Connection {
  up(): Promise<void>;
  close(): void;
}

export class Calls {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** Looks at something. What is looked for when the signal aborts is not waited for. */
  read<T>({ signal }: CallOptions, look: () => Promise<T>): Promise<T> {
    return this.#untilEnded(signal, async () => {
      await this.#connection.up();
      return await look();
    });
  }

  /** Changes something: not at all where the signal has aborted by then, and to its end otherwise. */
  async change<T>({ signal }: CallOptions, act: () => Promise<T>): Promise<T> {
    await this.#untilEnded(signal, () => this.#connection.up());
    signal?.throwIfAborted();
    return await this.#untilEnded(undefined, act);
  }

  /** Looks at something over connections that are no matter of this one's. @param look what it has open it closes when its signal aborts */
  async lookElsewhere<T>({ signal }: CallOptions, look: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ending = new AbortController();
    try {
      return await this.#untilEnded(signal, () => look(ending.signal));
    } finally {
      ending.abort();
    }
  }

  /** Waits for so many milliseconds. */
  async pause({ signal }: CallOptions, ms: number): Promise<void> {
    let end = () => {};
    const timer = this.#clock.setTimeout(() => end(), ms);
    try {
      await this.#untilEnded(signal, () => new Promise<void>((resolve) => (end = resolve)));
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  /** The items of pages, one by one. */
  async *each<T>(
    options: CallOptions,
    pages: AsyncGenerator<readonly T[], void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages(options, pages)) yield* page;
  }

  /** Pages as they are read, each of them one look. */
  async *pages<T>(
    options: CallOptions,
    pages: AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        const { done, value } = await this.read(options, () => pages.next());
        if (done || value === undefined) return;
        yield value;
      }
    } finally {
      // What is under way ends by itself, and nothing waits for it.
      void pages.return().catch(() => {});
    }
  }

  close(): void {
    this.#closing.abort(new StreamwardenError('RuntimeStopped', 'the admin is closed'));
    this.#connection.close();
  }

  #untilEnded<T>(given: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const signals = [this.#closing.signal, ...(given === undefined ? [] : [given])];
    return new Promise<T>((resolve, reject) => {
      const ended = signals.find(({ aborted }) => aborted);
      if (ended !== undefined) {
        reject(ended.reason);
        return;
      }
      const stop = (event: Event) => over(() => reject((event.target as AbortSignal).reason));
      const over = (settle: () => void) => {
        for (const signal of signals) signal.removeEventListener('abort', stop);
        settle();
      };
      for (const signal of signals) signal.addEventListener('abort', stop);
      work().then(
        (value) => over(() => resolve(value)),
        (error: unknown) => over(() => reject(error)),
      );
    });
  }
}
