/** What is being done with a stream, in words. */
import type { StreamFacts, StreamReply } from '../../protocol.js';
import { clockTime, duration, lagWords, number, plural } from './format.js';

export interface Fact {
  readonly name: string;
  readonly words: string;
  /** Somebody should look at it. */
  readonly isTrouble?: boolean;
}

function handlerWords({ handler, state }: StreamFacts, at: number): Fact {
  const name = 'Handler';
  switch (handler.state) {
    case 'none':
      return { name, words: 'none is attached: the application works on it as notifications tell' };
    case 'queued':
      return { name, words: 'not called yet: as many run as may' };
    case 'running':
      return {
        name,
        words: `runs since ${clockTime(handler.since).slice(0, 8)}, for ${duration(at - handler.since)}`,
      };
    case 'backingOff': {
      const { until } = handler;
      const when =
        until === null
          ? 'now'
          : `at ${clockTime(until).slice(0, 8)}, in ${duration(Math.max(0, until - at))}`;
      return { name, words: `threw; it backs off, and a retry is spent ${when}`, isTrouble: true };
    }
    case 'returned':
      return { name, words: state === 'acquired' ? 'about to be called' : 'has returned' };
  }
}

function countWords({ retryCount, failures, deaths }: StreamFacts, maxRetries: number): Fact {
  const parts = [
    retryCount === 0 ? 'the first' : `number ${number(retryCount + 1)}`,
    retryCount > 0 && `${number(retryCount)} of ${plural(maxRetries, 'retry', 'retries')} spent`,
    failures > 0 && `its handler threw ${number(failures)} × before`,
    deaths > 0 && `${plural(deaths, 'owner')} died`,
  ].filter((part) => part !== false);
  return { name: 'Attempt', words: parts.join(', '), isTrouble: failures + deaths > 0 };
}

function leaseWords({ validUntil }: StreamFacts, at: number): Fact {
  if (validUntil === null) return { name: 'Lease', words: 'not held' };
  const left = validUntil - at;
  const until = `valid until ${clockTime(validUntil)}`;
  return left < 0
    ? { name: 'Lease', words: `${until}: overdue by ${duration(-left)}`, isTrouble: true }
    : { name: 'Lease', words: `${until}, for ${duration(left)} more` };
}

function lagFact({ lag }: StreamFacts): Fact[] {
  if (lag === null) return [];
  const words = lag.entries === 0 ? 'none' : `${lag.isExact ? '' : 'about '}${lagWords(lag)}`;
  return [{ name: 'Lag', words, isTrouble: lag.entries > 0 }];
}

function checkpointFacts({ checkpoint }: StreamFacts): Fact[] {
  if (checkpoint === null) return [{ name: 'Checkpoint', words: 'nothing is saved' }];
  if (checkpoint.isUnreadable) {
    return [{ name: 'Checkpoint', words: 'cannot be read by this version', isTrouble: true }];
  }
  const { value, positions, attempts, isWritten } = checkpoint;
  return [
    { name: 'Checkpoint', words: isWritten ? 'Redis has all of it' : 'changed since Redis was told' },
    ...positions.map(({ key, id }) => ({ name: 'Position', words: `${key} ${id ?? 'removed at its end'}` })),
    ...attempts.map(({ key, id, count }) => ({
      name: 'Failing',
      words: `${key} ${id} tried ${number(count)} ×`,
      isTrouble: true,
    })),
    ...(value === null ? [] : [{ name: 'Saved', words: value }]),
  ];
}

/** @param lock how its lock stands; null: it has none */
export function streamFacts(
  { at }: Pick<StreamReply, 'at'>,
  facts: StreamFacts,
  lock: string | null,
  maxRetries: number,
): readonly Fact[] {
  const { since, touched, mark, isAborted } = facts;
  return [
    handlerWords(facts, at),
    countWords(facts, maxRetries),
    ...(since === null
      ? []
      : [{ name: 'Owned', words: `since ${clockTime(since)}, for ${duration(at - since)}` }]),
    leaseWords(facts, at),
    ...(lock === null
      ? []
      : [{ name: 'Lock', words: lock, isTrouble: lock === 'missing' || lock === 'foreign' }]),
    ...(isAborted ? [{ name: 'Signal', words: 'has aborted', isTrouble: true }] : []),
    ...checkpointFacts(facts),
    ...lagFact(facts),
    ...(touched > 0 ? [{ name: 'Touched', words: `${number(touched)} ×` }] : []),
    ...(mark === null ? [] : [{ name: 'Mark', words: mark, isTrouble: mark === 'suspect' }]),
  ];
}
