/**
 * Folds events through a machine with `transition()`: nothing is executed, no time passes. What the machine asked for is kept, so that
 * a test can say which timer runs and which actor is invoked, and answer for them.
 *
 * What was asked for is in the words of recordings (`src/replay/effects.ts`): an action that does not see what the step has made of the context ends in a
 * fingerprint of what it saw. So a test that names actions in order notices an assignment that comes too late.
 */
import {
  type AnyStateMachine,
  type InputFrom,
  initialTransition,
  type SnapshotFrom,
  transition,
} from 'xstate';
import { effectOf, type RequestedAction, wordsOfEffects } from '../../../src/replay/effects.js';
import { FORMAT_VERSION } from '../../../src/replay/format.js';

interface Timer {
  readonly delay: number;
  readonly event: { readonly type: string };
}

type Part<M extends AnyStateMachine, K extends string> =
  SnapshotFrom<M> extends Record<K, infer V> ? V : never;

export class Fold<M extends AnyStateMachine> {
  readonly #machine: M;
  #snapshot: SnapshotFrom<M>;
  readonly #timers = new Map<string, Timer>();
  readonly #invoked = new Map<string, unknown>();
  #asked: readonly RequestedAction[] = [];

  constructor(machine: M, input?: InputFrom<M>) {
    this.#machine = machine;
    const [snapshot, actions] = initialTransition(machine, ...([input] as never));
    this.#snapshot = snapshot;
    this.#take(actions as unknown as RequestedAction[]);
  }

  /** Delivers events one after the other; `told` is what the last of them led to. */
  send(...events: Array<{ readonly type: string }>): this {
    for (const event of events) {
      const [snapshot, actions] = transition(this.#machine, this.#snapshot, event as never);
      this.#snapshot = snapshot;
      this.#take(actions as unknown as RequestedAction[]);
    }
    return this;
  }

  /** The invoked actor answers. */
  answer(id: string, output?: unknown): this {
    this.#expectInvoked(id);
    return this.send({ type: `xstate.done.actor.${id}`, output, actorId: id } as never);
  }

  /** The invoked actor fails. */
  fail(id: string, error: unknown): this {
    this.#expectInvoked(id);
    return this.send({ type: `xstate.error.actor.${id}`, error, actorId: id } as never);
  }

  /** The timer of that delay runs out. */
  elapse(delay: string): this {
    const found = [...this.#timers].find(([id]) => id.includes(`.${delay}.`));
    if (!found) throw new Error(`expected a timer ${delay}, got: ${[...this.#timers.keys()].join(', ')}`);
    this.#timers.delete(found[0]);
    return this.send(found[1].event);
  }

  /** Delays in milliseconds of the timers that run, by the names of their delays. */
  get timers(): Record<string, number> {
    return Object.fromEntries(
      [...this.#timers].map(([id, { delay }]) => [id.replace(/^xstate\.after\.(\w+)\..*$/, '$1'), delay]),
    );
  }

  /** Ids of the actors that are invoked. */
  get invoked(): string[] {
    return [...this.#invoked.keys()];
  }

  inputOf(id: string): unknown {
    return this.#invoked.get(id);
  }

  /** Names of the custom actions of the last step, in order; each with a fingerprint of the context that it saw, unless that is the present one. */
  get told(): string[] {
    return this.#words(this.#custom.map(({ params: _, ...action }) => action));
  }

  /** Everything that the last step asked for, in words, in order: actions with their parameters, actors with their input, timers. */
  get asked(): string[] {
    return this.#words(this.#asked);
  }

  paramsOf(action: string): unknown {
    return this.#custom.find(({ type }) => type === action)?.params;
  }

  get value(): Part<M, 'value'> {
    return (this.#snapshot as Record<string, unknown>).value as Part<M, 'value'>;
  }

  get context(): Part<M, 'context'> {
    return (this.#snapshot as Record<string, unknown>).context as Part<M, 'context'>;
  }

  get isOver(): boolean {
    return (this.#snapshot as { status: string }).status === 'done';
  }

  #expectInvoked(id: string): void {
    if (!this.#invoked.has(id))
      throw new Error(`expected ${id} to be invoked, got: ${this.invoked.join(', ')}`);
  }

  get #custom(): readonly RequestedAction[] {
    return this.#asked.filter(({ type }) => !type.startsWith('xstate.'));
  }

  #words(actions: readonly RequestedAction[]): string[] {
    return [
      ...wordsOfEffects(
        actions.flatMap((action) => effectOf(action) ?? []),
        this.context,
        FORMAT_VERSION,
      ),
    ];
  }

  #take(actions: readonly RequestedAction[]): void {
    this.#asked = actions;
    for (const action of actions) {
      const params = action.params as Record<string, unknown> | undefined;
      switch (action.type) {
        case 'xstate.raise':
          if (params?.delay !== undefined) this.#timers.set(String(params.id), params as never);
          break;
        case 'xstate.cancel':
          this.#timers.delete(String(params?.sendId));
          break;
        case 'xstate.spawnChild':
          this.#invoked.set(String(params?.id), params?.input);
          break;
        case 'xstate.stopChild':
          this.#invoked.delete(String(params?.id));
          break;
        default:
      }
    }
  }
}
