/** The dead letters of a service, as an admin gives them. */
import type { DeadLetter } from '../../redis/dead-letter-queue.js';
import { type LetterFilter, newestLetter, selectLetters } from '../../redis/dead-letter-selection.js';
import { invalid } from '../../runtime/option-errors.js';
import type { CallOptions, Calls } from '../calls.js';
import {
  check,
  checkMembers,
  checkOptions,
  entryId,
  entryIds,
  flag,
  integer,
  oneOf,
  text,
} from '../inputs.js';
import type { ServiceAccess } from '../service-access.js';
import { letterLine } from './letter-line.js';

/** How things stand on the dead-letter stream. */
export interface LettersSummary {
  /** How many letters there are. */
  readonly count: number;
  /** Id of the newest one; null: there is none. */
  readonly newest: string | null;
  /** Redis's clock, epoch milliseconds, which the letters' times are of. */
  readonly nowMs: number;
}

export interface LetterRange extends LetterFilter {
  /** No letter that is newer than this one. Without it, a call that changes letters leaves alone what comes after it has begun. */
  readonly newest?: string;
}

export interface LetterListOptions extends LetterRange, CallOptions {
  /** @defaultValue 'newestFirst' */
  readonly order?: 'newestFirst' | 'oldestFirst';
  /** No more letters than so many. */
  readonly limit?: number;
  /** Whether all fields are read, however many bytes a letter has. Otherwise a letter of more than 8 MiB has its small fields alone. @defaultValue false */
  readonly whole?: boolean;
}

/** Which letters: those with these ids, or all that the filter lets through. */
export type LetterChoice = { readonly ids: readonly string[] } | ({ readonly all: true } & LetterRange);

export interface RedrivenLetter {
  /** Id of the letter. */
  readonly id: string;
  /** Id on the load balancer stream of what it was announced as. Null: there was no such letter any more. */
  readonly entry: string | null;
}

export interface DeletedLetter {
  /** Id of the letter. */
  readonly id: string;
  /** False: there was no such letter any more. */
  readonly deleted: boolean;
}

/**
 * `redrive()` and `delete()` do a batch of at most 100 letters each time the iteration needs more, and yield what became of each. A loop that is left
 * early has changed the batch that it was in, and nothing after it. What a signal ends is ended between two batches.
 */
export interface DeadLettersAdmin {
  /** @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied`; so do all of these */
  summary(options?: CallOptions): Promise<LettersSummary>;
  /** Letters, a page at a time. @throws StreamwardenError `InvalidOption` at once */
  list(options?: LetterListOptions): AsyncIterableIterator<DeadLetter>;
  /** One letter; null: there is none with this id. */
  get(id: string, options?: CallOptions): Promise<DeadLetter | null>;
  /**
   * Announces letters anew, byte for byte, with a retry count of 0, and deletes them. No letter is announced twice, also where it is repeated after a failure.
   * @throws StreamwardenError `InvalidOption` at once
   */
  redrive(choice: LetterChoice, options?: CallOptions): AsyncIterableIterator<RedrivenLetter>;
  /** Deletes letters for good. @throws StreamwardenError `InvalidOption` at once */
  delete(choice: LetterChoice, options?: CallOptions): AsyncIterableIterator<DeletedLetter>;
  /** Whole letters, oldest first, each as a line of JSON that keeps its bytes. @throws StreamwardenError `InvalidOption` at once */
  export(options?: LetterRange & CallOptions): AsyncIterableIterator<string>;
}

const RANGE_RULES = {
  reason: text,
  name: text,
  owner: text,
  error: text,
  errorName: text,
  find: text,
  fromMs: integer(0),
  toMs: integer(0),
  newest: entryId,
} as const;

const LIST_RULES = {
  ...RANGE_RULES,
  order: oneOf('newestFirst', 'oldestFirst'),
  limit: integer(1),
  whole: flag,
} as const;

const yes = { words: 'true', holds: (value: unknown) => value === true };

const BATCH = 100;

