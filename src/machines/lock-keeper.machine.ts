/**
 * Keeps the lock keys of all streams that are held: one actor for all of them, since each is prolonged twice a heartbeat. A round goes once around all keys, in
 * waves that are spread over half a heartbeat, so that no turn of the event loop is long. What an answer says of thousands of locks is one event. Three regions
 * run side by side.
 *
 * wheel         When locks are prolonged.
 *   resting     Nothing is due. Entered at the start, and when the last wave of a round has been sent. Timer `restDelay`, what is left of half a heartbeat,
 *               then laying.
 *   laying      Asks for the round to be laid out (action `layOut`); every few rounds, while consumers of the Go client are in the group, for a verification
 *               as well (action `verify`): these can take entries without looking at presence. Left by `round.begun`: for extending when there are waves to
 *               be sent, for resting when nothing is held.
 *   extending   A wave is sent (action `extend`). Left by `wave.sent`: for pacing while the round has more, for resting when that was the last.
 *   pacing      Timer `stepDelay`, then extending; or pacing anew while too many waves wait for their answers: heartbeats are sent behind them.
 * locks         How they stood when they were looked at last. The odd ones are in the context, the first hundred by the ids of their entries.
 *   held        All that were looked at stood, and were this process's own.
 *   missing     Some did not stand. Entered by `wave.answered`, which asks for a verification (action `verify`): it takes them again.
 *   foreign     Some are somebody else's. Entered by `wave.answered`, likewise, and by `locks.taken` when these could not be taken.
 *   retaken     A verification has taken those that did not stand. Entered by `locks.taken` from missing and foreign.
 *               All but held are left for held by the `round.begun` after a round that has met nothing odd.
 * names         Entries that wait for their names, which other entries have.
 *   quiet       Left, every second round, by the answer of its last wave (`wave.answered`), or by `round.begun` where there are no waves, while entries wait.
 *   asking      Invokes `ask`: whose names are free? These are given back. Back to quiet, whatever comes of it.
 *
 * Invariants: of one round, each wave is sent once. A lock that does not stand is not taken here: whether its stream is this process's still, a verification
 * says. What an outage explains fails nothing; what it does not ends this actor (action `report`), and its supervisor starts it again.
 */
import { assign, fromPromise, setup } from 'xstate';
import type { OddLock } from './standing.js';

export interface LockKeeperInput {
  readonly heartbeatMs: number;
  /** Whether there are lock keys at all. */
  readonly hasLocks: boolean;
  /** Consumers of the Go client are in the group. */
  readonly hasForeignConsumers: boolean;
}

export interface LockKeeperContext extends LockKeeperInput {
  readonly rounds: number;
  /** Locks that the round under way goes around. */
  readonly count: number;
  /** Waves of it that have not been sent. */
  readonly left: number;
  readonly stepMs: number;
  readonly restMs: number;
  /** Waves that have been sent and not been answered. */
  readonly underWay: number;
  /** The round under way has met something odd. */
  readonly isOddRound: boolean;
  /** By the id of the entry. */
  readonly odd: Readonly<Record<string, OddLock>>;
  /** Entries whose names were free when these were asked for. */
  readonly freed: number;
}

export type LockKeeperEvent =
  /** Of so many locks, in so many waves. @param waiting entries that wait for their names */
  | { type: 'round.begun'; count: number; waves: number; stepMs: number; waiting: number }
  /** @param restMs how long it is until the next round */
  | { type: 'wave.sent'; restMs: number }
  /** @param odd locks that do not stand, or are somebody else's, at rest. @param isLast of its round, and all of it was answered */
  | {
      type: 'wave.answered';
      odd: Readonly<Record<string, OddLock>>;
      isLast: boolean;
      waiting: number;
    }
  /** A part of a wave was not answered, or refused. */
  | { type: 'wave.failed'; error: unknown }
  /** A verification has taken the locks of all that is held, but for these. */
  | { type: 'locks.taken'; odd: Readonly<Record<string, OddLock>> }
  | { type: 'foreignConsumers.seen'; present: boolean };

