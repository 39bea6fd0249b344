/** Starts machines as root actors: each with a stable path, the injected clock, and the seam told of it. */
import { type Actor, type AnyStateMachine, createActor, type InputFrom } from 'xstate';
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

/** XState counts its timers by numbers of its own; any clock with these two will do. */
function timersOf(clock: Clock) {
  return {
    setTimeout: (fn: (...args: unknown[]) => void, ms: number) => clock.setTimeout(fn, ms),
    clearTimeout: (timer: unknown) => clock.clearTimeout(timer),
  };
}

const nothing = () => {};

export function startActor<M extends AnyStateMachine>(
  host: Host,
  machine: M,
  options: StartOptions<M>,
): Actor<M> {
  const { path, onError, onDone } = options;
  const actor = createActor(machine, {
    id: path,
    input: options.input,
    clock: timersOf(host.clock),
    logger: nothing,
  } as never) as Actor<M>;
  host.seam.emit('actorStarted', { path, machine: machine.id, actor });
  const ended = () => host.seam.emit('actorEnded', { path, machine: machine.id });
  actor.subscribe({
    error: (error) => {
      ended();
      onError(error);
    },
    complete: () => {
      ended();
      onDone?.();
    },
  });
  actor.start();
  return actor;
}
