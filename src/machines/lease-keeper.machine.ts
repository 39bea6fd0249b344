/**
 * Keeps this incarnation's lease: one presence key, however many streams it covers. Two regions run side by side. Until when the lease
 * holds is watched by the lease deadline, a machine of its own; this one says when it is proven.
 *
 * lease
 *   absent      No connection, or none yet; nothing is asked and no timer runs: the lease runs out by itself. Entered at the
 *               start and, from anywhere, by `connection.down`; left by `connection.up`.
 *   raising     Entered by `connection.up` from anywhere (a new connection under an old state counts as new), and from present
 *               when another generation than ours stands (`generation.stale`, or a refresh that says so) or a refresh finds
 *               presence lapsed: nothing but `raise` writes it again, since commands of ours that were given up may still arrive,
 *               and must not meet the generation that they carry.
 *     asking    Invokes `raise`: presence is written under a generation larger than any that was asked for before, which voids
 *               every command sent earlier. Asked again at once above a generation that stands. Left for present when raised.
 *     pausing   After a failure; timer `retryDelay`, then asking.
 *   present     Two things at once, left together:
 *     pulse     resting (timer `pulseInterval`, half a heartbeat) → beating, which invokes `refresh` → resting; after a failure
 *               retrying (timer `retryDelay`) → beating. `presence.gone` makes both beat at once.
 *     assurance verifying invokes `verifyAll` (compare all that we hold with what is pending for us, adopt what we did not
 *               know of) → confirmed; after a failure pausing (timer `retryDelay`) → verifying. Begun anew, from any of
 *               these, whenever something may have been taken: a refresh went unanswered before this one, a beat was late, or
 *               `verify.requested`. One that is under way is gone through to its end first and then
 *               begun again: under load one that begins anew whenever something happens would never end.
 *
 * certainty     Does not care for the connection.
 *   doubted     Presence may have lapsed, or something was taken although it stood, and nobody has looked since. Entered, by
 *               `doubt.arisen`, with a beat that was answered when the lease of the beat before it was over; with presence
 *               that had lapsed; with another generation than ours; by `deadline.passed`; and at the start of each keeper, of
 *               which the first finds nothing and a later one does not know what was taken before it began. Left by
 *               `doubt.ended`: a verification has ended that began after all that, and beats have kept up until then.
 *   certain     Each beat that is in time and finds presence proves the lease (action `prove`). In doubt none does.
 *
 * Invariants: the lease is proven after doubt, and everything held is told to be confirmed (`tellConfirmed`), only by a
 * verification that began after the present generation was written and after the last beat that was late. An answer that comes
 * after its state was left changes nothing.
 */
import { and, assign, fromPromise, raise, setup, stateIn } from 'xstate';
import { type ErrorFact, factOf } from './facts.js';
import type { VerifyOutput } from './standing.js';

/** A write of presence. */
export interface Beat {
  /**
   * The answer came before the lease of the beat before it was over, by either clock: presence has stood all the while. Whatever
   * else was sent in between and went unanswered.
   */
  readonly inTime: boolean;
}

export interface RaiseOutput extends Beat {
  readonly outcome: 'raised' | 'standing';
  /** The generation written, or the one that stands. */
  readonly generation: number;
  readonly wasPresent: boolean;
}

export interface RefreshOutput extends Beat {
  readonly outcome: 'alive' | 'lapsed' | 'stale';
}

export interface LeaseKeeperInput {
  readonly heartbeatMs: number;
  /** The generation that a keeper before this one asked for last; absent when there was none. No number is used twice. */
  readonly asked?: number;
}

export interface LeaseKeeperContext {
  readonly heartbeatMs: number;
  /** The generation that was written or found last. */
  readonly generation: number;
  /**
   * The generation asked for last. Never asked for twice: a `raise` given up on that Redis executes after a lapse would
   * otherwise write the present generation again and so hide the lapse.
   */
  readonly asked: number;
  /** A refresh has failed since the last beat: it may have been executed all the same. */
  readonly unanswered: boolean;
  /** How often presence had lapsed when it was written again. */
  readonly lapses: number;
  /** Failed attempts in a row. */
  readonly failures: number;
  readonly lastError: ErrorFact | null;
  readonly lastVerify: VerifyOutput | null;
  /** Something happened during the verification under way that it may have missed. */
  readonly verifyAgain: boolean;
}

export type LeaseKeeperEvent =
  | { type: 'connection.up' }
  | { type: 'connection.down' }
  | { type: 'verify.requested'; why: string }
  /** A command was refused because another generation stands. */
  | { type: 'generation.stale'; standing: number }
  /** A command was refused because presence has lapsed. */
  | { type: 'presence.gone' }
  /** The lease was over before the next beat was answered. */
  | { type: 'deadline.passed' }
  | { type: 'doubt.arisen' }
  | { type: 'doubt.ended' };

