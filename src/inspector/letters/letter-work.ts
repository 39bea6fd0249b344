/**
 * The work of a job on dead letters, a page at a time: first counted, then changed, the oldest first. After each page it rests for as long as the page took, so
 * that whatever else goes over the same connection waits for one page at most.
 */
import type { DeadLettersAdmin } from '../../admin/letters/letters-admin.js';
import type { Clock } from '../../core/clock.js';
import type { DeadLetterQueue } from '../../redis/dead-letter-queue.js';
import { selectLetters } from '../../redis/dead-letter-selection.js';
import { mayHaveExecuted } from '../../redis/reply-errors.js';
import type { LetterJob, LetterJobRequest } from '../protocol.js';
import { refusalOf } from '../refusal.js';
import { JobTally } from './job-tally.js';
import { agesOf, traitsOf } from './letter-query.js';

/** A page is rested after at least so long, in milliseconds, and at most for LONGEST_REST_MS. */
const SHORTEST_REST_MS = 1;
const LONGEST_REST_MS = 1_000;
/** So many letters that are refused one after the other end the job: Redis will not have the others either. */
const MOST_REFUSED = 10;

export interface WorkSettings {
  readonly queue: Pick<DeadLetterQueue, 'list'>;
  readonly admin: Pick<DeadLettersAdmin, 'redrive' | 'delete'>;
  readonly clock: Clock;
  /** How many letters there are. */
  readonly length: number;
  /** Called after each page, and with each phase. */
  readonly onProgress: () => void;
}

export class LetterWork {
  readonly #settings: WorkSettings;
  readonly #request: LetterJobRequest;
  readonly #tally = new JobTally();
  #phase: LetterJob['phase'] = 'counting';
  #looked = 0;
  #found = 0;
  #refusedInARow = 0;
  #isStopped = false;
  #endRest = () => {};

  constructor(settings: WorkSettings, request: LetterJobRequest) {
    this.#settings = settings;
    this.#request = request;
  }

  told() {
    const isCounting = this.#phase === 'counting';
    return {
      phase: this.#phase,
      looked: this.#looked,
      length: this.#settings.length,
      matching: isCounting ? null : this.#found,
      ...this.#tally.told(),
    };
  }

  /** Ends it after the page that it is at. */
  stop(): void {
    this.#isStopped = true;
    this.#endRest();
  }

  /** Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#pages(async (ids) => {
        this.#found += ids.length;
      });
      if (!this.#isStopped) {
        this.#phase = 'acting';
        this.#looked = 0;
        await this.#pages((ids) => this.#change(ids));
      }
      this.#phase = this.#isStopped ? 'stopped' : 'done';
    } catch (error) {
      // What befell letters has been told with them.
      if (!(error instanceof GivenUp)) this.#tally.note(error, 0);
      this.#phase = 'failed';
    }
  }

  async #pages(act: (ids: readonly string[]) => Promise<void>): Promise<void> {
    const { queue, clock, onProgress } = this.#settings;
    const { filter, range } = this.#request;
    const { newest } = range;
    onProgress();
    if (newest === null) return;
    const wanted = { ...traitsOf(filter), ...agesOf(range) };
    let began = clock.monotonic();
    for await (const { letters, looked } of selectLetters(queue, wanted, { order: 'oldestFirst', newest })) {
      if (letters.length > 0) await act(letters.map(({ id }) => id));
      this.#looked += looked;
      onProgress();
      if (!this.#isStopped) await this.#rest(clock.monotonic() - began);
      if (this.#isStopped) return;
      began = clock.monotonic();
    }
  }

  #rest(tookMs: number): Promise<void> {
    const { clock } = this.#settings;
    const restMs = Math.min(LONGEST_REST_MS, Math.max(SHORTEST_REST_MS, tookMs));
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, restMs);
      this.#endRest = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  /** All of a page at once; where Redis refuses that, one by one, so that each has an outcome of its own. */
  async #change(ids: readonly string[]): Promise<void> {
    try {
      await this.#send(ids);
    } catch (error) {
      if (isOver(error) || ids.length === 1) this.#failed(error, ids.length);
      else for (const id of ids) await this.#send([id]).catch((thrown: unknown) => this.#failed(thrown, 1));
    }
  }

  async #send(ids: readonly string[]): Promise<void> {
    const { admin } = this.#settings;
    const tally = this.#tally;
    if (this.#request.action === 'redrive') {
      for await (const { entry } of admin.redrive({ ids })) tally[entry === null ? 'gone' : 'changed'] += 1;
    } else {
      for await (const { deleted } of admin.delete({ ids })) tally[deleted ? 'changed' : 'gone'] += 1;
    }
    this.#refusedInARow = 0;
  }

  /** @throws GivenUp */
  #failed(error: unknown, count: number): void {
    this.#tally.fail(mayHaveExecuted(error) ? 'unknown' : 'refused', error, count);
    this.#refusedInARow += count;
    if (isOver(error) || this.#refusedInARow >= MOST_REFUSED) throw new GivenUp();
  }
}

class GivenUp extends Error {}

/** Nothing that is sent now would be done either. */
function isOver(error: unknown): boolean {
  return mayHaveExecuted(error) || ['RedisUnavailable', 'RuntimeStopped'].includes(refusalOf(error).code);
}
