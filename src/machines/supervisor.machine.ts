/**
 * Decides what happens when a child fails: OTP's one-for-one. Each child has a spec; a failed child is restarted alone, after a
 * back-off with jitter. The machine runs no timers: whoever provides `carryOut` times the restarts.
 *
 * supervising  Children start, fail and are restarted. A child that failed more than maxRestarts times within withinMs is
 *              escalated (once): it is no longer expected to come back soon, and whoever stands above
 *              decides what that means. It goes on being restarted, at its longest delay, and when it has been well for withinMs
 *              (`child.steady`) or, running, says so itself (`child.healthy`), it is healed (action `heal`). One that is missed from
 *              the start is escalated before it has used its restarts up (`child.distressed`, action `escalate`). An escalated child
 *              that is dismissed is healed as well: nobody misses it any more. What is said of an unknown child is ignored.
 *              Left by `stop`.
 * stopped      Final: nothing is restarted any more.
 *
 * A permanent child that ends without an error has failed: it should not have ended.
 *
 * Invariants: a temporary child is never restarted, nor a transient one that ended without an error. A child that is known when
 * it is started keeps its history: what was escalated stays so until it is healed. Every failure is kept, the latest `keep` of
 * them.
 */
import { assign, setup } from 'xstate';
import type { ErrorFact } from './facts.js';
import type { ChildRecord, ChildSpec, Failure } from './standing.js';

export interface SupervisorInput {
  /** How many failures are kept. */
  readonly keep: number;
}

export interface SupervisorContext extends SupervisorInput {
  readonly children: Readonly<Record<string, ChildRecord>>;
  readonly failures: readonly Failure[];
  readonly verdict: Verdict | null;
}

export type SupervisorEvent =
  | { type: 'child.started'; spec: ChildSpec }
  | { type: 'child.failed'; child: string; error: ErrorFact; at: number; chance: number }
  /** It ended without an error. */
  | { type: 'child.ended'; child: string; at: number; chance: number }
  | { type: 'child.restarted'; child: string }
  | { type: 'child.steady'; child: string }
  | { type: 'child.healthy'; child: string }
  /** It is missed already, however few its failures: escalate it now. */
  | { type: 'child.distressed'; child: string; why: string }
  /** Something that is no child of ours failed: kept, and nothing else. */
  | { type: 'failure.noted'; child: string; error: ErrorFact; at: number }
  /** It is not wanted any more. */
  | { type: 'child.dismissed'; child: string }
  | { type: 'stop' };

/** Which option of a spec is wrong, or undefined. */
export function problemOf(spec: ChildSpec): string | undefined {
  if (spec.id === '') return 'expected a child spec to have a non-empty id';
  for (const name of ['maxRestarts', 'withinMs', 'backoffMs', 'maxBackoffMs'] as const) {
    if (!Number.isFinite(spec[name]) || spec[name] < 0) {
      return `expected ${name} of child ${spec.id} to be a number from 0 up, got: ${spec[name]}`;
    }
  }
  if (spec.maxBackoffMs < spec.backoffMs) {
    return `expected maxBackoffMs of child ${spec.id} to be at least backoffMs (${spec.backoffMs}), got: ${spec.maxBackoffMs}`;
  }
  return undefined;
}

/** What the last failure or end of a child leads to; carried out by action `carryOut`. Takes the place of the one before it. */
export interface Verdict {
  readonly child: string;
  /** What to keep and tell; null when the child ended as it may. */
  readonly failure: Failure | null;
  /** In how many milliseconds to start it again; null: never. */
  readonly restartInMs: number | null;
  /** Whether this is the failure that went over the limit. */
  readonly escalates: boolean;
}

type Ended = Extract<SupervisorEvent, { type: 'child.failed' | 'child.ended' }>;

const endedUnasked: ErrorFact = { code: 'EndedUnasked', message: 'ended without an error, but is permanent' };

/** The wall clock may jump: what is far ahead of now is as old as what is far behind it. */
function isWithin(ms: number, time: number, now: number): boolean {
  return Math.abs(now - time) < ms;
}

function errorOf(spec: ChildSpec, event: Ended): ErrorFact | null {
  if (event.type === 'child.failed') return event.error;
  return spec.restart === 'permanent' ? endedUnasked : null;
}

function judge(record: ChildRecord, event: Ended): { record: ChildRecord; verdict: Verdict } {
  const { spec } = record;
  const error = errorOf(spec, event);
  const recent = record.failedAt.filter((time) => isWithin(spec.withinMs, time, event.at));
  const failedAt = error ? [...recent, event.at] : recent;
  const isOver = failedAt.length > spec.maxRestarts;
  const isWanted = spec.restart !== 'temporary' && error !== null;
  const doublings = Math.min(Math.max(0, failedAt.length - 1), 16);
  const backoff = isOver ? spec.maxBackoffMs : Math.min(spec.maxBackoffMs, spec.backoffMs * 2 ** doublings);
  const restartInMs = isWanted ? Math.round(backoff * (0.5 + event.chance / 2)) : null;
  return {
    record: {
      ...record,
      failedAt,
      status: isWanted ? 'restarting' : 'ended',
      escalated: record.escalated || isOver,
    },
    verdict: {
      child: spec.id,
      failure: error && { child: spec.id, error, at: event.at, count: failedAt.length, restartInMs },
      restartInMs,
      escalates: isOver && !record.escalated,
    },
  };
}

