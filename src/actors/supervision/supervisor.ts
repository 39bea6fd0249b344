/** Starts children by their specs, restarts those that fail, and tells when one is beyond its limits. Runs the supervisor machine. */
import type { Actor } from 'xstate';
import type { Timer } from '../../core/clock.js';
import { messageOf, StreamwardenError } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { type ErrorFact, factOf } from '../../machines/facts.js';
import type { ChildSpec } from '../../machines/standing.js';
import { problemOf, supervisorMachine } from '../../machines/supervisor.machine.js';
import { startActor } from '../host.js';
import type { Kernel } from '../kernel.js';
import { FailureLog } from './failure-log.js';

/** How many failures are kept. */
const KEEP = 100;

/** A running child. */
export interface Child {
  /** Ends it. After this it reports nothing any more. */
  stop(): void;
}

export interface ChildEnd {
  failed(error: unknown): void;
  ended(): void;
}

export type StartChild = (end: ChildEnd) => Child;

export interface SupervisorHooks {
  escalated(child: string, why: string): void;
  healed(child: string): void;
}

/** What is kept of an error is shown to people: no credentials. */
function shown(error: unknown): ErrorFact {
  const { code, message } = factOf(error);
  return { code, message: redact(message) };
}

interface Entry {
  readonly spec: ChildSpec;
  readonly start: StartChild;
  child: Child | undefined;
  timer: Timer | undefined;
  /** Counts starts, so that a late report of an earlier life is not taken for one of this. */
  life: number;
}

export class Supervisor {
  readonly #kernel: Kernel;
  readonly #actor: Actor<typeof supervisorMachine>;
  readonly #entries = new Map<string, Entry>();
  readonly #log: FailureLog;
  #isStopped = false;

  constructor(kernel: Kernel, hooks: SupervisorHooks) {
    this.#kernel = kernel;
    this.#log = new FailureLog(kernel.logger, kernel.clock);
    const escalate = (child: string, why: string) => {
      kernel.seam.emit('childEscalated', { child, why });
      hooks.escalated(child, why);
    };
    const machine = supervisorMachine.provide({
      actions: {
        carryOut: ({ context }) => {
          const { verdict } = context;
          if (verdict === null) return;
          const { child, failure, restartInMs, escalates } = verdict;
          if (failure) {
            const { code, message } = failure.error;
            this.#log.failed(failure);
            kernel.seam.emit('childFailed', { child, code, message, restartInMs });
          }
          if (restartInMs !== null) this.#restartIn(child, restartInMs);
          if (escalates && failure) {
            escalate(child, `${failure.error.code}: ${failure.error.message}`);
          }
        },
        escalate: ({ event }) => {
          if (event.type === 'child.distressed') escalate(event.child, event.why);
        },
        heal: ({ event }) => {
          if (!('child' in event)) return;
          kernel.seam.emit('childHealed', { child: event.child });
          hooks.healed(event.child);
        },
      },
    });
    this.#actor = startActor(kernel, machine, {
      path: 'supervisor',
      input: { keep: KEEP },
      onError: (error) => kernel.logger.error({ error: messageOf(error) }, 'the supervisor failed'),
    });
  }

  get context() {
    return this.#actor.getSnapshot().context;
  }

  /** @throws StreamwardenError `InvalidState` when the spec is wrong or the id is taken */
  start(spec: ChildSpec, start: StartChild): void {
    const problem =
      problemOf(spec) ?? (this.#entries.has(spec.id) ? `a child ${spec.id} is there already` : undefined);
    if (problem !== undefined) throw new StreamwardenError('InvalidState', problem);
    const entry: Entry = { spec, start, child: undefined, timer: undefined, life: 0 };
    this.#entries.set(spec.id, entry);
    this.#actor.send({ type: 'child.started', spec });
    this.#begin(entry);
  }

  /** It says of itself that it is well again. */
  healthy(child: string): void {
    this.#log.over(child);
    this.#actor.send({ type: 'child.healthy', child });
  }

  /** It is missed already: escalated at once, whatever its limits. */
  distressed(child: string, error: unknown): void {
    const { code, message } = shown(error);
    this.#actor.send({ type: 'child.distressed', child, why: `${code}: ${message}` });
  }

  /** Keeps the failure of something that is no child and is not started again. */
  record(id: string, error: unknown): void {
    this.#actor.send({ type: 'failure.noted', child: id, error: shown(error), at: this.#kernel.clock.now() });
  }

  /** Starts it anew at once: it waits for its time, or is at an attempt that began before things changed. */
  renew(child: string): void {
    const entry = this.#entries.get(child);
    if (entry === undefined || this.#isStopped) return;
    const isWaiting = entry.child === undefined;
    this.#end(entry);
    if (isWaiting) this.#actor.send({ type: 'child.restarted', child });
    this.#begin(entry);
  }

  /** Ends one child for good. */
  dismiss(child: string): void {
    const entry = this.#entries.get(child);
    if (entry === undefined) return;
    this.#entries.delete(child);
    this.#end(entry);
    this.#actor.send({ type: 'child.dismissed', child });
  }

  stop(): void {
    this.#isStopped = true;
    for (const entry of [...this.#entries.values()].reverse()) this.#end(entry);
    this.#entries.clear();
    this.#actor.send({ type: 'stop' });
  }

  #begin(entry: Entry): void {
    entry.life += 1;
    const { life } = entry;
    const isCurrent = () =>
      !this.#isStopped && entry.life === life && this.#entries.get(entry.spec.id) === entry;
    const { clock } = this.#kernel;
    const facts = () => ({ child: entry.spec.id, at: clock.now(), chance: clock.random() });
    const over = (report: () => void) => {
      if (!isCurrent()) return;
      entry.life += 1;
      entry.child = undefined;
      clock.clearTimeout(entry.timer);
      report();
    };
    const end: ChildEnd = {
      failed: (error) =>
        over(() => this.#actor.send({ type: 'child.failed', error: shown(error), ...facts() })),
      ended: () => over(() => this.#actor.send({ type: 'child.ended', ...facts() })),
    };
    try {
      const child = entry.start(end);
      // It may have failed while it was being started.
      if (!isCurrent()) {
        child.stop();
        return;
      }
      entry.child = child;
      const { id, withinMs } = entry.spec;
      entry.timer = clock.setTimeout(() => {
        this.#log.over(id);
        // The timer has measured it: by a wall clock that was set back since, its failures would not be over yet.
        this.#actor.send({ type: 'child.steady', child: id });
      }, withinMs);
    } catch (error) {
      end.failed(error);
    }
  }

  #restartIn(id: string, delayMs: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || this.#isStopped) return;
    entry.timer = this.#kernel.clock.setTimeout(() => {
      this.#actor.send({ type: 'child.restarted', child: id });
      this.#begin(entry);
    }, delayMs);
  }

  #end(entry: Entry): void {
    entry.life += 1;
    this.#kernel.clock.clearTimeout(entry.timer);
    entry.child?.stop();
    entry.child = undefined;
  }
}
