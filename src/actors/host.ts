/** Starts machines as root actors: each with a stable path, the injected clock, and the seam told of it. */
import { type Actor, type AnyActor, type AnyStateMachine, createActor, type InputFrom } from 'xstate';
import type { Clock } from '../core/clock.js';
import type { Seam } from '../core/seam.js';

export interface Host {
  readonly clock: Clock;
  readonly seam: Seam;
}

export interface StartOptions<M extends AnyStateMachine> {
  /** Where it stands below the consumer, such as `consumer/leaseKeeper`. */
  readonly path: string;
  readonly input: InputFrom<M>;
  /** It threw. An actor that throws is stopped by XState. */
  readonly onError: (error: unknown) => void;
  /** It reached a final state. */
  readonly onDone?: () => void;
}

interface ActorTimers {
  setTimeout(fn: (...args: unknown[]) => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

const timers = new WeakMap<Clock, ActorTimers>();

/** A clock in the form that XState takes; one for all actors. */
function timersOf(clock: Clock): ActorTimers {
  let made = timers.get(clock);
  if (made === undefined) {
    made = {
      setTimeout: (fn, ms) => clock.setTimeout(fn, ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    };
    timers.set(clock, made);
  }
  return made;
}

const nothing = () => {};

/** Options of every actor: the injected clock, and no words of XState's on the console. */
export function quiet({ clock }: Host): { clock: ActorTimers; logger: () => void } {
  return { clock: timersOf(clock), logger: nothing };
}

/**
 * The same machine, with its first context made already. XState makes it by an assignment, and where an actor is started within an action of
 * another one, its development build takes that for an action that assigns by hand, and says so on stderr.
 */
function withContext<M extends AnyStateMachine>(machine: M, input: InputFrom<M>): M {
  const { config } = machine;
  const contextOf = config.context as unknown;
  if (typeof contextOf !== 'function') return machine;
  const made = Object.assign(Object.create(machine) as M, {
    config: { ...config, context: contextOf({ input }) as object },
  });
  // Machines bind their methods to themselves.
  const { getInitialSnapshot } = Object.getPrototypeOf(machine) as M;
  return Object.assign(made, { getInitialSnapshot: getInitialSnapshot.bind(made) });
}

/** An event for an actor that has ended is nothing to tell of: that is how races with an end go, and XState's development build tells of each. */
function hearsOnlyWhileActive(actor: AnyActor): void {
  const { send } = actor;
  actor.send = (event) => {
    if (actor.getSnapshot().status === 'active') send(event);
  };
}

export function startActor<M extends AnyStateMachine>(
  host: Host,
  machine: M,
  options: StartOptions<M>,
): Actor<M> {
  const { path, input, onError, onDone } = options;
  const { seam } = host;
  const actor = createActor(withContext(machine, input), {
    id: path,
    input,
    ...quiet(host),
  } as never) as Actor<M>;
  hearsOnlyWhileActive(actor);
  const live = { path, machine: machine.id, actor };
  seam.actorStarted(live);
  actor.subscribe({
    error: (error) => {
      seam.actorEnded(live);
      onError(error);
    },
    complete: () => {
      seam.actorEnded(live);
      onDone?.();
    },
  });
  actor.start();
  return actor;
}

/**
 * The same machine, but one whose actors begin with a copy of one initial snapshot instead of computing it anew: half the cost of an
 * actor, where there are tens of thousands. Right only for a machine whose initial state has no entry action, no invoke and no timer,
 * which is checked.
 */
export function withTemplate<M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  contextOf: (input: InputFrom<M>) => object,
): M {
  const template = createActor(machine, { input } as never).getSnapshot() as object;
  const [, initial] = (
    template as unknown as { _nodes: { entry: unknown[]; invoke: unknown[]; after: unknown[] }[] }
  )._nodes;
  if (initial === undefined || initial.entry.length + initial.invoke.length + initial.after.length > 0) {
    throw new Error(
      `the initial state of ${machine.id} does something on entry: it cannot begin from a template`,
    );
  }
  return Object.assign(Object.create(machine) as M, {
    getInitialSnapshot: (_scope: unknown, given: InputFrom<M>) => ({
      ...template,
      context: contextOf(given),
      children: {},
    }),
  });
}
