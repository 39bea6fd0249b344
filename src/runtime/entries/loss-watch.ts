/** Whether entries were removed before an iteration came to them: asked where it begins behind somebody else's, and once a second while entries come. */
import { compareEntryIds } from '../../core/entry-id.js';
import { isStreamwardenError } from '../../core/errors.js';
import type { CursorHost, Walked } from './cursor-host.js';
import { type Known, START, UNKNOWN } from './position.js';
import { TrimWatch } from './trim-watch.js';

/** Between two questions, in milliseconds. */
const SELDOM_MS = 1000;

export class LossWatch {
  readonly #walked: Walked;
  readonly #host: CursorHost;
  /** Undefined: nothing has been asked for yet, or nobody may ask. */
  #watch: TrimWatch | undefined;
  #askedAt = 0;

  constructor(walked: Walked, host: CursorHost) {
    this.#walked = walked;
    this.#host = host;
  }

  /** @param after the last entry that counts as read */
  begin(after: string): void {
    this.#watch = new TrimWatch(after);
    this.#askedAt = this.#host.clock.monotonic();
  }

  /** So many more have been read. */
  read(count: number): void {
    this.#watch?.read(count);
  }

  async facts(): Promise<Known> {
    try {
      return await this.#host.reader.facts(this.#walked.key);
    } catch (error) {
      if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
      this.#watch = undefined;
      this.#host.notWatched(this.#walked, error);
      return UNKNOWN;
    }
  }

  /** Where to go on: others may have removed what is behind the position, or have begun the stream anew. */
  resumed(after: string, facts: Known): string {
    if (facts === UNKNOWN || facts === undefined || after === START) return after;
    if (compareEntryIds(facts.lastId, after) < 0) {
      // None of what was read is in this one.
      this.begin(START);
      this.#host.lost(this.#walked, { after, first: facts.firstId, missed: null });
      return START;
    }
    this.#judge(facts, after);
    return after;
  }

  /** Only where something has come since: what is quiet loses nothing unheard of. @param idleFrom since when nothing has come, on the monotonic clock */
  isDue(idleFrom: number): boolean {
    if (this.#watch === undefined || idleFrom < this.#askedAt) return false;
    return this.#host.clock.monotonic() - this.#askedAt >= SELDOM_MS;
  }

  /** @param after the last entry that was read; no look is under way */
  async look(after: string): Promise<void> {
    this.#askedAt = this.#host.clock.monotonic();
    const facts = await this.facts();
    if (facts !== UNKNOWN && facts !== undefined) this.#judge(facts, after);
  }

  #judge(facts: Exclude<Known, undefined | typeof UNKNOWN>, after: string): void {
    const loss = this.#watch?.judge(facts, after);
    if (loss !== undefined) this.#host.lost(this.#walked, loss);
  }
}