function checkChoice(choice: unknown): void {
  const isObject = typeof choice === 'object' && choice !== null;
  if (isObject && 'ids' in choice) checkMembers('choice', choice, { ids: entryIds });
  else if (isObject && 'all' in choice) checkMembers('choice', choice, { all: yes, ...RANGE_RULES });
  else throw invalid('choice', 'an object with ids or all', choice);
}

export function createDeadLettersAdmin(
  { deadLetters }: Pick<ServiceAccess, 'deadLetters'>,
  calls: Calls,
): DeadLettersAdmin {
  /** Ids, a batch at a time: those that were given are not looked at first. */
  async function* batchesOf(choice: LetterChoice): AsyncGenerator<readonly string[], void, undefined> {
    if ('ids' in choice) {
      for (let at = 0; at < choice.ids.length; at += BATCH) yield choice.ids.slice(at, at + BATCH);
      return;
    }
    const { newest = await newestLetter(deadLetters), ...filter } = choice;
    if (newest === null) return;
    for await (const { letters } of selectLetters(deadLetters, filter, { order: 'oldestFirst', newest })) {
      yield letters.map(({ id }) => id);
    }
  }

  async function* changed<T>(
    choice: LetterChoice,
    options: CallOptions,
    act: (ids: readonly string[]) => Promise<readonly T[]>,
  ): AsyncGenerator<T, void, undefined> {
    for await (const ids of calls.pages(options, batchesOf(choice))) {
      if (ids.length > 0) yield* await calls.change(options, () => act(ids));
    }
  }

  async function* pagesOf(
    options: LetterListOptions,
  ): AsyncGenerator<readonly DeadLetter[], void, undefined> {
    const {
      order = 'newestFirst',
      limit = Number.POSITIVE_INFINITY,
      whole,
      newest,
      signal: _signal,
      ...filter
    } = options;
    // Of letters that are all wanted, no more are read than are.
    const isAll = Object.values(filter).every((one) => one === undefined);
    const walk = {
      order,
      ...(isAll && limit < BATCH ? { pageSize: limit } : {}),
      ...(newest === undefined ? {} : { newest }),
      ...(whole ? { mostBytes: Number.POSITIVE_INFINITY } : {}),
    };
    let left = limit;
    for await (const { letters } of selectLetters(deadLetters, filter, walk)) {
      const wanted = letters.slice(0, left);
      yield wanted;
      left -= wanted.length;
      if (left === 0) return;
    }
  }

  async function* lines(options: LetterRange & CallOptions): AsyncGenerator<string, void, undefined> {
    const letters = calls.each(options, pagesOf({ ...options, order: 'oldestFirst', whole: true }));
    for await (const letter of letters) yield JSON.stringify(letterLine(letter));
  }

  return {
    async summary(options = {}) {
      checkOptions(options, {});
      return await calls.read(options, async () => {
        const [count, newest, nowMs] = await Promise.all([
          deadLetters.length(),
          newestLetter(deadLetters),
          deadLetters.now(),
        ]);
        return { count, newest, nowMs };
      });
    },
    list(options = {}) {
      checkOptions(options, LIST_RULES);
      return calls.each(options, pagesOf(options));
    },
    async get(id, options = {}) {
      check('id', id, entryId);
      checkOptions(options, {});
      const { letters } = await calls.read(options, () => deadLetters.list(1, null, { from: id, to: id }));
      return letters[0] ?? null;
    },
    redrive(choice, options = {}) {
      checkChoice(choice);
      checkOptions(options, {});
      return changed(choice, options, async (ids) => {
        const entries = await deadLetters.redrive(ids);
        return ids.map((id, index) => ({ id, entry: entries[index] ?? null }));
      });
    },
    delete(choice, options = {}) {
      checkChoice(choice);
      checkOptions(options, {});
      return changed(choice, options, async (ids) => {
        const removed = await deadLetters.delete(ids);
        return ids.map((id, index) => ({ id, deleted: removed[index] === true }));
      });
    },
    export(options = {}) {
      checkOptions(options, RANGE_RULES);
      return lines(options);
    },
  };
}
