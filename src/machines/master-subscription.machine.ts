/**
 * Keyspace events of one master: set up and listened to, on a connection of its own. No timers: every step invoked here has a
 * deadline of its own.
 *
 * connecting   A subscriber connection is being made (invoked `connect`). Left for configuring.
 * configuring  `notify-keyspace-events` is read and, where it does not suffice, widened (invoked `configure`). What came of it is
 *              in context.setup from then on, also when a later step fails. Left for subscribing.
 * subscribing  The patterns are being subscribed (invoked `subscribe`). Left for live.
 * live         Events arrive. Entered with action `tellLive`: events before this are gone, so a sweep is due at once.
 * failed       Final. Entered from each of the others, when its step fails or by `connection.down`; context.error says why and
 *              during which. The supervisor starts a new one.
 *
 * Invariant: in live, exactly one subscription to each pattern exists on that master.
 */
import { assign, fromPromise, setup } from 'xstate';
import { type ErrorFact, factOf } from './facts.js';
import type { KeyspaceSetup } from './standing.js';

export interface MasterSubscriptionInput {
  /** Address of the master, for people. */
  readonly master: string;
}

export interface MasterSubscriptionContext extends MasterSubscriptionInput {
  readonly setup: KeyspaceSetup | null;
  readonly error: (ErrorFact & { readonly during: string }) | null;
}

export type MasterSubscriptionEvent = { type: 'connection.down'; error: ErrorFact };

export const masterSubscriptionMachine = setup({
  types: {
    context: {} as MasterSubscriptionContext,
    events: {} as MasterSubscriptionEvent,
    input: {} as MasterSubscriptionInput,
  },
  actors: {
    connect: fromPromise<void>(() => Promise.reject(new Error('not provided: connect'))),
    configure: fromPromise<KeyspaceSetup>(() => Promise.reject(new Error('not provided: configure'))),
    subscribe: fromPromise<void>(() => Promise.reject(new Error('not provided: subscribe'))),
  },
  actions: {
    recordSetup: assign({ setup: (_, params: KeyspaceSetup) => params }),
    recordError: assign({
      error: (_, params: { error: unknown; during: string }) => ({
        ...factOf(params.error),
        during: params.during,
      }),
    }),
    recordLost: assign({
      error: (_, params: { error: ErrorFact; during: string }) => ({
        ...params.error,
        during: params.during,
      }),
    }),
    tellLive: () => {},
    tellFailed: () => {},
  },
}).createMachine({
  id: 'masterSubscription',
  initial: 'connecting',
  context: ({ input }) => ({ ...input, setup: null, error: null }),
  states: {
    connecting: {
      on: {
        'connection.down': {
          target: 'failed',
          actions: {
            type: 'recordLost',
            params: ({ event }) => ({ error: event.error, during: 'connecting' }),
          },
        },
      },
      invoke: {
        id: 'connect',
        src: 'connect',
        onDone: 'configuring',
        onError: {
          target: 'failed',
          actions: {
            type: 'recordError',
            params: ({ event }) => ({ error: event.error, during: 'connecting' }),
          },
        },
      },
    },
    configuring: {
      on: {
        'connection.down': {
          target: 'failed',
          actions: {
            type: 'recordLost',
            params: ({ event }) => ({ error: event.error, during: 'configuring' }),
          },
        },
      },
      invoke: {
        id: 'configure',
        src: 'configure',
        onDone: {
          target: 'subscribing',
          actions: { type: 'recordSetup', params: ({ event }) => event.output },
        },
        onError: {
          target: 'failed',
          actions: {
            type: 'recordError',
            params: ({ event }) => ({ error: event.error, during: 'configuring' }),
          },
        },
      },
    },
    subscribing: {
      on: {
        'connection.down': {
          target: 'failed',
          actions: {
            type: 'recordLost',
            params: ({ event }) => ({ error: event.error, during: 'subscribing' }),
          },
        },
      },
      invoke: {
        id: 'subscribe',
        src: 'subscribe',
        onDone: 'live',
        onError: {
          target: 'failed',
          actions: {
            type: 'recordError',
            params: ({ event }) => ({ error: event.error, during: 'subscribing' }),
          },
        },
      },
    },
    live: {
      entry: 'tellLive',
      on: {
        'connection.down': {
          target: 'failed',
          actions: { type: 'recordLost', params: ({ event }) => ({ error: event.error, during: 'live' }) },
        },
      },
    },
    failed: { type: 'final', entry: 'tellFailed' },
  },
});
