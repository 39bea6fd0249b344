/** About how large entries are: the largest that came lately, so that a page is as small as the next such entry wants it. One for all streams of a process. */
import type { DataFields } from '../../redis/data-streams.js';

/** Taken for the size of an entry before one has been read. */
const FIRST_BYTES = 512;
/** How much of the largest is forgotten with each answer that has no larger one. */
const DECAY = 0.9;

export class EntrySizes {
  #bytes = FIRST_BYTES;

  get bytes(): number {
    return this.#bytes;
  }

  /** @param largest of the entries of one answer */
  saw(largest: number): void {
    this.#bytes = Math.max(1, largest, this.#bytes * DECAY);
  }
}

export function sizeOf(fields: DataFields): number {
  let size = 0;
  for (const text of fields) size += text.length;
  return size;
}
