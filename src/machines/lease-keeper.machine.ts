/**
 * Keeps this incarnation's lease: one presence key, however many streams it covers. Two regions run side by side.
 *
 * lease
 *   absent      No connection, or none yet; nothing is asked and no timer runs: the lease runs out by itself. Entered at the
 *               start and, from anywhere, by `connection.down`; left by `connection.up`.
 *   raising     Entered by `connection.up` from anywhere (a new connection under an old state counts as new), and from present
 *               when another generation than ours stands (`generation.stale`, or a refresh that says so).
 *     asking    Invokes `raise`: presence is written under a generation larger than any that was asked for before, which voids
 *               every command sent earlier. Asked again at once above a generation that stands. Left for present when raised.
 *     pausing   After a failure; timer `retryDelay`, then asking.
 *   present     Two things at once, left together:
 *     pulse     resting (timer `pulseInterval`, half a heartbeat) → beating, which invokes `refresh` → resting; after a failure
 *               retrying (timer `retryDelay`) → beating. `presence.gone` makes both beat at once. A refresh that finds
 *               presence lapsed has written it again: from then on nobody takes anything from us, but what was taken before
 *               is gone.
 *     assurance verifying invokes `verifyAll` (compare all that we hold with what is pending for us, adopt what we did not
 *               know of) → confirmed; after a failure pausing (timer `retryDelay`) → verifying. Begun anew, from any of
 *               these, whenever something may have been taken: presence had lapsed, a refresh went unanswered before this
 *               one (it may have been the one that found the lapse), the deadline had passed, or `verify.requested`. One
 *               that is under way is gone through to its end first and then begun again: under load one that begins anew
 *               whenever something happens would never end.
 *
 * certainty     Does not care for the connection, only for the deadline.
 *   none        No beat has succeeded yet. Left by the first; at once, when a keeper before this one left a lease behind.
 *   certain     A beat succeeded (`raise` or `refresh`); timer `untilDeadline`, which every further beat starts anew.
 *   uncertain   The deadline passed (`tellMissed`, for everything held at once). Left by the next beat; everything is then
 *               verified, unless that is under way already.
 *
 * Invariants: everything held is told to be confirmed (`tellConfirmed`) only by a verification that began after the present
 * generation was written, and only while certain. An answer that comes after its state was left changes nothing.
 */
import { assign, fromPromise, raise, setup, stateIn } from 'xstate';
import { type ErrorFact, factOf } from './facts.js';

