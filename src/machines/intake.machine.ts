/**
 * Reads entries for this process, one turn after another. A turn waits for entries in a parked read, takes what waits, and makes all of it this process's own,
 * however many they are: what it led to is one event. The actor says what stands in the way of reading (the outlook), whenever that changes while nothing is read
 * and with the answer of each turn; what follows from it is decided here.
 *
 * deciding      Where to go by the present outlook. Entered at the start, and whenever there is another one. Left at once.
 * waiting       Nothing is read. Any change of the outlook (`outlook.changed`) leads to deciding. It is
 *   paused        as the application asked for it;
 *   full          as there is no room for more streams;
 *   unconfirmed   as what is held has not been verified since the lease was in doubt;
 *   standingBack  as others have more room, until a heartbeat says that more has come.
 * reading       Invokes `read`, a turn. Left for deciding when it is answered, for recovering when reading failed and only time is needed, for failed
 *               when no time heals it, for gaveUp when it has failed too often in a row.
 * recovering    Timer `retryDelay`, then deciding; earlier when the connection is back, or when reading is not wanted any more.
 * stopped       Final: it was to stop (`stop.requested`), and what had been read has been dealt with.
 * gaveUp        Final: reading failed more often in a row than it may.
 * failed        Final: what no time heals; action `report` throws it, and the supervisor starts intake again.
 *
 * Invariants: at most one turn is under way, and none is cut off: what it was answered with is dealt with, whatever was asked for meanwhile. Entries that never
 * become anybody's (unreadable ones, too large ones), and those of which owners may have died, are told of by their ids.
 */
import { assign, fromPromise, setup } from 'xstate';
import { type ErrorFact, factOf } from './facts.js';

/** What stands in the way of reading. */
export interface Outlook {
  readonly isPaused: boolean;
  readonly hasRoom: boolean;
  readonly isReaderUp: boolean;
  readonly isConfirmed: boolean;
  /** Wait for entries; ask for what waits; or neither, as others have more room. */
  readonly turn: 'park' | 'ask' | 'none';
}

export interface ReadFailure {
  readonly error: ErrorFact;
  /** ended: the parked read was ended by us. elsewhere: another server is to be asked. passing: time is needed. lasting: no time heals it. */
  readonly kind: 'ended' | 'elsewhere' | 'passing' | 'lasting';
  /** There was a connection when it had failed. */
  readonly wasUp: boolean;
  readonly chance: number;
}

export interface ReadOutput {
  readonly outlook: Outlook;
  /** Entries that were read, and how many of them became this process's. */
  readonly entries: number;
  readonly owned: number;
  /** Null: it did not fail. */
  readonly failure: ReadFailure | null;
  /** Nothing was tried: what stands in the way had changed. */
  readonly isDeferred: boolean;
}

/** Entries that were given up without an owner. */
export interface GivenUp {
  readonly why: string;
  readonly count: number;
  /** The first of them. */
  readonly ids: readonly string[];
}

/** Streams of which owners may have died are begun a few at a time. */
export interface Suspects {
  readonly count: number;
  /** The first of them. */
  readonly ids: readonly string[];
  readonly state: 'begun' | 'outlived';
}

export interface IntakeInput {
  readonly retry: { readonly attempts: number; readonly initialMs: number; readonly maxMs: number };
  readonly outlook: Outlook;
  /** Of the intake before, in a row. */
  readonly failures: number;
}

export interface IntakeContext extends IntakeInput {
  readonly isStopping: boolean;
  /** Why the last turn failed; null: it did not, or reading works again. */
  readonly failure: ReadFailure | null;
  /** Delivered entries could not be adopted, and that was no outage. */
  readonly fault: ErrorFact | null;
  readonly turns: number;
  readonly entries: number;
  readonly owned: number;
  /** The latest. */
  readonly givenUp: GivenUp | null;
  readonly suspects: Suspects | null;
}

export type IntakeEvent =
  | { type: 'outlook.changed'; outlook: Outlook }
  /** The reader's connection has answered. */
  | { type: 'reader.answered' }
  | { type: 'adopting.failed'; error: ErrorFact }
  | { type: 'stop.requested' }
  | ({ type: 'entries.givenUp' } & GivenUp)
  | ({ type: 'suspects.begun' } & Omit<Suspects, 'state'>)
  | ({ type: 'suspects.outlived' } & Omit<Suspects, 'state'>);

const MOST_DOUBLINGS = 16;

