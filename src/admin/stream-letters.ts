/** The dead letters of one data stream, among the newest of its service. */
import type { Clock } from '../core/clock.js';
import { isStreamwardenError } from '../core/errors.js';
import type { DeadLetterQueue } from '../redis/dead-letter-queue.js';
import { selectLetters } from '../redis/dead-letter-selection.js';

/** A dead letter, as far as it says what befell its stream. */
export interface LetterOfStream {
  /** On the dead-letter stream. */
  readonly id: string;
  /** When it was dead-lettered, epoch milliseconds. */
  readonly at: number;
  readonly reason: string | null;
  readonly retryCount: number;
  /** Name in the group of the consumer that had it last; null: the letter does not say. */
  readonly owner: string | null;
  /** Name and message of what its handler threw last; null: nothing. */
  readonly error: { readonly name: string; readonly message: string } | null;
}

export interface LettersOfStream {
  /** Newest first, at most ten. */
  readonly found: readonly LetterOfStream[];
  /** How many letters of the service were looked through, the newest first. */
  readonly looked: number;
  /** These are all that there are. */
  readonly areAll: boolean;
}

const MOST_LOOKED = 1_000;
const MOST_FOUND = 10;
/** Letters may be large: no page is begun after so many milliseconds. */
const LONG_MS = 1_000;
/** What is larger is not read for its name, in bytes. */
const LARGEST_READ = 1_048_576;

/** Null: the user may not look. */
export async function lettersOfStream(
  queue: Pick<DeadLetterQueue, 'list'>,
  clock: Clock,
  name: string,
): Promise<LettersOfStream | null> {
  const until = clock.monotonic() + LONG_MS;
  const found: LetterOfStream[] = [];
  let looked = 0;
  try {
    const pages = selectLetters(queue, { name }, { order: 'newestFirst', mostBytes: LARGEST_READ });
    for await (const page of pages) {
      looked += page.looked;
      for (const { id, at, reason, retryCount, owner, error } of page.letters) {
        const thrown = error === null ? null : { name: error.name, message: error.message };
        if (found.length < MOST_FOUND) found.push({ id, at, reason, retryCount, owner, error: thrown });
      }
      const isEnough = looked >= MOST_LOOKED || found.length >= MOST_FOUND || clock.monotonic() >= until;
      if (isEnough) return { found, looked, areAll: false };
    }
  } catch (error) {
    if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
    return null;
  }
  return { found, looked, areAll: true };
}
