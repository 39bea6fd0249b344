/**
 * Whether entries of data streams are read from one server just now. It decides neither which streams are looked at nor when: that is a matter of their pace
 * (`src/actors/data/pace.ts`), and a round of looks is no event, as there are up to a hundred a second.
 *
 * quiet       Nobody iterates over a stream of this server; nothing is sent. Left by `iterating.begun`.
 * reading     Rounds go on for as long as somebody asks (action `resume` on entry: whoever has waited is due). Left for backingOff by `round.failed`, when Redis
 *             does not answer or refuses for a while; for quiet by `iterating.ended`. A round that succeeds after failures says so (`round.answered`), and
 *             the next failure begins with the shortest delay again.
 * backingOff  Redis has failed; nothing is sent; timer `retryDelay`, which doubles with each failure in a row. Left for reading when it runs out or when there is
 *             a connection again (`connection.up`), for quiet by `iterating.ended`.
 *
 * Invariant: who iterates hears nothing of a failure that passes; it waits.
 */
import { assign, setup } from 'xstate';
import type { ErrorFact } from './facts.js';

export interface DataReaderInput {
  /** Address of the server; empty where there is but one. */
  readonly place: string;
}

export interface DataReaderContext extends DataReaderInput {
  /** Rounds in a row that have failed. */
  readonly failures: number;
  /** What the last one failed with; null: it did not. */
  readonly error: ErrorFact | null;
  readonly chance: number;
}

export type DataReaderEvent =
  /** The first iterator over a stream of this server. */
  | { type: 'iterating.begun' }
  /** The last one has ended. */
  | { type: 'iterating.ended' }
  | { type: 'round.failed'; error: ErrorFact; chance: number }
  /** The first one that succeeds after a failure. */
  | { type: 'round.answered' }
  | { type: 'connection.up' };

const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 1000;

export const dataReaderMachine = setup({
  types: {
    context: {} as DataReaderContext,
    events: {} as DataReaderEvent,
    input: {} as DataReaderInput,
  },
  delays: {
    /** Between half of it and all of it, by chance. */
    retryDelay: ({ context: { failures, chance } }) =>
      Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 16)) * (0.5 + chance / 2),
  },
  actions: {
    recordFailure: assign(({ context, event }) =>
      event.type === 'round.failed'
        ? { failures: context.failures + 1, error: event.error, chance: event.chance }
        : {},
    ),
    recordSuccess: assign({ failures: 0, error: null }),
    /** Whoever waits is to be looked for. */
    resume: () => {},
  },
}).createMachine({
  id: 'dataReader',
  initial: 'quiet',
  context: ({ input }) => ({ ...input, failures: 0, error: null, chance: 0 }),
  states: {
    quiet: {
      on: { 'iterating.begun': 'reading' },
    },
    reading: {
      entry: 'resume',
      on: {
        'round.failed': { target: 'backingOff', actions: 'recordFailure' },
        'round.answered': { actions: 'recordSuccess' },
        'iterating.ended': { target: 'quiet', actions: 'recordSuccess' },
      },
    },
    backingOff: {
      after: { retryDelay: 'reading' },
      on: {
        'connection.up': 'reading',
        'iterating.ended': { target: 'quiet', actions: 'recordSuccess' },
      },
    },
  },
});
