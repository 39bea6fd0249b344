/**
 * Keeps the streams of a fleet shared out. Four regions run side by side.
 *
 * rounds     One process at a time compares what all own, a round.
 *   resting  Left on `round.due`, which a heartbeat brings, while the lease is certain.
 *   working  Invokes `round`: begins a round where one is due still, finds out who has too much, and writes that down. Back to resting, whatever comes of it:
 *            the next heartbeat says when the next round is due.
 * moves      What this process has to hand over, by a round.
 *   still    Left on `order.heard` of a round that has not been followed yet, while the lease is certain.
 *   moving   Invokes `move`: hands over as many, those first that it disturbs least. Back to still when all of them have gone. What is ordered meanwhile is
 *            not followed: the next round counts what is left.
 * patience   A process that has been told to take streams hands none over for a while, so that none of them is moved twice.
 *   none     Left on `intake.heard`.
 *   cooling  Timer `coolDelay`, begun anew with each `intake.heard`.
 * lease      doubted → certain on `lease.confirmed`, certain → doubted on `lease.missed`. In doubt nothing is begun.
 *
 * Invariants: no round is followed twice. At most one round and one move are under way.
 */
import { and, assign, fromPromise, setup, stateIn } from 'xstate';
import { type ErrorFact, factOf } from './facts.js';
import type { RoundFigures } from './standing.js';

export interface BalancerInput {
  /** For how long a process that was told to take streams hands none over, in milliseconds. */
  readonly coolMs: number;
  /** The latest round that was followed, by whichever balancer; 0: none. An order stands for a while, and is not followed by the next one as well. */
  readonly followed: number;
  /** Streams that have been handed over so that others have their share. */
  readonly moved: number;
}

export interface BalancerContext extends BalancerInput {
  /** How many streams the move under way is to hand over. */
  readonly count: number;
  /** Rounds that this process has made. */
  readonly rounds: number;
  readonly lastRound: RoundFigures | null;
  /** Of the latest attempt that failed; null when both rounds and moves have succeeded since. */
  readonly lastError: ErrorFact | null;
}

export type BalancerEvent =
  | { type: 'round.due' }
  | { type: 'order.heard'; round: number; count: number }
  | { type: 'intake.heard' }
  | { type: 'lease.missed' }
  | { type: 'lease.confirmed' };

export const balancerMachine = setup({
  types: {
    context: {} as BalancerContext,
    events: {} as BalancerEvent,
    input: {} as BalancerInput,
  },
  actors: {
    /** Null: none was due any more. */
    round: fromPromise<RoundFigures | null>(() => Promise.reject(new Error('not provided: round'))),
    /** Resolves with how many have gone. */
    move: fromPromise<number, { count: number }>(() => Promise.reject(new Error('not provided: move'))),
  },
  delays: { coolDelay: ({ context }) => context.coolMs },
  guards: {
    isCertain: stateIn({ lease: 'certain' }),
    isToBeFollowed: and([
      'isCertain',
      ({ context, event: any }) => {
        const event = any as BalancerEvent;
        return event.type === 'order.heard' && event.round !== context.followed;
      },
    ]),
  },
  actions: {
    recordOrder: assign(({ context, event }) =>
      event.type === 'order.heard' ? { followed: event.round, count: event.count } : context,
    ),
    recordRound: assign(({ context }, params: { round: RoundFigures | null }) => ({
      rounds: context.rounds + (params.round === null ? 0 : 1),
      lastRound: params.round ?? context.lastRound,
      lastError: null,
    })),
    recordMove: assign(({ context }, params: { moved: number }) => ({
      moved: context.moved + params.moved,
      count: 0,
      lastError: null,
    })),
    recordFailure: assign({ count: 0, lastError: (_, params: { error: unknown }) => factOf(params.error) }),
    /** As in the lease keeper. */
    report: (_, _params: { error: unknown; doing: string }) => {},
  },
}).createMachine({
  id: 'balancer',
  type: 'parallel',
  context: ({ input }) => ({
    coolMs: input.coolMs,
    followed: input.followed,
    count: 0,
    rounds: 0,
    moved: input.moved,
    lastRound: null,
    lastError: null,
  }),
  states: {
    rounds: {
      initial: 'resting',
      states: {
        resting: { on: { 'round.due': { guard: 'isCertain', target: 'working' } } },
        working: {
          invoke: {
            id: 'round',
            src: 'round',
            onDone: {
              target: 'resting',
              actions: { type: 'recordRound', params: ({ event }) => ({ round: event.output }) },
            },
            onError: {
              target: 'resting',
              actions: [
                { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) },
                { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'round' }) },
              ],
            },
          },
        },
      },
    },
    moves: {
      initial: 'still',
      states: {
        still: {
          on: { 'order.heard': { guard: 'isToBeFollowed', target: 'moving', actions: 'recordOrder' } },
        },
        moving: {
          invoke: {
            id: 'move',
            src: 'move',
            input: ({ context }) => ({ count: context.count }),
            onDone: {
              target: 'still',
              actions: { type: 'recordMove', params: ({ event }) => ({ moved: event.output }) },
            },
            onError: {
              target: 'still',
              actions: [
                { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) },
                { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'move' }) },
              ],
            },
          },
        },
      },
    },
    patience: {
      initial: 'none',
      on: { 'intake.heard': '.cooling' },
      states: {
        none: {},
        cooling: { after: { coolDelay: 'none' } },
      },
    },
    lease: {
      initial: 'doubted',
      states: {
        doubted: { on: { 'lease.confirmed': 'certain' } },
        certain: { on: { 'lease.missed': 'doubted' } },
      },
    },
  },
});