export const intakeMachine = setup({
  types: {
    context: {} as IntakeContext,
    events: {} as IntakeEvent,
    input: {} as IntakeInput,
  },
  actors: {
    read: fromPromise<ReadOutput, { turn: Outlook['turn'] }>(() =>
      Promise.reject(new Error('not provided: read')),
    ),
  },
  delays: {
    /** Doubles with each failure in a row; between half of it and all of it, by chance. */
    retryDelay: ({ context: { retry, failures, failure } }) =>
      Math.min(retry.maxMs, retry.initialMs * 2 ** Math.min(Math.max(0, failures - 1), MOST_DOUBLINGS)) *
      (0.5 + (failure?.chance ?? 1) / 2),
  },
  guards: {
    isStopping: ({ context }) => context.isStopping,
    hasFault: ({ context }) => context.fault !== null,
    isPaused: ({ context }) => context.outlook.isPaused,
    isFull: ({ context }) => !context.outlook.hasRoom,
    isOffline: ({ context }) => !context.outlook.isReaderUp,
    isUnconfirmed: ({ context }) => !context.outlook.isConfirmed,
    standsBack: ({ context }) => context.outlook.turn === 'none',
    isUnwanted: ({ event }) => event.type === 'outlook.changed' && event.outlook.isPaused,
    isBackUp: ({ context, event }) =>
      event.type === 'outlook.changed' && context.failure?.wasUp === false && event.outlook.isReaderUp,
    isDeferred: (_, params: ReadOutput) => params.isDeferred,
    wasEnded: (_, params: ReadOutput) => params.failure?.kind === 'ended',
    isLasting: (_, params: ReadOutput) => params.failure?.kind === 'lasting',
    isOver: ({ context }, params: ReadOutput) => params.failure !== null && context.isStopping,
    isExhausted: ({ context }, params: ReadOutput) =>
      params.failure !== null &&
      context.retry.attempts >= 0 &&
      context.failures + (params.failure.kind === 'elsewhere' ? 0 : 1) > context.retry.attempts,
    hasFailed: (_, params: ReadOutput) => params.failure !== null,
  },
  actions: {
    recordOutlook: assign({
      outlook: ({ context, event }) => (event.type === 'outlook.changed' ? event.outlook : context.outlook),
    }),
    recordDeferred: assign({ outlook: (_, params: ReadOutput) => params.outlook }),
    recordRead: assign(({ context }, params: ReadOutput) => ({
      outlook: params.outlook,
      turns: context.turns + 1,
      entries: context.entries + params.entries,
      owned: context.owned + params.owned,
      failures: 0,
      failure: null,
    })),
    recordFailure: assign(({ context }, params: ReadOutput) => ({
      outlook: params.outlook,
      entries: context.entries + params.entries,
      owned: context.owned + params.owned,
      failures: context.failures + (params.failure?.kind === 'elsewhere' ? 0 : 1),
      failure: params.failure,
    })),
    /** It was ended by us, or is over: nothing that is said. */
    recordEnded: assign(({ context }, params: ReadOutput) => ({
      outlook: params.outlook,
      entries: context.entries + params.entries,
      owned: context.owned + params.owned,
    })),
    recordAnswer: assign({
      failure: ({ context }) => (context.failure?.kind === 'lasting' ? context.failure : null),
    }),
    recordFault: assign({
      fault: ({ context, event }) =>
        event.type === 'adopting.failed' ? (context.fault ?? event.error) : context.fault,
    }),
    recordStop: assign({ isStopping: true }),
    recordGivenUp: assign({
      givenUp: ({ context, event }) =>
        event.type === 'entries.givenUp'
          ? { why: event.why, count: event.count, ids: event.ids }
          : context.givenUp,
    }),
    recordSuspects: assign({
      suspects: ({ context, event }) =>
        event.type === 'suspects.begun' || event.type === 'suspects.outlived'
          ? {
              count: event.count,
              ids: event.ids,
              state: event.type === 'suspects.begun' ? ('begun' as const) : ('outlived' as const),
            }
          : context.suspects,
    }),
    /** Say when the outlook changes. */
    watch: () => {},
    /** Reading failed, and is tried again or given up. */
    tellFailure: (_, _params: { error: ErrorFact }) => {},
    /** A reply may have been lost with entries in it. */
    verify: (_, _params: { why: string }) => {},
    /** As in the lease keeper. */
    report: (_, _params: { error: ErrorFact | null; doing: string }) => {},
  },
}).createMachine({
  id: 'intake',
  initial: 'deciding',
  context: ({ input }) => ({
    ...input,
    isStopping: false,
    failure: null,
    fault: null,
    turns: 0,
    entries: 0,
    owned: 0,
    givenUp: null,
    suspects: null,
  }),
  on: {
    'adopting.failed': { actions: 'recordFault' },
    'stop.requested': { actions: 'recordStop' },
    'entries.givenUp': { actions: 'recordGivenUp' },
    'suspects.begun': { actions: 'recordSuspects' },
    'suspects.outlived': { actions: 'recordSuspects' },
  },
  states: {
    deciding: {
      always: [
        { guard: 'isStopping', target: 'stopped' },
        {
          guard: 'hasFault',
          target: 'failed',
          actions: {
            type: 'report',
            params: ({ context }) => ({ error: context.fault, doing: 'adopt' }),
          },
        },
        { guard: 'isPaused', target: 'waiting.paused' },
        { guard: 'isFull', target: 'waiting.full' },
        // The turn finds that out, and fails.
        { guard: 'isOffline', target: 'reading' },
        { guard: 'isUnconfirmed', target: 'waiting.unconfirmed' },
        { guard: 'standsBack', target: 'waiting.standingBack' },
        { target: 'reading' },
      ],
    },
    waiting: {
      initial: 'paused',
      entry: 'watch',
      on: {
        'outlook.changed': { target: 'deciding', actions: 'recordOutlook' },
        'adopting.failed': { target: 'deciding', actions: 'recordFault' },
        'stop.requested': { target: 'deciding', actions: 'recordStop' },
      },
      states: { paused: {}, full: {}, unconfirmed: {}, standingBack: {} },
    },
    reading: {
      on: { 'reader.answered': { actions: 'recordAnswer' } },
      invoke: {
        id: 'read',
        src: 'read',
        input: ({ context }) => ({ turn: context.outlook.turn }),
        onDone: [
          {
            guard: { type: 'isDeferred', params: ({ event }) => event.output },
            target: 'deciding',
            actions: { type: 'recordDeferred', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'wasEnded', params: ({ event }) => event.output },
            target: 'deciding',
            actions: { type: 'recordEnded', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'isLasting', params: ({ event }) => event.output },
            target: 'failed',
            actions: [
              { type: 'recordFailure', params: ({ event }) => event.output },
              {
                type: 'report',
                params: ({ event }) => ({ error: event.output.failure?.error ?? null, doing: 'read' }),
              },
            ],
          },
          {
            guard: { type: 'isOver', params: ({ event }) => event.output },
            target: 'deciding',
            actions: { type: 'recordEnded', params: ({ event }) => event.output },
          },
          {
            guard: { type: 'isExhausted', params: ({ event }) => event.output },
            target: 'gaveUp',
            actions: [
              { type: 'recordFailure', params: ({ event }) => event.output },
              {
                type: 'tellFailure',
                params: ({ event }) => ({ error: (event.output.failure as ReadFailure).error }),
              },
            ],
          },
          {
            guard: { type: 'hasFailed', params: ({ event }) => event.output },
            target: 'recovering',
            actions: [
              { type: 'recordFailure', params: ({ event }) => event.output },
              {
                type: 'tellFailure',
                params: ({ event }) => ({ error: (event.output.failure as ReadFailure).error }),
              },
              { type: 'verify', params: { why: 'read failed' } },
            ],
          },
          { target: 'deciding', actions: { type: 'recordRead', params: ({ event }) => event.output } },
        ],
        // What reading fails with is answered; this is a fault of ours.
        onError: {
          target: 'failed',
          actions: {
            type: 'report',
            params: ({ event }) => ({ error: factOf(event.error), doing: 'read' }),
          },
        },
      },
    },
    recovering: {
      entry: 'watch',
      after: { retryDelay: 'deciding' },
      on: {
        'outlook.changed': [
          { guard: 'isUnwanted', target: 'deciding', actions: 'recordOutlook' },
          { guard: 'isBackUp', target: 'deciding', actions: 'recordOutlook' },
          { actions: 'recordOutlook' },
        ],
        'stop.requested': { target: 'deciding', actions: 'recordStop' },
      },
    },
    stopped: { type: 'final' },
    gaveUp: { type: 'final' },
    failed: { type: 'final' },
  },
});
