/** What a page asks of dead letters → what is read of the dead-letter stream. */
import type { LetterFilter, LetterTraits } from '../../redis/dead-letter-selection.js';
import type { LettersFilter, LettersRange } from '../protocol.js';

export interface LetterQuery extends LettersFilter {
  /** Where the page before ended; null: at the newest. */
  readonly after: string | null;
  /** Of a look that goes on: as its first reply had it. Ages say nothing then. */
  readonly range: LettersRange | null;
}

export interface LetterPageQuery extends LetterQuery {
  /** Letters a page. */
  readonly count: number;
}

export function traitsOf({ find, reason, errorName }: LettersFilter): LetterTraits {
  return {
    ...(find === undefined || find === '' ? {} : { find }),
    ...(reason === undefined ? {} : { reason }),
    ...(errorName === undefined ? {} : { errorName }),
  };
}

export function agesOf({ fromMs, toMs }: LettersRange): Pick<LetterFilter, 'fromMs' | 'toMs'> {
  return { ...(fromMs === null ? {} : { fromMs }), ...(toMs === null ? {} : { toMs }) };
}

export function hasAge({ olderMs, newerMs }: LettersFilter): boolean {
  return olderMs !== undefined || newerMs !== undefined;
}

/** @param nowMs by the clock of Redis, which the ids are made with */
export function rangeAt(
  { olderMs, newerMs }: LettersFilter,
  newest: string | null,
  nowMs: number,
): LettersRange {
  return {
    newest,
    fromMs: newerMs === undefined ? null : nowMs - newerMs,
    toMs: olderMs === undefined ? null : nowMs - olderMs,
  };
}