/** More waves than this do not wait for their answers at a time. */
const MOST_UNDER_WAY = 4;
/** With consumers of the Go client in the group, everything is verified every so many rounds. */
const VERIFY_EVERY = 4;
/** Names are asked for every so many rounds. */
const ASK_EVERY = 2;
/** So many odd locks are known by their ids. */
export const MOST_NAMED = 100;

type Odd = LockKeeperContext['odd'];

function merged(one: Odd, other: Odd): Odd {
  return Object.fromEntries([...Object.entries(one), ...Object.entries(other)].slice(0, MOST_NAMED));
}

function hasOdd({ odd }: { readonly odd: Odd }, what: OddLock): boolean {
  return Object.values(odd).includes(what);
}

export const lockKeeperMachine = setup({
  types: {
    context: {} as LockKeeperContext,
    events: {} as LockKeeperEvent,
    input: {} as LockKeeperInput,
  },
  actors: {
    /** Resolves with how many names were free. */
    ask: fromPromise<number>(() => Promise.reject(new Error('not provided: ask'))),
  },
  delays: {
    restDelay: ({ context }) => context.restMs,
    stepDelay: ({ context }) => context.stepMs,
  },
  guards: {
    isVerificationDue: ({ context }) =>
      context.hasForeignConsumers && context.rounds % VERIFY_EVERY === VERIFY_EVERY - 1,
    hasWaves: ({ event }) => event.type === 'round.begun' && event.waves > 0,
    isAskedNow: ({ context, event }) =>
      event.type === 'round.begun' &&
      event.waves === 0 &&
      event.waiting > 0 &&
      context.rounds % ASK_EVERY === 0,
    isAskedAfter: ({ context, event }) =>
      event.type === 'wave.answered' && event.isLast && event.waiting > 0 && context.rounds % ASK_EVERY === 0,
    /** Beside the one that has just been sent. */
    hasMore: ({ context }) => context.left > 1,
    isCrowded: ({ context }) => context.underWay >= MOST_UNDER_WAY,
    wasEven: ({ context }) => !context.isOddRound,
    meetsForeign: ({ event }) => 'odd' in event && hasOdd(event, 'foreign'),
    meetsMissing: ({ event }) => 'odd' in event && hasOdd(event, 'missing'),
  },
  actions: {
    countRound: assign({ rounds: ({ context }) => context.rounds + 1 }),
    recordRound: assign(({ event }) =>
      event.type === 'round.begun'
        ? { count: event.count, left: event.waves, stepMs: event.stepMs, isOddRound: false }
        : {},
    ),
    /** In no wave, nothing was sent to say how long it is until the next round. */
    recordEmptyRound: assign(({ event }) =>
      event.type === 'round.begun'
        ? { count: event.count, left: 0, stepMs: event.stepMs, restMs: event.stepMs, isOddRound: false }
        : {},
    ),
    recordSent: assign(({ context, event }) =>
      event.type === 'wave.sent'
        ? { restMs: event.restMs, left: context.left - 1, underWay: context.underWay + 1 }
        : {},
    ),
    recordAnswer: assign(({ context }) => ({ underWay: context.underWay - 1 })),
    recordOdd: assign(({ context, event }) =>
      'odd' in event ? { isOddRound: true, odd: merged(event.odd, context.odd) } : {},
    ),
    recordTaken: assign(({ event }) => ('odd' in event ? { odd: merged(event.odd, {}) } : {})),
    forgetOdd: assign({ odd: {} }),
    recordForeignConsumers: assign(({ event }) =>
      event.type === 'foreignConsumers.seen' ? { hasForeignConsumers: event.present } : {},
    ),
    recordFreed: assign({ freed: ({ context }, params: { freed: number }) => context.freed + params.freed }),
    /** Lay the next round out, and say so (`round.begun`). */
    layOut: () => {},
    /** Send the next wave, and say so (`wave.sent`); then what came of it. */
    extend: () => {},
    /** Have everything that is held compared with what is pending. */
    verify: (_, _params: { why: string }) => {},
    /** As in the lease keeper. */
    report: (_, _params: { error: unknown; doing: string }) => {},
  },
}).createMachine({
  id: 'lockKeeper',
  type: 'parallel',
  context: ({ input }) => ({
    heartbeatMs: input.heartbeatMs,
    hasLocks: input.hasLocks,
    hasForeignConsumers: input.hasForeignConsumers,
    rounds: 0,
    count: 0,
    left: 0,
    stepMs: input.heartbeatMs / 2,
    restMs: input.heartbeatMs / 2,
    underWay: 0,
    isOddRound: false,
    odd: {},
    freed: 0,
  }),
  on: { 'foreignConsumers.seen': { actions: 'recordForeignConsumers' } },
  states: {
    wheel: {
      initial: 'resting',
      on: {
        'wave.answered': { actions: 'recordAnswer' },
        'wave.failed': {
          actions: { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'extend' }) },
        },
      },
      states: {
        resting: {
          after: {
            restDelay: [
              {
                guard: 'isVerificationDue',
                target: 'laying',
                actions: ['countRound', { type: 'verify', params: { why: 'foreign consumers' } }],
              },
              { target: 'laying', actions: 'countRound' },
            ],
          },
        },
        laying: {
          entry: 'layOut',
          on: {
            'round.begun': [
              { guard: 'hasWaves', target: 'extending', actions: 'recordRound' },
              { target: 'resting', actions: 'recordEmptyRound' },
            ],
          },
        },
        extending: {
          entry: 'extend',
          on: {
            'wave.sent': [
              { guard: 'hasMore', target: 'pacing', actions: 'recordSent' },
              { target: 'resting', actions: 'recordSent' },
            ],
          },
        },
        pacing: {
          after: {
            stepDelay: [{ guard: 'isCrowded', target: 'pacing', reenter: true }, { target: 'extending' }],
          },
        },
      },
    },
    locks: {
      initial: 'held',
      on: {
        'wave.answered': [
          {
            guard: 'meetsForeign',
            target: '.foreign',
            actions: ['recordOdd', { type: 'verify', params: { why: 'locks missing' } }],
          },
          {
            guard: 'meetsMissing',
            target: '.missing',
            actions: ['recordOdd', { type: 'verify', params: { why: 'locks missing' } }],
          },
        ],
        'locks.taken': { guard: 'meetsForeign', target: '.foreign', actions: 'recordTaken' },
      },
      states: {
        held: {},
        missing: {
          on: {
            'locks.taken': [
              { guard: 'meetsForeign', target: 'foreign', actions: 'recordTaken' },
              { target: 'retaken', actions: 'recordTaken' },
            ],
            'round.begun': { guard: 'wasEven', target: 'held', actions: 'forgetOdd' },
          },
        },
        foreign: {
          on: {
            'locks.taken': [
              { guard: 'meetsForeign', target: 'foreign', actions: 'recordTaken' },
              { target: 'retaken', actions: 'recordTaken' },
            ],
            'round.begun': { guard: 'wasEven', target: 'held', actions: 'forgetOdd' },
          },
        },
        retaken: {
          on: { 'round.begun': { guard: 'wasEven', target: 'held', actions: 'forgetOdd' } },
        },
      },
    },
    names: {
      initial: 'quiet',
      states: {
        quiet: {
          on: {
            'round.begun': { guard: 'isAskedNow', target: 'asking' },
            'wave.answered': { guard: 'isAskedAfter', target: 'asking' },
          },
        },
        asking: {
          invoke: {
            id: 'ask',
            src: 'ask',
            onDone: {
              target: 'quiet',
              actions: { type: 'recordFreed', params: ({ event }) => ({ freed: event.output }) },
            },
            onError: {
              target: 'quiet',
              actions: { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'ask' }) },
            },
          },
        },
      },
    },
  },
});
