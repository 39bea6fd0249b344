/** Walks the dead-letter stream page by page, however long it is, and picks letters out. */
import type { DeadLetter, DeadLetterQueue, DeadLetterRange } from './dead-letter-queue.js';
import { wordsOfLetterError } from './letter-error.js';

export interface LetterFilter {
  /** Only letters with exactly this reason. */
  readonly reason?: string;
  /** Only letters of the data stream of this name. */
  readonly name?: string;
  /** Only letters whose last owner has this name in the group, or, without the mark of an incarnation, this consumer id. */
  readonly owner?: string;
  /** Only letters whose error has this in its name or message. */
  readonly error?: string;
  /** Only letters that came there at this time or later, epoch milliseconds by Redis's clock. */
  readonly fromMs?: number;
  /** Only letters that came there at this time or earlier. */
  readonly toMs?: number;
}

export interface Walk {
  readonly order: NonNullable<DeadLetterRange['order']>;
  /** No letter that is newer than this one: what comes while somebody walks is not for him. */
  readonly newest?: string;
  /** Letters read at a time, which is what is kept in memory. @defaultValue 100 */
  readonly pageSize?: number;
  /** As in DeadLetterRange. */
  readonly mostBytes?: number;
}

const PAGE = 100;

/** The newest letter's id; null: there is none. */
export async function newestLetter(queue: Pick<DeadLetterQueue, 'list'>): Promise<string | null> {
  const { letters } = await queue.list(1, null);
  return letters[0]?.id ?? null;
}

function earlier(newest: string | undefined, toMs: number | undefined): string | number | undefined {
  if (newest === undefined || toMs === undefined) return newest ?? toMs;
  return Number(newest.split('-', 1)[0]) <= toMs ? newest : toMs;
}

function isWanted(letter: DeadLetter, { reason, name, owner, error }: LetterFilter): boolean {
  if (reason !== undefined && letter.reason !== reason) return false;
  if (name !== undefined && letter.name !== name) return false;
  if (owner !== undefined && letter.owner !== owner && !letter.owner?.startsWith(`${owner}~`)) return false;
  if (error === undefined) return true;
  return letter.error !== null && wordsOfLetterError(letter.error).includes(error);
}

/** Pages of what the filter lets through; an empty one where a page had nothing. */
export async function* selectLetters(
  queue: Pick<DeadLetterQueue, 'list'>,
  filter: LetterFilter,
  { order, newest, pageSize = PAGE, mostBytes }: Walk,
): AsyncGenerator<DeadLetter[], void, undefined> {
  const { fromMs, toMs } = filter;
  const to = earlier(newest, toMs);
  const range: DeadLetterRange = {
    order,
    ...(fromMs === undefined ? {} : { from: fromMs }),
    ...(to === undefined ? {} : { to }),
    ...(mostBytes === undefined ? {} : { mostBytes }),
  };
  let after: string | null = null;
  do {
    const page = await queue.list(pageSize, after, range);
    yield page.letters.filter((letter) => isWanted(letter, filter));
    after = page.after;
  } while (after !== null);
}
