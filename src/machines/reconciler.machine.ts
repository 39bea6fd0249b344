/**
 * Finds dead consumers and gives what they held to everyone. Three regions run side by side.
 *
 * work
 *   offline     No connection, or one on which our own lease could not be renewed in time; no timer runs. Entered at the start and, from
 *               anywhere, by `connection.down`; left by `connection.up`.
 *   settling    Nothing is taken. Entered by `connection.up`, and from anywhere but offline by `outage.seen`. Left for waiting as soon as
 *               caution is over, which may be at once.
 *   waiting     Until something is due. A scan, or the next slice of one, when `context.scanDue`; a sweep at once on a hint (an
 *               expired event), else when the last sweep or requeue said: when the presence or lock that runs out first has
 *               run out (timer `sweepDelay`).
 *   scanning    Invokes `scan`: a slice of the pending list, page by page. Then, well or not, a sweep before anything else: a
 *               long list, or a scan that fails, does not hold up the finding of the dead.
 *   sweeping    Invokes `sweep`: who has something pending and no presence? Lists the dead, and says when to look again.
 *               Left for requeueing when some fall to this consumer, else for waiting.
 *   requeueing  Invokes `requeue` for the dead that the sweep found and that fall to this consumer. Left for waiting.
 *   pausing     A sweep or a requeue failed. Timer `retryDelay`, then waiting, with a sweep due (a slice of a scan goes first, so
 *               that a sweep that fails does not hold up the scan either).
 *
 * caution       After an outage everyone looks dead, and every owner must get the chance to renew its lease first. Does not care whether
 *               work is offline: a connection that is lost and made again at once is no outage.
 *   over        Nothing speaks against taking over.
 *   taken       Everyone may have missed beats. Entered by `outage.seen`, and by `connection.up` after more than a quarter heartbeat
 *               without a connection, or to another server. Timer `settleDelay`, a little more than a heartbeat, which every further
 *               sign begins anew, but no more than three times in a row: whoever has not come back by then has had several chances. A row ends
 *               when work leaves settling, and with a sign that is none of it: a connection after such a time, or to another server when
 *               caution is over. It does not end when the timer runs out while there is no connection: where connections are cut all the
 *               time, and take a while to be made again, nothing would be taken over ever.
 *
 * timer         Makes the scan due, whatever work is doing; the connection does not matter.
 *   stopped     It has run out, or no scan has ended yet (the first one is due at once).
 *   running     Entered anew whenever a scan has been finished (`scan.finished`). Timer `scanDelay`, jittered anew each time.
 *   retrying    Entered when a slice failed (`scan.failed`). Timer `scanRetryDelay`; the scan goes on where it was.
 *
 * Why a quarter: when a connection is lost presence stands for another half heartbeat at least, as everyone renews it every half. Delays
 * between attempts to connect double, so whoever lost its connection with ours is back after about twice the time that we needed.
 *
 * Invariants: at most one of sweep, scan and requeue runs at a time, and none while caution is taken. A hint that comes meanwhile is kept
 * (context.hinted), and so is the wish for a scan that comes during one (context.scanAgain). An answer that comes after its state
 * was left changes nothing. After an outage the scan begins at the beginning; after a new connection alone it goes on. Whenever what had
 * begun is suspended, context.suspended says since when and why.
 */
import { and, assign, fromPromise, or, raise, setup, stateIn } from 'xstate';
import { type ErrorFact, factOf } from './facts.js';
import type { ScanFigures, Suspension } from './standing.js';

export interface SweepOutput {
  /** The dead whose streams this consumer is to requeue now. */
  readonly dead: readonly string[];
  /** When to sweep again, in milliseconds from now. */
  readonly nextMs: number;
}

export interface RequeueOutput {
  readonly requeued: number;
  readonly deadLettered: number;
  /** Entries whose lock still stands. */
  readonly locked: number;
  /** When to look again, in milliseconds from now. */
  readonly nextMs: number;
}

