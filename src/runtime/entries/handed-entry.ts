/** An entry in the hands of the application. */
import type { Entry } from './types.js';

export interface Committer {
  /** Records that everything up to this entry has been dealt with. */
  commit(id: string): Promise<void>;
}

export class HandedEntry implements Entry<unknown> {
  readonly id: string;
  readonly fields: unknown;
  readonly attempt: number;
  readonly #by: Committer;

  constructor(id: string, fields: unknown, attempt: number, by: Committer) {
    this.id = id;
    this.fields = fields;
    this.attempt = attempt;
    this.#by = by;
  }

  commit(): Promise<void> {
    return this.#by.commit(this.id);
  }
}
