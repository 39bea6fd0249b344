import type { Notification } from '../../src/index.js';
import { ByType } from './by-type.js';
import { describePace, hangingMs } from './pace.js';

type Type = Notification['type'];
type Of<T extends Type> = Extract<Notification, { type: T }>;

/** Reads a runtime's notifications to their end and keeps them, so that a test can look back and wait for what comes. */
export class NotificationLog {
  readonly #told = new ByType<Notification>();
  readonly #waiting = new Set<() => void>();

  constructor(source: AsyncIterable<Notification>) {
    void this.#read(source);
  }

  get all(): readonly Notification[] {
    return this.#told.all;
  }

  of<T extends Type>(type: T): Of<T>[] {
    return this.#told.of(type);
  }

  /** Names of the streams that were added, in order. */
  get added(): string[] {
    return this.of('StreamAdded').map(({ stream }) => stream);
  }

  /** The first notification of this type, and of this stream where one is named; whether it has come or is to come. */
  first<T extends Type>(type: T, stream?: string): Promise<Of<T>> {
    const what = stream === undefined ? type : `${type} of ${stream}`;
    const isIt = (one: Of<T>) => stream === undefined || ('stream' in one && one.stream === stream);
    return this.until(what, () => this.#told.find(type, isIt) ?? null);
  }

  /** Waits for so many notifications of a type. */
  async count<T extends Type>(type: T, count: number): Promise<Of<T>[]> {
    await this.until(`${count} × ${type}`, () => this.#told.count(type) >= count);
    return this.of(type);
  }

  /** Looks after each notification until the answer is neither null nor false, and returns it. */
  async until<T>(what: string, look: () => T | null | false): Promise<Exclude<T, null | false>> {
    const timeoutMs = hangingMs();
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const answer = look();
      if (answer !== null && answer !== false) return answer as Exclude<T, null | false>;
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new Error(
          `expected ${what} within ${timeoutMs} ms, got: ${this.#summary()}; ${describePace()}`,
        );
      }
      await this.#more(left);
    }
  }

  async #read(source: AsyncIterable<Notification>): Promise<void> {
    for await (const notification of source) {
      this.#told.push(notification);
      for (const wake of [...this.#waiting]) wake();
    }
  }

  #more(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.#waiting.delete(finish);
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      this.#waiting.add(finish);
    });
  }

  #summary(): string {
    const last = this.all
      .slice(-5)
      .map((one) => ('stream' in one ? `${one.type} of ${one.stream}` : one.type));
    return `${this.all.length} notifications, the last ones: ${last.join(', ') || 'none'}`;
  }
}
