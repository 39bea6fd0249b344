/**
 * The life of one runtime, from `start()` to the end. No timers: what takes long is done, and given up on, by the actions.
 *
 * idle        Nothing has been opened. Left by `start`, or by `stop.requested` straight to stopped.
 * starting    Connections are opened, the group is created, the server probed, keyspace events set up (action `prepare`).
 *             Redis being away is waited for. Left by `start.prepared` for recovering; by `start.failed`, which says that it took
 *             too long or what is wrong for good, straight to failed: nothing is owned yet; by `stop.requested` for draining.
 * recovering  The lease keeper runs: presence is written and what is pending for us is verified (action `startChildren`).
 *             Nothing is read yet. Left by `lease.verified` for running, or for degraded where there is trouble already; by
 *             `start.failed` and `stop.requested` for draining.
 * running     Intake reads while there is room. Everything configured works. Left by `child.escalated` for degraded; by
 *             `reading.gaveUp` and `stop.requested` for draining.
 * degraded    As running, but at least one child has failed more often than its limits allow (context.troubles says which and
 *             why). It goes on being restarted; what it does for us is done by the others as far as they can. Left when
 *             the last trouble is over (`child.healed`), else as running.
 * draining    Nothing new is read, acquired or adopted (action `endAssignment`, before anything else); what is owned is finished
 *             or handed over, as context.mode says. A harder mode may follow (action `hardenDrain`), a softer one is ignored. Left by `drained`: for failed when there is an error, else stopped.
 * stopped     Final. Whoever runs this closes what is open.
 * failed      Final. As stopped, with context.error saying why.
 *
 * In every state but the final two, troubles are recorded as they come and go.
 *
 * Invariants: nothing is handed to the application for the first time once draining has begun; intake runs only in running and
 * degraded; the lease keeper from recovering until draining is over. Whoever asked for a stop before anything failed gets
 * `stopped`: what fails later is no reason any more.
 */
import { assign, setup } from 'xstate';
import type { ErrorFact } from './facts.js';

export type DrainMode = 'handOver' | 'finish' | 'abandon';

export interface ConsumerContext {
  /** Child → why it is in trouble. */
  readonly troubles: Readonly<Record<string, string>>;
  readonly mode: DrainMode;
  readonly error: ErrorFact | null;
}

export type ConsumerEvent =
  | { type: 'start' }
  | { type: 'start.prepared' }
  | { type: 'start.failed'; error: ErrorFact }
  | { type: 'lease.verified' }
  | { type: 'child.escalated'; child: string; why: string }
  | { type: 'child.healed'; child: string }
  | { type: 'reading.gaveUp'; error: ErrorFact }
  | { type: 'stop.requested'; mode: DrainMode }
  | { type: 'drained' };

const HARDNESS: Readonly<Record<DrainMode, number>> = { finish: 0, handOver: 1, abandon: 2 };

export const consumerMachine = setup({
  types: {
    context: {} as ConsumerContext,
    events: {} as ConsumerEvent,
  },
  guards: {
    isHarder: ({ context, event }) =>
      event.type === 'stop.requested' && HARDNESS[event.mode] > HARDNESS[context.mode],
    isLastTrouble: ({ context, event }) =>
      event.type === 'child.healed' && Object.keys(context.troubles).every((child) => child === event.child),
    isInTrouble: ({ context }) => Object.keys(context.troubles).length > 0,
    hasFailed: ({ context }) => context.error !== null,
  },
  actions: {
    recordTrouble: assign({
      troubles: ({ context, event }) =>
        event.type === 'child.escalated'
          ? { ...context.troubles, [event.child]: event.why }
          : context.troubles,
    }),
    clearTrouble: assign({
      troubles: ({ context, event }) => {
        if (event.type !== 'child.healed') return context.troubles;
        const { [event.child]: _healed, ...rest } = context.troubles;
        return rest;
      },
    }),
    recordMode: assign({
      mode: ({ context, event }) => (event.type === 'stop.requested' ? event.mode : context.mode),
    }),
    recordError: assign({
      error: ({ context, event }) =>
        event.type === 'start.failed' || event.type === 'reading.gaveUp' ? event.error : context.error,
    }),
    /** Open connections, create the group, probe, set up keyspace events; answered by `start.prepared` or `start.failed`. */
    prepare: () => {},
    /** Start lease keeper, reconciler and subscription; the keeper answers with `lease.verified`. */
    startChildren: () => {},
    startIntake: () => {},
    /**
     * Nothing becomes ours any more: what is being read, acquired or adopted is not handed to the application, and a verification that
     * finds what it does not know leaves it to the drain.
     */
    endAssignment: () => {},
    /** Stop reading, then finish or hand over; answered by `drained`. */
    drain: () => {},
    hardenDrain: () => {},
  },
}).createMachine({
  id: 'consumer',
  initial: 'idle',
  context: { troubles: {}, mode: 'finish', error: null },
  on: {
    'child.escalated': { actions: 'recordTrouble' },
    'child.healed': { actions: 'clearTrouble' },
  },
  states: {
    idle: {
      on: {
        start: 'starting',
        'stop.requested': { target: 'stopped', actions: 'recordMode' },
      },
    },
    starting: {
      entry: 'prepare',
      on: {
        'start.prepared': 'recovering',
        'start.failed': { target: 'failed', actions: 'recordError' },
        'stop.requested': { target: 'draining', actions: 'recordMode' },
      },
    },
    recovering: {
      entry: 'startChildren',
      on: {
        'lease.verified': [
          { target: 'degraded', guard: 'isInTrouble', actions: 'startIntake' },
          { target: 'running', actions: 'startIntake' },
        ],
        'start.failed': { target: 'draining', actions: 'recordError' },
        'stop.requested': { target: 'draining', actions: 'recordMode' },
      },
    },
    running: {
      on: {
        'child.escalated': { target: 'degraded', actions: 'recordTrouble' },
        'reading.gaveUp': { target: 'draining', actions: 'recordError' },
        'stop.requested': { target: 'draining', actions: 'recordMode' },
      },
    },
    degraded: {
      on: {
        'child.healed': [
          { target: 'running', guard: 'isLastTrouble', actions: 'clearTrouble' },
          { actions: 'clearTrouble' },
        ],
        'reading.gaveUp': { target: 'draining', actions: 'recordError' },
        'stop.requested': { target: 'draining', actions: 'recordMode' },
      },
    },
    draining: {
      entry: ['endAssignment', 'drain'],
      on: {
        'stop.requested': { guard: 'isHarder', actions: ['recordMode', 'hardenDrain'] },
        drained: [{ target: 'failed', guard: 'hasFailed' }, { target: 'stopped' }],
      },
    },
    stopped: { type: 'final' },
    failed: { type: 'final' },
  },
});
