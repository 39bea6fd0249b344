/** Recordings written by hand: events for actors, folded through the present machines as they are sent. For tests. */
import { StreamwardenError } from '../core/errors.js';
import { Fold } from './fold.js';
import { type EndStatus, type EventLine, FORMAT, FORMAT_VERSION, type Line } from './format.js';
import { type Json, toJson } from './json-safe.js';
import { fingerprintsOf, presentMachines } from './machines.js';
import { stateMachine } from './state-machine.js';
import { diff } from './patch.js';
import type { Recording } from './recording.js';

/** Scenarios happen outside of time. */
const AT = 0;

interface Role {
  readonly path: string;
  readonly machine: string;
  readonly fold: Fold;
}

function effectsOf(fold: Fold): { effects?: string[] } {
  const effects = fold.effects();
  return effects.length === 0 ? {} : { effects: [...effects] };
}

function statusOf(status: string): { status?: EndStatus } {
  return status === 'active' ? {} : { status: status as EndStatus };
}

export class Scenario {
  readonly #name: string;
  readonly #lines: Line[] = [];
  readonly #roles = new Map<string, Role>();
  #role: Role | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Brings an actor to life; what follows is sent to it. One that lives already is spoken to again.
   *
   * @param path what it is called, such as `consumer/ownership/1-0`
   * @param machine id of its machine. @defaultValue the last part of the path that is one
   * @param input what the machine begins with
   * @throws StreamwardenError `InvalidState` when there is no such machine
   */
  actor(path: string, { machine: id, input }: { machine?: string; input?: unknown } = {}): this {
    const known = this.#roles.get(path);
    if (known !== undefined && input === undefined) {
      this.#role = known;
      return this;
    }
    const parts = path.split('/').reverse();
    const machineId = id ?? parts.find((part) => presentMachines.has(part)) ?? path;
    const machine = presentMachines.get(machineId);
    if (machine === undefined) {
      const all = [...presentMachines.keys()].join(', ');
      throw new StreamwardenError(
        'InvalidState',
        `expected the machine of ${path} to be one of ${all}, got: ${machineId}`,
      );
    }
    const given = input === undefined ? undefined : toJson(input);
    const fold = Fold.spawn(stateMachine(machine), given);
    this.#role = { path, machine: machineId, fold };
    this.#roles.set(path, this.#role);
    this.#lines.push({
      kind: 'spawn',
      seq: this.#lines.length,
      at: AT,
      actor: path,
      machine: machineId,
      ...(given === undefined ? {} : { input: given }),
      state: fold.state,
      context: fold.context,
      ...effectsOf(fold),
      ...statusOf(fold.status),
    });
    return this;
  }

  /** Delivers events to the actor spoken to. @throws StreamwardenError `InvalidState` when there is none, or when it has ended */
  send(...events: (string | { readonly type: string })[]): this {
    for (const event of events) this.#deliver(typeof event === 'string' ? { type: event } : event);
    return this;
  }

  /** The actor that it invoked answers. */
  answer(invoked: string, output?: unknown): this {
    return this.send({ type: `xstate.done.actor.${invoked}`, output, actorId: invoked } as { type: string });
  }

  /** The actor that it invoked fails. */
  fail(invoked: string, error: unknown): this {
    return this.send({ type: `xstate.error.actor.${invoked}`, error, actorId: invoked } as { type: string });
  }

  /**
   * A timer of it runs out.
   * @param delay name of the delay, such as `retryDelay`
   * @throws StreamwardenError `InvalidState` when no such timer runs where it stands
   */
  elapse(delay: string): this {
    const { path, fold } = this.#spokenTo();
    const timers = fold.nodes.flatMap((node) =>
      node.ownEvents.filter((type) => type.startsWith('xstate.after.')),
    );
    const type = timers.find((timer) => timer.startsWith(`xstate.after.${delay}.`));
    if (type === undefined) {
      const running = timers.map((timer) => timer.split('.')[2]).join(', ') || 'none';
      throw new StreamwardenError(
        'InvalidState',
        `expected a timer ${delay} of ${path} to run, got: ${running}`,
      );
    }
    return this.send({ type });
  }

  /** What has been told so far. */
  recording(): Recording {
    const events = this.#lines.filter(({ kind }) => kind === 'event').length;
    return {
      header: {
        kind: 'header',
        format: FORMAT,
        version: FORMAT_VERSION,
        package: 'scenario',
        service: this.#name,
        consumer: this.#name,
        startedAt: AT,
        why: 'scenario',
        machines: fingerprintsOf(presentMachines),
      },
      lines: [
        ...this.#lines,
        { kind: 'end', seq: this.#lines.length, at: AT, why: 'scenario', events, lost: 0 },
      ],
      file: null,
      cut: null,
    };
  }

  #spokenTo(): Role {
    if (this.#role === undefined) {
      throw new StreamwardenError(
        'InvalidState',
        'expected actor() to be called first, got: nobody to send to',
      );
    }
    return this.#role;
  }

  #deliver(event: { readonly type: string }): void {
    const { path, machine, fold } = this.#spokenTo();
    if (fold.status !== 'active') {
      throw new StreamwardenError(
        'InvalidState',
        `expected ${path} to live, got: ${event.type} after its end (${fold.status})`,
      );
    }
    const before: Json = fold.context;
    const recorded = toJson(event) as EventLine['event'];
    fold.deliver(recorded);
    const patch = diff(before, fold.context);
    this.#lines.push({
      kind: 'event',
      seq: this.#lines.length,
      at: AT,
      actor: path,
      machine,
      event: recorded,
      state: fold.state,
      ...(patch.length === 0 ? {} : { patch }),
      ...effectsOf(fold),
      ...statusOf(fold.status),
    });
  }
}

/** Begins a recording that is written by hand. */
export function scenario(name: string): Scenario {
  return new Scenario(name);
}