/** A successful write of presence, and how long it holds from the moment of this answer. */
export interface Beat {
  /** Milliseconds until the lease that this write began is over, counted from the answer's arrival. */
  readonly remainingMs: number;
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

export interface VerifyOutput {
  readonly kept: number;
  readonly lost: number;
  readonly adopted: number;
}

export interface LeaseKeeperInput {
  readonly heartbeatMs: number;
  /**
   * For how long the lease that a keeper before this one left behind still holds, in milliseconds; absent when there was
   * none. What is held under it goes on being watched: a keeper that is restarted while Redis is away misses no deadline.
   */
  readonly remainingMs?: number;
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
  readonly remainingMs: number;
  /** A refresh has failed since the last beat: it may have been executed all the same. */
  readonly unanswered: boolean;
  /** How often presence had lapsed when we looked. */
  readonly lapses: number;
  /** How often the deadline passed without a beat. */
  readonly misses: number;
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
  /** The wall clock says that the lease is over, whatever the timer says. */
  | { type: 'deadline.passed' }
  | { type: 'beat.succeeded' }
  | { type: 'presence.lapsed' };

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
    untilDeadline: ({ context }) => Math.max(0, context.remainingMs),
  },
  guards: {
    /** A command sent under an earlier generation of ours is refused by the present one: that is no news. */
    isOtherGeneration: ({ context }, params: { standing: number }) => params.standing !== context.generation,
    isInherited: ({ context }) => context.remainingMs > 0,
    isAskedAgain: ({ context }) => context.verifyAgain,
    isStanding: (_, params: RaiseOutput) => params.outcome === 'standing',
    isStale: (_, params: RefreshOutput) => params.outcome === 'stale',
    isLapsed: (_, params: RefreshOutput) => params.outcome === 'lapsed',
    isUnanswered: ({ context }) => context.unanswered,
    isCertain: stateIn({ certainty: 'certain' }),
    isConfirmed: stateIn({ lease: { present: { assurance: 'confirmed' } } }),
  },
  actions: {
    recordFailure: assign({
      failures: ({ context }) => context.failures + 1,
      lastError: (_, params: { error: unknown }) => factOf(params.error),
    }),
    recordUnanswered: assign({ unanswered: true }),
    recordLapse: assign({ lapses: ({ context }) => context.lapses + 1 }),
    recordMiss: assign({ misses: ({ context }) => context.misses + 1 }),
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
    recordBeat: assign({
      remainingMs: (_, params: Beat) => params.remainingMs,
      unanswered: false,
      failures: 0,
      lastError: null,
    }),
    beginVerify: assign({ verifyAgain: false }),
    askAgain: assign({ verifyAgain: true }),
    recordVerify: assign({ lastVerify: (_, params: VerifyOutput) => params }),
    announceBeat: raise({ type: 'beat.succeeded' }),
    announceLapse: raise({ type: 'presence.lapsed' }),
    verifyOverdue: raise({ type: 'verify.requested', why: 'overdue' }),
    verifyUnanswered: raise({ type: 'verify.requested', why: 'unanswered' }),
    /** Everything held is overdue. */
    tellMissed: () => {},
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
    remainingMs: input.remainingMs === undefined ? 0 : Math.max(1, input.remainingMs),
    unanswered: false,
    lapses: 0,
    misses: 0,
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
                    target: '#leaseKeeper.lease.present',
                    actions: [
                      { type: 'recordRaised', params: ({ event }) => event.output },
                      { type: 'recordBeat', params: ({ event }) => event.output },
                      'announceBeat',
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
              actions: { type: 'recordStanding', params: ({ event }) => ({ standing: event.standing }) },
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
                    // What asks for a verification is announced before the beat: certainty then sees it under way.
                    onDone: [
                      {
                        guard: { type: 'isStale', params: ({ event }) => event.output },
                        target: '#leaseKeeper.lease.raising',
                      },
                      {
                        guard: { type: 'isLapsed', params: ({ event }) => event.output },
                        target: 'resting',
                        actions: [
                          { type: 'recordBeat', params: ({ event }) => event.output },
                          'announceLapse',
                          'announceBeat',
                        ],
                      },
                      {
                        guard: 'isUnanswered',
                        target: 'resting',
                        actions: [
                          { type: 'recordBeat', params: ({ event }) => event.output },
                          'verifyUnanswered',
                          'announceBeat',
                        ],
                      },
                      {
                        target: 'resting',
                        actions: [
                          { type: 'recordBeat', params: ({ event }) => event.output },
                          'announceBeat',
                        ],
                      },
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
              on: {
                'presence.lapsed': { target: '.verifying', actions: 'recordLapse' },
                'verify.requested': '.verifying',
              },
              states: {
                verifying: {
                  entry: 'beginVerify',
                  on: {
                    // Gone through to its end and then begun again: one that begins anew whenever something happens may never end.
                    'presence.lapsed': { actions: ['recordLapse', 'askAgain'] },
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
                        guard: 'isCertain',
                        target: 'confirmed',
                        actions: [
                          { type: 'recordVerify', params: ({ event }) => event.output },
                          'tellConfirmed',
                        ],
                      },
                      // Past the deadline: the beat that makes us certain again asks for another verification.
                      {
                        target: 'confirmed',
                        actions: { type: 'recordVerify', params: ({ event }) => event.output },
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
      initial: 'none',
      on: { 'beat.succeeded': '.certain' },
      states: {
        none: { always: { guard: 'isInherited', target: 'certain' } },
        certain: {
          after: { untilDeadline: { target: 'uncertain', actions: ['recordMiss', 'tellMissed'] } },
          on: { 'deadline.passed': { target: 'uncertain', actions: ['recordMiss', 'tellMissed'] } },
        },
        uncertain: {
          on: {
            // A verification that is under way already will do.
            'beat.succeeded': [
              { guard: 'isConfirmed', target: 'certain', actions: 'verifyOverdue' },
              { target: 'certain' },
            ],
          },
        },
      },
    },
  },
});
