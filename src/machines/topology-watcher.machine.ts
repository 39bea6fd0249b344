/**
 * Follows the masters of a Redis Cluster. Where there is but one server, none runs.
 *
 * probing    Every known node is asked what it knows (invoked `ask`). What they say is in context.report from then on. Left for
 *            applying when the cluster is settled and its masters are others than those applied, or a reset was asked for; for
 *            settled when they are the same; for unsettled when the nodes disagree or none answers.
 * applying   Subscriptions are started and stopped so that each master has one, and what is owned is verified (invoked `apply`).
 *            Left for settled, or, when that failed, for unsettled.
 * settled    All is covered. Timer `calmDelay`: long, or short when a look was asked for while one was under way. Left for probing,
 *            at once on `look.requested`.
 * unsettled  Timer `restlessDelay`, then probing. What was applied before stands.
 *
 * From anywhere `reset.requested` begins a new round, whose verdict is applied whatever it was before; when that round finds the
 * cluster unsettled, the reset is over.
 *
 * Invariants: the answers of a round that was left change nothing. Only what a settled cluster says is applied.
 */
import { assign, fromPromise, setup } from 'xstate';
import { type ErrorFact, factOf } from './facts.js';

/** What came of asking all nodes. */
export interface TopologyReport {
  /** Every node that answered says that all is well, and all agree. */
  readonly settled: boolean;
  /** Why not; empty when settled. */
  readonly problems: readonly string[];
  /** Addresses of the living masters, in order. */
  readonly masters: readonly string[];
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface TopologyWatcherInput {
  /** Milliseconds between two rounds while all is well. */
  readonly calmMs: number;
  /** Milliseconds between two rounds while it is not. */
  readonly restlessMs: number;
}

export interface TopologyWatcherContext extends TopologyWatcherInput {
  readonly report: TopologyReport | null;
  /** The masters that are covered; null before the first time. */
  readonly applied: readonly string[] | null;
  /** Rounds begun. */
  readonly rounds: number;
  /** How often other masters were applied, the first time included. */
  readonly changes: number;
  /** A look was asked for during one. */
  readonly again: boolean;
  /** A reset is under way: whatever a settled cluster says is applied anew. */
  readonly isReset: boolean;
  readonly lastError: ErrorFact | null;
}

export type TopologyWatcherEvent =
  /** Something hints at a change: a redirection, a lost connection. */
  { type: 'look.requested' } | { type: 'reset.requested' };

export interface ApplyInput {
  readonly masters: readonly string[];
  /** Cover those that are covered already anew. */
  readonly anew: boolean;
}

function isSame(a: readonly string[], b: readonly string[] | null): boolean {
  return b !== null && a.length === b.length && a.every((master, index) => master === b[index]);
}

export const topologyWatcherMachine = setup({
  types: {
    context: {} as TopologyWatcherContext,
    events: {} as TopologyWatcherEvent,
    input: {} as TopologyWatcherInput,
  },
  actors: {
    ask: fromPromise<TopologyReport>(() => Promise.reject(new Error('not provided: ask'))),
    apply: fromPromise<void, ApplyInput>(() => Promise.reject(new Error('not provided: apply'))),
  },
  delays: {
    calmDelay: ({ context }) => (context.again ? context.restlessMs : context.calmMs),
    restlessDelay: ({ context }) => context.restlessMs,
  },
  guards: {
    isToBeApplied: ({ context }, report: TopologyReport) =>
      report.settled && (context.isReset || !isSame(report.masters, context.applied)),
    isSettled: (_, report: TopologyReport) => report.settled,
  },
  actions: {
    beginRound: assign({ rounds: ({ context }) => context.rounds + 1, again: false }),
    recordReport: assign({ report: (_, report: TopologyReport) => report }),
    recordWish: assign({ again: true }),
    recordReset: assign({ isReset: true }),
    endReset: assign({ isReset: false }),
    recordApplied: assign(({ context }) => ({
      applied: context.report?.masters ?? null,
      changes: context.changes + (isSame(context.report?.masters ?? [], context.applied) ? 0 : 1),
      isReset: false,
      lastError: null,
    })),
    recordError: assign({ lastError: (_, params: { error: unknown }) => factOf(params.error) }),
  },
}).createMachine({
  id: 'topologyWatcher',
  initial: 'probing',
  context: ({ input }) => ({
    ...input,
    report: null,
    applied: null,
    rounds: 0,
    changes: 0,
    again: false,
    isReset: false,
    lastError: null,
  }),
  on: {
    'reset.requested': { target: '.probing', reenter: true, actions: 'recordReset' },
  },
  states: {
    probing: {
      entry: 'beginRound',
      on: { 'look.requested': { actions: 'recordWish' } },
      invoke: {
        id: 'ask',
        src: 'ask',
        onDone: [
          {
            target: 'applying',
            guard: { type: 'isToBeApplied', params: ({ event }) => event.output },
            actions: { type: 'recordReport', params: ({ event }) => event.output },
          },
          {
            target: 'settled',
            guard: { type: 'isSettled', params: ({ event }) => event.output },
            actions: { type: 'recordReport', params: ({ event }) => event.output },
          },
          {
            target: 'unsettled',
            actions: { type: 'recordReport', params: ({ event }) => event.output },
          },
        ],
        onError: {
          target: 'unsettled',
          actions: { type: 'recordError', params: ({ event }) => ({ error: event.error }) },
        },
      },
    },
    applying: {
      on: { 'look.requested': { actions: 'recordWish' } },
      invoke: {
        id: 'apply',
        src: 'apply',
        input: ({ context }) => ({ masters: context.report?.masters ?? [], anew: context.isReset }),
        onDone: { target: 'settled', actions: 'recordApplied' },
        onError: {
          target: 'unsettled',
          actions: { type: 'recordError', params: ({ event }) => ({ error: event.error }) },
        },
      },
    },
    settled: {
      on: { 'look.requested': 'probing' },
      after: { calmDelay: 'probing' },
    },
    unsettled: {
      entry: 'endReset',
      after: { restlessDelay: 'probing' },
    },
  },
});
