/** Which dead letters the page shows, how many there are of each kind, and how a job on them stands, in words. */
import type {
  DeadLettersOutcome,
  LetterGroup,
  LetterGroupsReply,
  LetterJob,
  LettersFilter,
  LetterTraitsAsked,
} from '../../protocol.js';
import { number, plural } from './format.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** By what stands in the address. */
export const AGES: Readonly<Record<string, { readonly words: string; readonly filter: LettersFilter }>> = {
  '': { words: 'Of any age', filter: {} },
  '1h': { words: 'Of the last hour', filter: { newerMs: HOUR_MS } },
  '1d': { words: 'Of the last day', filter: { newerMs: DAY_MS } },
  'over-1h': { words: 'Older than an hour', filter: { olderMs: HOUR_MS } },
  'over-1d': { words: 'Older than a day', filter: { olderMs: DAY_MS } },
  'over-7d': { words: 'Older than a week', filter: { olderMs: 7 * DAY_MS } },
};

/** What the address asks for. */
export function lettersFilter(params: Readonly<Record<string, string>>): LettersFilter {
  const { find = '', reason = '', error = '', age = '' } = params;
  return {
    ...(find === '' ? {} : { find }),
    ...(reason === '' ? {} : { reason }),
    ...(error === '' ? {} : { errorName: error }),
    ...AGES[age]?.filter,
  };
}

/** The same without the age, which the range of a job has. */
export function traitsAsked({ find, reason, errorName }: LettersFilter): LetterTraitsAsked {
  return {
    ...(find === undefined ? {} : { find }),
    ...(reason === undefined ? {} : { reason }),
    ...(errorName === undefined ? {} : { errorName }),
  };
}

export function isFiltered(filter: LettersFilter): boolean {
  return Object.keys(filter).length > 0;
}

function added(before: readonly LetterGroup[], more: readonly LetterGroup[]): LetterGroup[] {
  const counts = new Map(before.map(({ name, count }) => [name, count]));
  for (const { name, count } of more) counts.set(name, (counts.get(name) ?? 0) + count);
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count);
}

/** What has been counted up to now. @param before null: nothing */
export function countedOn(before: LetterGroupsReply | null, more: LetterGroupsReply): LetterGroupsReply {
  if (before === null) return more;
  return {
    ...more,
    looked: before.looked + more.looked,
    matching: before.matching + more.matching,
    reasons: added(before.reasons, more.reasons),
    errors: added(before.errors, more.errors),
  };
}

/** `1,204 letters match`, or of how many that is known. */
export function matchWords({ matching, looked, after }: LetterGroupsReply): string {
  if (after === null) return `${plural(matching, 'letter')} ${matching === 1 ? 'matches' : 'match'}`;
  return `${number(matching)} of the newest ${number(looked)} letters match`;
}

/** What a confirmation says of all that match. */
export function allWords(counted: LetterGroupsReply): string {
  const { matching, after } = counted;
  return after === null ? plural(matching, 'dead letter') : 'all dead letters that match';
}

/** `120 redriven, 2 gone already`. */
export function outcomeWords({ outcomes }: DeadLettersOutcome): string {
  const counts = new Map<string, number>();
  for (const outcome of Object.values(outcomes)) {
    const word = typeof outcome === 'string' ? outcome : `failed: ${outcome.error}`;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .map(([word, count]) => `${number(count)} ${word === 'gone' ? 'gone already' : word}`)
    .join(', ');
}

/** From 0 to 1. */
export function progressOf({ phase, looked, length, matching, ...job }: LetterJob): number {
  if (phase === 'counting') return length === 0 ? 0 : Math.min(1, looked / length);
  const dealt = job.changed + job.gone + job.refused + job.unknown;
  return matching === null || matching === 0 ? 1 : Math.min(1, dealt / matching);
}

const ENDS = { done: 'Done', stopped: 'Stopped', failed: 'Given up' } as const;

/** What a job does, or did: a sentence. */
export function jobWords(job: LetterJob): string {
  const { action, phase, looked, length, matching, changed, gone, refused, unknown } = job;
  if (phase === 'counting') {
    return `Counting what to ${action}: ${number(looked)} of ${number(length)} letters looked through.`;
  }
  const past = action === 'redrive' ? 'redriven' : 'deleted';
  const counts = [
    `${number(changed)}${matching === null ? '' : ` of ${number(matching)}`} ${past}`,
    gone > 0 ? `${number(gone)} gone already` : null,
    refused > 0 ? `${number(refused)} refused` : null,
    unknown > 0 ? `${number(unknown)} perhaps ${past}, as the answer was lost` : null,
  ].filter((count) => count !== null);
  const begin = phase === 'acting' ? '' : `${ENDS[phase]}: `;
  return `${begin}${counts.join(', ')}.`;
}

/** Which letters a job is about. */
export function chosenWords({ find, reason, errorName }: LettersFilter, hasAge: boolean): string {
  const parts = [
    reason === undefined ? null : `reason ${reason}`,
    errorName === undefined ? null : `error ${errorName}`,
    find === undefined ? null : `with “${find}”`,
    hasAge ? 'of the chosen age' : null,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'all' : parts.join(', ');
}