/** One slice of a scan. */
export interface ScanOutput extends ScanFigures {
  /** Where the next slice begins; null when the whole list has been walked. */
  readonly cursor: string | null;
  /** A number in [0, 1) that decides the jitter of the next scan. */
  readonly chance: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export interface ReconcilerInput {
  readonly heartbeatMs: number;
  readonly reconcileEveryMs: number;
  readonly reconcileJitter: number;
}

export interface ReconcilerContext extends ReconcilerInput {
  readonly dead: readonly string[];
  readonly sweepMs: number;
  /** A sweep is due at once: a hint came, or the last attempt failed. */
  readonly hinted: boolean;
  /** A scan, or the next slice of one, is due as soon as nothing else is under way. */
  readonly scanDue: boolean;
  /** A scan was asked for after the one under way had begun. */
  readonly scanAgain: boolean;
  readonly scanMs: number;
  readonly scans: number;
  readonly sweeps: number;
  /** Failed sweeps and requeues in a row. */
  readonly failures: number;
  /** Failed slices of a scan in a row. */
  readonly scanFailures: number;
  /** Where the scan under way goes on; null: at the beginning. */
  readonly cursor: string | null;
  /** Figures of the slices of the scan under way. */
  readonly soFar: ScanFigures;
  /** Figures of the last whole scan. */
  readonly lastScan: (ScanFigures & { readonly at: number }) | null;
  /** Signs of an outage in a row: since something could be taken last. */
  readonly outages: number;
  /** Null while nothing is suspended, and before anything has begun. */
  readonly suspended: Suspension | null;
  /** Of the latest attempt that failed; null when both sweep and scan have succeeded since. */
  readonly lastError: ErrorFact | null;
}

export type ReconcilerEvent =
  /** `outageMs`: for how long there was none, in milliseconds; null: nobody knows, as it is the first, or leads to another server. */
  | { type: 'connection.up'; outageMs: number | null; at: number }
  | { type: 'connection.down'; why: string; at: number }
  /** Everyone may have missed beats: ours were missed, or our presence had lapsed. */
  | { type: 'outage.seen'; why: string; at: number }
  /** Something suggests that a consumer has died: an expired presence or lock. */
  | { type: 'hint' }
  | { type: 'scan.requested' }
  | { type: 'scan.finished' }
  | { type: 'scan.failed' };

/** A little more than a heartbeat, so that every living owner has had time to beat. */
export const SETTLING_HEARTBEATS = 1.1;
/** So often a sign of an outage begins caution anew before it has been over. */
const MOST_OUTAGES = 4;

const nothing: ScanFigures = { pending: 0, lockAlive: 0, requeued: 0, deadLettered: 0, tookMs: 0 };

function add(a: ScanFigures, b: ScanFigures): ScanFigures {
  return {
    pending: a.pending + b.pending,
    lockAlive: a.lockAlive + b.lockAlive,
    requeued: a.requeued + b.requeued,
    deadLettered: a.deadLettered + b.deadLettered,
    tookMs: a.tookMs + b.tookMs,
  };
}

function sweepWorks(context: ReconcilerContext) {
  return { failures: 0, lastError: context.scanFailures > 0 ? context.lastError : null };
}

function scanWorks(context: ReconcilerContext) {
  return { scanFailures: 0, lastError: context.failures > 0 ? context.lastError : null };
}

/** Within `and` and `or` an event may be any. */
function wasAwayFor(any: { readonly type: string }, isThat: (outageMs: number | null) => boolean): boolean {
  const event = any as ReconcilerEvent;
  return event.type === 'connection.up' && isThat(event.outageMs);
}

function settleMs({ heartbeatMs }: ReconcilerContext): number {
  return heartbeatMs * SETTLING_HEARTBEATS;
}

/** 100 ms after the first failure, doubling up to a heartbeat. */
function retryDelay(context: ReconcilerContext, failures: number): number {
  return Math.min(context.heartbeatMs, 50 * 2 ** Math.min(failures, 10));
}

export const reconcilerMachine = setup({
  types: {
    context: {} as ReconcilerContext,
    events: {} as ReconcilerEvent,
    input: {} as ReconcilerInput,
  },
  actors: {
    sweep: fromPromise<SweepOutput>(() => Promise.reject(new Error('not provided: sweep'))),
    requeue: fromPromise<RequeueOutput, { dead: readonly string[] }>(() =>
      Promise.reject(new Error('not provided: requeue')),
    ),
    scan: fromPromise<ScanOutput, { cursor: string | null }>(() =>
      Promise.reject(new Error('not provided: scan')),
    ),
  },
  delays: {
    settleDelay: ({ context }) => settleMs(context),
    sweepDelay: ({ context }) => Math.max(0, context.sweepMs),
    scanDelay: ({ context }) => context.scanMs,
    retryDelay: ({ context }) => retryDelay(context, context.failures),
    scanRetryDelay: ({ context }) => retryDelay(context, context.scanFailures),
  },
  guards: {
    isOutage: ({ context, event }) =>
      event.type === 'connection.up' && (event.outageMs === null || event.outageMs > context.heartbeatMs / 4),
    isPatient: ({ context }) => context.outages < MOST_OUTAGES,
    isPatientOutage: and(['isOutage', 'isPatient']),
    isCautionOver: stateIn({ caution: 'over' }),
    isSeparateOutage: or([
      ({ context, event }) =>
        wasAwayFor(event, (outageMs) => outageMs !== null && outageMs > settleMs(context)),
      and([({ event }) => wasAwayFor(event, (outageMs) => outageMs === null), 'isCautionOver']),
    ]),
    isHinted: ({ context }) => context.hinted,
    isScanDue: ({ context }) => context.scanDue,
    hasDead: (_, params: SweepOutput) => params.dead.length > 0,
    hasMore: (_, params: ScanOutput) => params.cursor !== null,
  },
  actions: {
    recordOutage: assign({ outages: ({ context }) => context.outages + 1 }),
    recordSeparateOutage: assign({ outages: 1 }),
    forgetOutages: assign({ outages: 0 }),
    suspend: assign({
      suspended: ({ context, event }) =>
        'why' in event ? { since: context.suspended?.since ?? event.at, why: event.why } : context.suspended,
    }),
    resume: assign({ suspended: null }),
    keepHint: assign({ hinted: true }),
    makeScanDue: assign({ scanDue: true }),
    requestScan: assign({ scanDue: true, scanAgain: true }),
    /** What was seen before the outage is of no use any more. */
    forgetScan: assign({ scanDue: true, cursor: null, soFar: nothing }),
    beginSweep: assign({ hinted: false, sweeps: ({ context }) => context.sweeps + 1 }),
    beginSlice: assign({ scanAgain: ({ context }) => context.scanAgain && context.cursor !== null }),
    // Finding the dead is half of it: only when there are none, or they have been requeued, has the attempt succeeded.
    recordSweep: assign(({ context }, params: SweepOutput) => ({
      dead: params.dead,
      sweepMs: params.nextMs,
      ...(params.dead.length === 0 ? sweepWorks(context) : {}),
    })),
    recordRequeue: assign(({ context }, params: RequeueOutput) => ({
      dead: [],
      sweepMs: params.nextMs,
      ...sweepWorks(context),
    })),
    recordSlice: assign(({ context }, params: ScanOutput) => ({
      cursor: params.cursor,
      soFar: add(context.soFar, params),
      ...scanWorks(context),
    })),
    recordScan: assign(({ context }, params: ScanOutput) => ({
      cursor: null,
      scanDue: context.scanAgain,
      scans: context.scans + 1,
      soFar: nothing,
      lastScan: { ...add(context.soFar, params), at: params.at },
      scanMs: context.reconcileEveryMs * (1 + context.reconcileJitter * params.chance),
      ...scanWorks(context),
    })),
    recordFailure: assign({
      failures: ({ context }) => context.failures + 1,
      lastError: (_, params: { error: unknown }) => factOf(params.error),
    }),
    recordScanFailure: assign({
      scanDue: false,
      scanFailures: ({ context }) => context.scanFailures + 1,
      lastError: (_, params: { error: unknown }) => factOf(params.error),
    }),
    announceScanFinished: raise({ type: 'scan.finished' }),
    announceScanFailed: raise({ type: 'scan.failed' }),
    /** As in the lease keeper. */
    report: (_, _params: { error: unknown; doing: string }) => {},
  },
}).createMachine({
  id: 'reconciler',
  type: 'parallel',
  context: ({ input }) => ({
    ...input,
    dead: [],
    sweepMs: 0,
    hinted: false,
    scanDue: true,
    scanAgain: false,
    scanMs: input.reconcileEveryMs,
    scans: 0,
    sweeps: 0,
    failures: 0,
    scanFailures: 0,
    cursor: null,
    soFar: nothing,
    lastScan: null,
    outages: 0,
    suspended: null,
    lastError: null,
  }),
  states: {
    timer: {
      initial: 'stopped',
      on: {
        'scan.finished': '.running',
        'scan.failed': '.retrying',
      },
      states: {
        stopped: {},
        running: { after: { scanDelay: { target: 'stopped', actions: 'makeScanDue' } } },
        retrying: { after: { scanRetryDelay: { target: 'stopped', actions: 'makeScanDue' } } },
      },
    },
    caution: {
      initial: 'over',
      on: {
        'connection.up': [
          { guard: 'isSeparateOutage', target: '.taken', actions: 'recordSeparateOutage' },
          { guard: 'isPatientOutage', target: '.taken', actions: 'recordOutage' },
        ],
        'outage.seen': { guard: 'isPatient', target: '.taken', actions: 'recordOutage' },
      },
      states: {
        over: {},
        taken: { after: { settleDelay: 'over' } },
      },
    },
    work: {
      initial: 'offline',
      on: {
        'connection.up': { guard: 'isOutage', target: '.settling', actions: 'forgetScan' },
        'connection.down': { target: '.offline', actions: 'suspend' },
        'outage.seen': { target: '.settling', actions: ['forgetScan', 'suspend'] },
        hint: { actions: 'keepHint' },
        'scan.requested': { actions: 'requestScan' },
      },
      states: {
        offline: {
          on: {
            'connection.up': [
              { guard: 'isOutage', target: 'settling', actions: 'forgetScan' },
              { target: 'settling' },
            ],
            'outage.seen': { actions: ['forgetScan', 'suspend'] },
            // Nothing was going on.
            'connection.down': {},
          },
        },
        settling: {
          always: { guard: 'isCautionOver', target: 'waiting', actions: ['resume', 'forgetOutages'] },
        },
        waiting: {
          always: [
            { guard: 'isScanDue', target: 'scanning' },
            { guard: 'isHinted', target: 'sweeping' },
          ],
          after: { sweepDelay: 'sweeping' },
        },
        sweeping: {
          entry: 'beginSweep',
          invoke: {
            id: 'sweep',
            src: 'sweep',
            onDone: [
              {
                guard: { type: 'hasDead', params: ({ event }) => event.output },
                target: 'requeueing',
                actions: { type: 'recordSweep', params: ({ event }) => event.output },
              },
              { target: 'waiting', actions: { type: 'recordSweep', params: ({ event }) => event.output } },
            ],
            onError: {
              target: 'pausing',
              actions: [
                'keepHint',
                { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) },
                { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'sweep' }) },
              ],
            },
          },
        },
        requeueing: {
          invoke: {
            id: 'requeue',
            src: 'requeue',
            input: ({ context }) => ({ dead: context.dead }),
            onDone: {
              target: 'waiting',
              actions: { type: 'recordRequeue', params: ({ event }) => event.output },
            },
            onError: {
              target: 'pausing',
              actions: [
                'keepHint',
                { type: 'recordFailure', params: ({ event }) => ({ error: event.error }) },
                { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'requeue' }) },
              ],
            },
          },
        },
        scanning: {
          entry: 'beginSlice',
          invoke: {
            id: 'scan',
            src: 'scan',
            input: ({ context }) => ({ cursor: context.cursor }),
            onDone: [
              {
                guard: { type: 'hasMore', params: ({ event }) => event.output },
                target: 'sweeping',
                actions: { type: 'recordSlice', params: ({ event }) => event.output },
              },
              {
                target: 'sweeping',
                actions: [
                  { type: 'recordScan', params: ({ event }) => event.output },
                  'announceScanFinished',
                ],
              },
            ],
            onError: {
              target: 'sweeping',
              actions: [
                { type: 'recordScanFailure', params: ({ event }) => ({ error: event.error }) },
                { type: 'report', params: ({ event }) => ({ error: event.error, doing: 'scan' }) },
                'announceScanFailed',
              ],
            },
          },
        },
        pausing: { after: { retryDelay: 'waiting' } },
      },
    },
  },
});
