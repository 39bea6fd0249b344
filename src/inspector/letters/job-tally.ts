/** What has become of the letters of a job, by kind. */
import type { LetterJob } from '../protocol.js';
import { refusalOf } from '../refusal.js';

/** Messages of errors are the server's: so many different ones are told of. */
const MOST_ERRORS = 10;

export class JobTally {
  changed = 0;
  gone = 0;
  refused = 0;
  unknown = 0;
  readonly #errors = new Map<string, number>();

  /** How many letters have an outcome. */
  get all(): number {
    return this.changed + this.gone + this.refused + this.unknown;
  }

  fail(kind: 'refused' | 'unknown', thrown: unknown, count: number): void {
    this[kind] += count;
    this.note(thrown, count);
  }

  /** @param count letters that it has befallen */
  note(thrown: unknown, count: number): void {
    const { message } = refusalOf(thrown);
    const before = this.#errors.get(message);
    if (before === undefined && this.#errors.size === MOST_ERRORS) return;
    this.#errors.set(message, (before ?? 0) + count);
  }

  told(): Pick<LetterJob, 'changed' | 'gone' | 'refused' | 'unknown' | 'errors'> {
    const { changed, gone, refused, unknown } = this;
    const errors = [...this.#errors].map(([message, count]) => ({ message, count }));
    return { changed, gone, refused, unknown, errors: errors.sort((a, b) => b.count - a.count) };
  }
}
