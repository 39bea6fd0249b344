/** The dead letters of a runtime's service as the page asks for them: each request reads a bounded part of the stream. */
import type { DeadLettersAdmin } from '../../admin/letters/letters-admin.js';
import type { Clock } from '../../core/clock.js';
import type { DeadLetter, DeadLetterQueue } from '../../redis/dead-letter-queue.js';
import { isLetterWanted, letterRange, newestLetter } from '../../redis/dead-letter-selection.js';
import type { Inside } from '../../runtime/inside.js';
import type { Audit } from '../audit.js';
import type {
  DeadLetterRow,
  DeadLettersOutcome,
  DeadLettersReply,
  LetterGroupsReply,
  LetterJobRequest,
  LettersRange,
} from '../protocol.js';
import { refusalOf } from '../refusal.js';
import { GroupCount } from './group-count.js';
import { agesOf, hasAge, type LetterPageQuery, type LetterQuery, rangeAt, traitsOf } from './letter-query.js';
import { toRow } from './letter-row.js';

/** So many times the letters of a page are looked through for those that are asked for. */
const MOST_PAGES = 20;
/** Letters that one request counts. */
const MOST_COUNTED = 1_000;
/** Letters may have megabytes: a request that has taken so long ends with what it has, in milliseconds. */
const LONG_MS = 2_000;
/** Letters read at a time. */
const PAGE = 100;

type LetterAction = LetterJobRequest['action'];

interface Look {
  readonly range: LettersRange;
  readonly after: string | null;
  /** No more letters than so many. */
  readonly most: number;
}

export class LettersView {
  readonly #queue: DeadLetterQueue;
  readonly #admin: DeadLettersAdmin;
  readonly #clock: Clock;
  readonly #audit: Audit;

  constructor(
    { deadLetters, clock }: Pick<Inside, 'deadLetters' | 'clock'>,
    admin: DeadLettersAdmin,
    audit: Audit,
  ) {
    this.#queue = deadLetters;
    this.#admin = admin;
    this.#clock = clock;
    this.#audit = audit;
  }

  async list(query: LetterPageQuery): Promise<DeadLettersReply> {
    const { count, after } = query;
    const wanted = traitsOf(query);
    const range = await this.#rangeOf(query);
    const letters: DeadLetterRow[] = [];
    const most = Object.keys(wanted).length === 0 ? count : MOST_PAGES * count;
    const next = await this.#each({ range, after, most }, (letter) => {
      if (isLetterWanted(letter, wanted)) letters.push(toRow(letter));
      return letters.length < count;
    });
    return { length: await this.#queue.length(), letters, after: next };
  }

  async groups(query: LetterQuery): Promise<LetterGroupsReply> {
    const { after } = query;
    const range = query.range ?? (await this.#rangeOf(query, await newestLetter(this.#queue)));
    const { reason, errorName, ...others } = traitsOf(query);
    const butReason = { ...others, ...(errorName === undefined ? {} : { errorName }) };
    const butError = { ...others, ...(reason === undefined ? {} : { reason }) };
    const reasons = new GroupCount();
    const errors = new GroupCount();
    let looked = 0;
    let matching = 0;
    const next = await this.#each({ range, after, most: MOST_COUNTED }, (letter) => {
      looked += 1;
      const hasReason = isLetterWanted(letter, butReason);
      const hasError = isLetterWanted(letter, butError);
      if (hasReason) reasons.add(letter.reason);
      if (hasError) errors.add(letter.error?.name ?? null);
      if (hasReason && hasError) matching += 1;
      return true;
    });
    return {
      length: await this.#queue.length(),
      range,
      looked,
      matching,
      reasons: reasons.told(),
      errors: errors.told(),
      after: next,
    };
  }

  /** One by one, so that each has an outcome of its own. @param by address of who asks */
  async change(action: LetterAction, ids: readonly string[], by: string): Promise<DeadLettersOutcome> {
    const outcomes: Record<string, DeadLettersOutcome['outcomes'][string]> = {};
    for (const id of new Set(ids)) {
      outcomes[id] = await this.#changed(action, id).catch((thrown: unknown) => ({
        error: refusalOf(thrown).message,
      }));
    }
    this.#audit({ command: `dlq ${action}`, chosen: { ids }, outcomes, by, result: 'done' });
    return { outcomes };
  }

  async #changed(action: LetterAction, id: string): Promise<'redriven' | 'deleted' | 'gone'> {
    if (action === 'redrive') {
      const { value } = await this.#admin.redrive({ ids: [id] }).next();
      return value?.entry ? 'redriven' : 'gone';
    }
    const { value } = await this.#admin.delete({ ids: [id] }).next();
    return value?.deleted ? 'deleted' : 'gone';
  }

  async #rangeOf(query: LetterQuery, newest: string | null = null): Promise<LettersRange> {
    if (query.range !== null) return query.range;
    return rangeAt(query, newest, hasAge(query) ? await this.#queue.now() : 0);
  }

  /**
   * Calls back with letters, the newest first, for as long as that returns true.
   * @returns what to go on after; null: there is no more
   */
  async #each({ range, after, most }: Look, see: (letter: DeadLetter) => boolean): Promise<string | null> {
    const until = this.#clock.monotonic() + LONG_MS;
    const { newest } = range;
    const walk = { order: 'newestFirst', ...(newest === null ? {} : { newest }) } as const;
    const part = letterRange(agesOf(range), walk);
    let left = most;
    let last = after;
    do {
      const page = await this.#queue.list(Math.min(PAGE, left), last, part);
      for (const letter of page.letters) {
        last = letter.id;
        if (see(letter)) continue;
        return page.after === null && letter === page.letters.at(-1) ? null : last;
      }
      if (page.after === null) return null;
      left -= page.letters.length;
    } while (left > 0 && this.#clock.monotonic() < until);
    return last;
  }
}
