/**
 * Many actors of one machine in an XState system that they share: for tens of thousands of them.
 *
 * A root actor brings a system of its own along, 2.3 KB of closures and maps, so the only root here is a parent that hears of each one's end. It
 * must not be a machine: a machine copies the map of its children with each that comes or goes, and is taken down by a child's error. This one
 * keeps nothing and cannot fail.
 */
import { type Actor, type AnyStateMachine, createActor, fromTransition, type InputFrom } from 'xstate';
import { soon } from '../core/microtask.js';
import type { LiveActor } from '../core/seam.js';
import { type Host, quiet } from './host.js';

/** Told of the end of each actor, with what it was started for. */
export interface Endings<T> {
  /** It reached a final state, or was stopped. */
  done(subject: T): void;
  /** It threw. An actor that throws is stopped by XState. */
  failed(subject: T, error: unknown): void;
}

interface Member<M extends AnyStateMachine, T> extends LiveActor {
  readonly actor: Actor<M>;
  readonly subject: T;
}

/** XState's own of a child's end; or ours, `stop`. */
interface ParentEvent {
  readonly type: string;
  /** Path of the child. */
  readonly actorId: string;
  readonly error?: unknown;
}

export class ActorSystem<M extends AnyStateMachine, T> {
  readonly #host: Host;
  readonly #machine: M;
  readonly #endings: Endings<T>;
  readonly #members = new Map<string, Member<M, T>>();
  readonly #parent;

  constructor(host: Host, machine: M, endings: Endings<T>) {
    this.#host = host;
    this.#machine = machine;
    this.#endings = endings;
    const logic = fromTransition((_, event: ParentEvent, { stopChild }) => {
      const member = this.#members.get(event.actorId);
      if (member !== undefined) {
        if (event.type === 'stop') stopChild(member.actor);
        this.#ended(member, event);
      }
      return null;
    }, null);
    this.#parent = createActor(logic, quiet(host)).start();
  }

  /** @param path where it stands below the consumer; of those that live, each has one of its own */
  start(path: string, input: InputFrom<M>, subject: T): Actor<M> {
    const actor = createActor(this.#machine, { id: path, input, parent: this.#parent } as never) as Actor<M>;
    const member = { path, machine: this.#machine.id, actor, subject };
    this.#members.set(path, member);
    this.#host.seam.actorStarted(member);
    return actor.start();
  }

  /** Stops all of them: only their parent may. */
  stop(): void {
    for (const actorId of [...this.#members.keys()]) this.#parent.send({ type: 'stop', actorId });
  }

  #ended(member: Member<M, T>, { type, error }: ParentEvent): void {
    this.#members.delete(member.path);
    this.#host.seam.actorEnded(member);
    try {
      if (type.startsWith('xstate.error.')) this.#endings.failed(member.subject, error);
      else this.#endings.done(member.subject);
    } catch (thrown) {
      // Nobody would hear of the ends that follow, were it thrown here.
      soon(() => {
        throw thrown;
      });
    }
  }
}
