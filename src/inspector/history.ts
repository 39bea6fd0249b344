/** The latest that was heard of one runtime, found by number and by actor. */
import type { Entry } from '../replay/tap.js';

export class History {
  readonly #limit: number;
  readonly #slots: Entry[] = [];
  /** Where the next one goes once every slot is taken. */
  #next = 0;

  /** @param limit entries that are remembered */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(entry: Entry): void {
    if (this.#slots.length < this.#limit) {
      this.#slots.push(entry);
    } else {
      this.#slots[this.#next] = entry;
      this.#next = (this.#next + 1) % this.#limit;
    }
  }

  clear(): void {
    this.#slots.length = 0;
    this.#next = 0;
  }

  /** The last ones, oldest first. */
  last(count: number): Entry[] {
    const taken = Math.min(count, this.#slots.length);
    return Array.from({ length: taken }, (_, at) => this.#at(this.#slots.length - taken + at));
  }

  /** Entries are numbered one by one, so this is where it stands if it is still there. */
  find(seq: number): Entry | undefined {
    if (this.#slots.length === 0) return undefined;
    const at = seq - this.#at(0).seq;
    return at >= 0 && at < this.#slots.length ? this.#at(at) : undefined;
  }

  /** What is remembered of one actor, oldest first: the last ones. */
  of(actor: string, count: number): Entry[] {
    const found: Entry[] = [];
    for (let at = this.#slots.length - 1; at >= 0 && found.length < count; at--) {
      const entry = this.#at(at);
      if (entry.kind !== 'notification' && entry.subject.path === actor) found.push(entry);
    }
    return found.reverse();
  }

  /** @param age 0: the oldest */
  #at(age: number): Entry {
    return this.#slots[(this.#next + age) % this.#slots.length] as Entry;
  }
}
