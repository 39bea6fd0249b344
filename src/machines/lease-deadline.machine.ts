/**
 * Until when the lease is certain, and what is to be said when that moment passes. Stands apart from what keeps the lease: nothing
 * here asks Redis, so nothing that Redis refuses, and no restart of the keeper, can make this late.
 *
 * none        The lease has not been proven yet.
 * certain     Proven; timer `untilDeadline`, which every further `lease.proven` starts anew. Left when it runs out, or when
 *             `deadline.passed` says that the wall clock is past it, whatever the timer says.
 * uncertain   The deadline passed (action `tellMissed`, once, for everything held). Left by `lease.proven` alone.
 *
 * Invariant: whoever is told of a missed deadline was certain until then.
 */
import { assign, setup } from 'xstate';

export interface LeaseDeadlineInput {
  /**
   * For how long the lease still holds that was proven before this began, in milliseconds; absent when none was. One that is over
   * already is told of at once.
   */
  readonly remainingMs?: number;
}

export interface LeaseDeadlineContext {
  /** For how long the lease held when it was last proven, in milliseconds; null: it never was. */
  readonly remainingMs: number | null;
  /** How often the deadline passed. */
  readonly misses: number;
}

export type LeaseDeadlineEvent =
  /** A beat has proven the lease, or a verification after a beat. */
  | { type: 'lease.proven'; remainingMs: number }
  /** The wall clock says that the lease is over. */
  | { type: 'deadline.passed' };

export const leaseDeadlineMachine = setup({
  types: {
    context: {} as LeaseDeadlineContext,
    events: {} as LeaseDeadlineEvent,
    input: {} as LeaseDeadlineInput,
  },
  delays: {
    untilDeadline: ({ context }) => Math.max(0, context.remainingMs ?? 0),
  },
  guards: {
    isInherited: ({ context }) => context.remainingMs !== null,
  },
  actions: {
    recordProof: assign({
      remainingMs: ({ context, event }) =>
        event.type === 'lease.proven' ? event.remainingMs : context.remainingMs,
    }),
    recordMiss: assign({ misses: ({ context }) => context.misses + 1 }),
    /** Everything held is overdue. */
    tellMissed: () => {},
  },
}).createMachine({
  id: 'leaseDeadline',
  initial: 'none',
  context: ({ input }) => ({ remainingMs: input.remainingMs ?? null, misses: 0 }),
  on: { 'lease.proven': { target: '.certain', actions: 'recordProof' } },
  states: {
    none: { always: { guard: 'isInherited', target: 'certain' } },
    certain: {
      after: { untilDeadline: { target: 'uncertain', actions: ['recordMiss', 'tellMissed'] } },
      on: { 'deadline.passed': { target: 'uncertain', actions: ['recordMiss', 'tellMissed'] } },
    },
    uncertain: {},
  },
});
