/** What producers are told, against what is on the stream. That nothing is lost which they were told is there the ledger sees. */
import { isStreamwardenError } from '../../src/index.js';
import type { Violations } from './violations.js';

export interface Adder {
  readonly label: string;
  /** Until when something befell it, or its server, in milliseconds of the world. */
  readonly disturbedUntil: number;
  /** One of its connections loses what is sent on it, and neither end knows: without heartbeats only the next command shows it. */
  readonly isImpaired: boolean;
}

export interface Attempt {
  /** Stands in its `Info`: that is how it is known again. */
  readonly number: number;
  readonly name: string;
  readonly by: Adder;
  /** Milliseconds of the world. */
  readonly atMs: number;
  readonly isImpaired: boolean;
  /** Entry ids that Redis gave for it. */
  readonly ids: string[];
  /** It was told that nothing was announced. */
  isDenied: boolean;
}

/** How long ago something may have befallen its connection that only an answer that does not come shows, in milliseconds: as long as one is waited for. */
const SHOWS_AFTER_MS = 1100;

export class Adds {
  readonly #violations: Violations;
  readonly #now: () => number;
  readonly #attempts = new Map<number, Attempt>();

  constructor(violations: Violations, now: () => number) {
    this.#violations = violations;
    this.#now = now;
  }

  begin(by: Adder, name: string): Attempt {
    const number = this.#attempts.size;
    const attempt = {
      number,
      name,
      by,
      atMs: this.#now(),
      isImpaired: by.isImpaired,
      ids: [],
      isDenied: false,
    };
    this.#attempts.set(number, attempt);
    return attempt;
  }

  executed(number: number, id: string): void {
    const attempt = this.#attempts.get(number);
    if (attempt === undefined) return;
    attempt.ids.push(id);
    if (attempt.ids.length > 1) this.#add('C-PRO-2', attempt, `was sent ${attempt.ids.length} times`);
    if (attempt.isDenied)
      this.#add('C-PRO-2', attempt, `had been rejected for good, and is announced as ${id}`);
  }

  resolved(attempt: Attempt, id: string): void {
    if (!attempt.ids.includes(id))
      this.#add('C-PRO-1', attempt, `resolved with ${id}, which Redis did not give for it`);
  }

  /** @returns whether it may have been announced, for all that the producer says */
  rejected(attempt: Attempt, error: unknown): boolean {
    const sent = isStreamwardenError(error, 'RedisUnavailable') && error.details.sent === true;
    if (!isStreamwardenError(error)) this.#add('C-PRO-1', attempt, `rejected with ${String(error)}`);
    if (sent) {
      if (!attempt.isImpaired && attempt.by.disturbedUntil < attempt.atMs - SHOWS_AFTER_MS)
        this.#add('C-PRO-2', attempt, 'got no answer, though nothing befell it');
      return true;
    }
    attempt.isDenied = true;
    const [id] = attempt.ids;
    if (id !== undefined)
      this.#add('C-PRO-2', attempt, `rejected (${String(error)}), and is announced as ${id}`);
    return false;
  }

  #add(clause: string, { by, name, number }: Attempt, what: string): void {
    this.#violations.add(clause, `add(${name}) of ${by.label}, attempt ${number}, ${what}`);
  }
}