/** Own properties only: a child may be called `constructor`. */
function find(context: SupervisorContext, id: string): ChildRecord | undefined {
  return Object.hasOwn(context.children, id) ? context.children[id] : undefined;
}

/** It was escalated, and runs. */
function isMissed(context: SupervisorContext, id: string): boolean {
  const record = find(context, id);
  return record?.escalated === true && record.status === 'running';
}

function latest(failures: readonly Failure[], keep: number): readonly Failure[] {
  return failures.slice(Math.max(0, failures.length - keep));
}

function replace(context: SupervisorContext, id: string, record: ChildRecord) {
  return { ...context.children, [id]: record };
}

export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    input: {} as SupervisorInput,
  },
  guards: {
    isKnown: ({ context, event }) => 'child' in event && find(context, event.child) !== undefined,
    isSteady: ({ context, event }) => event.type === 'child.steady' && isMissed(context, event.child),
    isHealthyAgain: ({ context, event }) => event.type === 'child.healthy' && isMissed(context, event.child),
    isCalm: ({ context, event }) => 'child' in event && find(context, event.child)?.escalated === false,
    isEscalated: ({ context, event }) => 'child' in event && find(context, event.child)?.escalated === true,
  },
  actions: {
    addChild: assign({
      children: ({ context, event }) =>
        event.type === 'child.started'
          ? replace(context, event.spec.id, {
              failedAt: [],
              restarts: 0,
              escalated: false,
              ...find(context, event.spec.id),
              spec: event.spec,
              status: 'running',
            })
          : context.children,
    }),
    judge: assign(({ context, event }) => {
      if (event.type !== 'child.failed' && event.type !== 'child.ended') return {};
      const before = find(context, event.child);
      if (before === undefined) return {};
      const { record, verdict } = judge(before, event);
      return {
        verdict,
        children: replace(context, event.child, record),
        failures: verdict.failure
          ? latest([...context.failures, verdict.failure], context.keep)
          : context.failures,
      };
    }),
    recordRestart: assign({
      children: ({ context, event }) => {
        const record = event.type === 'child.restarted' ? find(context, event.child) : undefined;
        return record
          ? replace(context, record.spec.id, { ...record, status: 'running', restarts: record.restarts + 1 })
          : context.children;
      },
    }),
    recordHealed: assign({
      children: ({ context, event }) => {
        const record = 'child' in event ? find(context, event.child) : undefined;
        return record
          ? replace(context, record.spec.id, { ...record, escalated: false, failedAt: [] })
          : context.children;
      },
    }),
    recordDistress: assign({
      children: ({ context, event }) => {
        const record = event.type === 'child.distressed' ? find(context, event.child) : undefined;
        return record ? replace(context, record.spec.id, { ...record, escalated: true }) : context.children;
      },
    }),
    recordNote: assign({
      failures: ({ context, event }) =>
        event.type === 'failure.noted'
          ? latest(
              [
                ...context.failures,
                { child: event.child, error: event.error, at: event.at, count: 1, restartInMs: null },
              ],
              context.keep,
            )
          : context.failures,
    }),
    removeChild: assign({
      children: ({ context, event }) => {
        if (event.type !== 'child.dismissed') return context.children;
        const { [event.child]: _dismissed, ...rest } = context.children;
        return rest;
      },
    }),
    /** Do what context.verdict says: tell the failure, time the restart (in place of one that is timed already), escalate. */
    carryOut: () => {},
    /** Tell of `event.child`, and why. */
    escalate: () => {},
    /** Take the escalation of `event.child` back. */
    heal: () => {},
  },
}).createMachine({
  id: 'supervisor',
  initial: 'supervising',
  context: ({ input }) => ({ ...input, children: {}, failures: [], verdict: null }),
  states: {
    supervising: {
      on: {
        'child.started': { actions: 'addChild' },
        'child.failed': { guard: 'isKnown', actions: ['judge', 'carryOut'] },
        'child.ended': { guard: 'isKnown', actions: ['judge', 'carryOut'] },
        'child.restarted': { actions: 'recordRestart' },
        'child.steady': { guard: 'isSteady', actions: ['recordHealed', 'heal'] },
        'child.healthy': { guard: 'isHealthyAgain', actions: ['recordHealed', 'heal'] },
        'child.distressed': { guard: 'isCalm', actions: ['recordDistress', 'escalate'] },
        'failure.noted': { actions: 'recordNote' },
        'child.dismissed': [
          { guard: 'isEscalated', actions: ['removeChild', 'heal'] },
          { actions: 'removeChild' },
        ],
        stop: 'stopped',
      },
    },
    stopped: { type: 'final' },
  },
});