export const leaseKeeperMachine = setup({
  types: {
    context: {} as LeaseKeeperContext,
    events: {} as LeaseKeeperEvent,
    input: {} as LeaseKeeperInput,
  },
  actors: {
    raise: fromPromise<RaiseOutput, { generation: number }>(() =>
      Promise.reject(new Error('not provided: raise')),
    ),
    refresh: fromPromise<RefreshOutput>(() => Promise.reject(new Error('not provided: refresh'))),
    verifyAll: fromPromise<VerifyOutput>(() => Promise.reject(new Error('not provided: verifyAll'))),
  },
  delays: {
    pulseInterval: ({ context }) => context.heartbeatMs / 2,
    retryDelay: ({ context }) => Math.min(context.heartbeatMs / 4, 25 * 2 ** Math.min(context.failures, 6)),
  },
  guards: {
    /** A command sent under an earlier generation of ours is refused by the present one: that is no news. */
    isOtherGeneration: ({ context }, params: { standing: number }) => params.standing !== context.generation,
    isAskedAgain: ({ context }) => context.verifyAgain,
    isStanding: (_, params: RaiseOutput) => params.outcome === 'standing',
    isStale: (_, params: RefreshOutput) => params.outcome === 'stale',
    isLapsed: (_, params: RefreshOutput) => params.outcome === 'lapsed',
    isUnanswered: ({ context }) => context.unanswered,
    isLate: (_, params: Beat) => !params.inTime,
    isDoubted: stateIn({ certainty: 'doubted' }),
    isDoubtedUnseen: and([
      stateIn({ certainty: 'doubted' }),
      stateIn({ lease: { present: { assurance: 'confirmed' } } }),
    ]),
    isGap: (_, params: RaiseOutput) => !params.inTime || !params.wasPresent,
    isStillStanding: (_, params: VerifyOutput) => params.isStanding,
  },
  actions: {
    recordFailure: assign({
      failures: ({ context }) => context.failures + 1,
      lastError: (_, params: { error: unknown }) => factOf(params.error),
    }),
    recordUnanswered: assign({ unanswered: true }),
    recordAsked: assign({ asked: ({ context }) => Math.max(context.asked, context.generation) + 1 }),
    recordStanding: assign({
      generation: ({ context }, params: { standing: number }) =>
        // NaN when the refusal could not be read.
        Math.max(context.generation, params.standing || 0),
    }),
    recordRaised: assign({
      // The first generation of all finds nothing that could have lapsed.
      lapses: ({ context }, params: RaiseOutput) =>
        context.generation > 0 && !params.wasPresent ? context.lapses + 1 : context.lapses,
      generation: (_, params: RaiseOutput) => params.generation,
    }),
    recordBeat: assign({ unanswered: false, failures: 0, lastError: null }),
    doubt: raise({ type: 'doubt.arisen' }),
    endDoubt: raise({ type: 'doubt.ended' }),
    beginVerify: assign({ verifyAgain: false }),
    askAgain: assign({ verifyAgain: true }),
    recordVerify: assign({ lastVerify: (_, params: VerifyOutput) => params }),
    verifyOverdue: raise({ type: 'verify.requested', why: 'overdue' }),
    verifyUnanswered: raise({ type: 'verify.requested', why: 'unanswered' }),
    /** The lease is certain until that of the latest beat is over. */
    prove: () => {},
    /** Everything held has been verified, and the lease holds. */
    tellConfirmed: () => {},
    /** Something failed that may be no fault of Redis: whoever provides this throws it, and the supervisor restarts the keeper. */
    report: (_, _params: { error: unknown; doing: string }) => {},
  },
}).createMachine({
  id: 'leaseKeeper',
  type: 'parallel',
  context: ({ input }) => ({
    heartbeatMs: input.heartbeatMs,
    generation: 0,
    asked: input.asked ?? 0,
    unanswered: false,
    lapses: 0,
    failures: 0,
    lastError: null,
    lastVerify: null,
    verifyAgain: false,
  }),
  states: {
    lease: {
      initial: 'absent',
      on: {
        'connection.up': '.raising',
        'connection.down': '.absent',
      },
      states: {
        absent: {},
        raising: {
          initial: 'asking',
          states: {
            asking: {
              entry: 'recordAsked',
              invoke: {
                id: 'raise',
                src: 'raise',
                input: ({ context }) => ({ generation: context.asked }),
                onDone: [
                  {
                    guard: { type: 'isStanding', params: ({ event }) => event.output },
                    target: 'asking',
                    reenter: true,
                    actions: {
                      type: 'recordStanding',
                      params: ({ event }) => ({ standing: event.output.generation }),
                    },
                  },
                  {
                    guard: { type: 'isGap', params: ({ event }) => event.output },
                    target: '#leaseKeeper.lease.present',
                    actions: [
                      { type: 'recordRaised', params: ({ event }) => event.output },
                      'recordBeat',
                      'doubt',
                    ],
                  },
                  {
                    guard: 'isDoubted',
                    target: '#leaseKeeper.lease.present',
                    actions: [{ type: 'recordRaised', params: ({ event }) => event.output }, 'recordBeat'],
                  },
                  {
                    target: '#leaseKeeper.lease.present',
                    actions: [
                      { type: 'recordRaised', params: ({ event }) => event.output },
                      'recordBeat',
                      'prove',
                    ],
                  },
                ],
                onError: {
                  target: 'pausing',
                  actions: [
                    { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) },
                    { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'raise' }) },
                  ],
                },
              },
            },
            pausing: { after: { retryDelay: 'asking' } },
          },
        },
        present: {
          type: 'parallel',
          on: {
            'generation.stale': {
              guard: { type: 'isOtherGeneration', params: ({ event }) => ({ standing: event.standing }) },
              target: 'raising',
              actions: [
                { type: 'recordStanding', params: ({ event }) => ({ standing: event.standing }) },
                'doubt',
              ],
            },
          },
          states: {
            pulse: {
              initial: 'resting',
              states: {
                resting: { after: { pulseInterval: 'beating' }, on: { 'presence.gone': 'beating' } },
                retrying: { after: { retryDelay: 'beating' }, on: { 'presence.gone': 'beating' } },
                beating: {
                  invoke: {
                    id: 'refresh',
                    src: 'refresh',
                    onDone: [
                      {
                        guard: { type: 'isStale', params: ({ event }) => event.output },
                        target: '#leaseKeeper.lease.raising',
                        actions: 'doubt',
                      },
                      {
                        guard: { type: 'isLapsed', params: ({ event }) => event.output },
                        target: '#leaseKeeper.lease.raising',
                        actions: 'doubt',
                      },
                      {
                        guard: { type: 'isLate', params: ({ event }) => event.output },
                        target: 'resting',
                        actions: ['recordBeat', 'doubt', 'verifyOverdue'],
                      },
                      // The deadline has passed by the other clock.
                      {
                        guard: 'isDoubtedUnseen',
                        target: 'resting',
                        actions: ['recordBeat', 'verifyOverdue'],
                      },
                      // A verification that is under way ends the doubt.
                      { guard: 'isDoubted', target: 'resting', actions: 'recordBeat' },
                      {
                        guard: 'isUnanswered',
                        target: 'resting',
                        actions: ['recordBeat', 'prove', 'verifyUnanswered'],
                      },
                      { target: 'resting', actions: ['recordBeat', 'prove'] },
                    ],
                    onError: {
                      target: 'retrying',
                      actions: [
                        'recordUnanswered',
                        { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) },
                        { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'refresh' }) },
                      ],
                    },
                  },
                },
              },
            },
            assurance: {
              initial: 'verifying',
              on: { 'verify.requested': '.verifying' },
              states: {
                verifying: {
                  entry: 'beginVerify',
                  on: {
                    // Gone through to its end and then begun again: one that begins anew whenever something happens may never end.
                    'verify.requested': { actions: 'askAgain' },
                  },
                  invoke: {
                    id: 'verifyAll',
                    src: 'verifyAll',
                    onDone: [
                      {
                        guard: 'isAskedAgain',
                        target: 'verifying',
                        reenter: true,
                        actions: { type: 'recordVerify', params: ({ event }) => event.output },
                      },
                      {
                        guard: { type: 'isStillStanding', params: ({ event }) => event.output },
                        target: 'confirmed',
                        actions: [
                          { type: 'recordVerify', params: ({ event }) => event.output },
                          'endDoubt',
                          'prove',
                          'tellConfirmed',
                        ],
                      },
                      // Beats have failed meanwhile: the next one that does not is followed by another verification.
                      {
                        target: 'confirmed',
                        actions: [{ type: 'recordVerify', params: ({ event }) => event.output }, 'doubt'],
                      },
                    ],
                    onError: {
                      target: 'pausing',
                      actions: [
                        { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) },
                        {
                          type: 'report',
                          params: ({ event }) => ({ error: event.error, doing: 'verifyAll' }),
                        },
                      ],
                    },
                  },
                },
                pausing: { after: { retryDelay: 'verifying' } },
                confirmed: {},
              },
            },
          },
        },
      },
    },
    certainty: {
      initial: 'doubted',
      on: {
        'doubt.arisen': '.doubted',
        'deadline.passed': '.doubted',
      },
      states: {
        doubted: { on: { 'doubt.ended': 'certain' } },
        certain: {},
      },
    },
  },
});
