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
  /** Only letters whose error has exactly this name, such as `TypeError`. */
  readonly errorName?: string;
  /** Only letters that have this in their name, reason, last owner or error, in capitals or not. */
  readonly find?: string;
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

/** What a filter says of a letter beside when it came: its age decides which part of the stream is read. */
export type LetterTraits = Omit<LetterFilter, 'fromMs' | 'toMs'>;

/** The one place that decides whether a filter lets a letter through: the command line, an admin and the inspector ask it. */
export function isLetterWanted(letter: DeadLetter, wanted: LetterTraits): boolean {
  const { reason, name, owner, error, errorName, find } = wanted;
  if (reason !== undefined && letter.reason !== reason) return false;
  if (name !== undefined && letter.name !== name) return false;
  if (owner !== undefined && letter.owner !== owner && !letter.owner?.startsWith(`${owner}~`)) return false;
  if (errorName !== undefined && letter.error?.name !== errorName) return false;
  const thrown = letter.error === null ? null : wordsOfLetterError(letter.error);
  if (error !== undefined && !thrown?.includes(error)) return false;
  if (find === undefined) return true;
  const text = find.toLowerCase();
  return [letter.name, letter.reason, letter.owner, thrown].some((one) => one?.toLowerCase().includes(text));
}

export interface SelectedLetters {
  /** Those of a page that the filter lets through; none where the page had none. */
  readonly letters: DeadLetter[];
  /** How many letters the page had. */
  readonly looked: number;
}

/** The part of the stream in which letters of that age are. */
export function letterRange(
  { fromMs, toMs }: Pick<LetterFilter, 'fromMs' | 'toMs'>,
  { order, newest, mostBytes }: Omit<Walk, 'pageSize'>,
): DeadLetterRange {
  const to = earlier(newest, toMs);
  return {
    order,
    ...(fromMs === undefined ? {} : { from: fromMs }),
    ...(to === undefined ? {} : { to }),
    ...(mostBytes === undefined ? {} : { mostBytes }),
  };
}

/** Pages of what the filter lets through. */
export async function* selectLetters(
  queue: Pick<DeadLetterQueue, 'list'>,
  filter: LetterFilter,
  { pageSize = PAGE, ...walk }: Walk,
): AsyncGenerator<SelectedLetters, void, undefined> {
  const range = letterRange(filter, walk);
  let after: string | null = null;
  do {
    const page = await queue.list(pageSize, after, range);
    const letters = page.letters.filter((letter) => isLetterWanted(letter, filter));
    yield { letters, looked: page.letters.length };
    after = page.after;
  } while (after !== null);
}
