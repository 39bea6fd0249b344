/** Makes messages of steps. Knows of each actor how it was last told to stand: what a late viewer is shown. */
import { type Json, toJson } from '../../replay/json-safe.js';
import type { HeardEvent, Standing, Subject } from '../../replay/tap.js';
import { parentOf, SUPERVISOR } from '../actor-path.js';
import { definitionOf } from './definitions.js';
import { FORMAT_VERSION, type StatelyMessage, type StatelySnapshot } from './format.js';
import type { Begun, Step, Told } from './steps.js';

const ENDED: ReadonlySet<string> = new Set(['done', 'error', 'stopped']);

/** What XState tells an actor that is stopped from outside. */
const STOP = { type: 'xstate.stop' };

/** An actor that viewers have been told of. */
export interface Shown {
  readonly subject: Subject;
  standing: Standing;
}

function snapshotOf({ status, value, context }: Standing): StatelySnapshot {
  return { status, value: toJson(value ?? null), context: toJson(context ?? null) };
}

function outcomeOf({ before, after, threw }: HeardEvent): StatelySnapshot {
  if (threw === undefined) return snapshotOf(after ?? before);
  return { ...snapshotOf(before), status: 'error', error: toJson(threw.error) };
}

function textOf(message: StatelyMessage): string {
  return JSON.stringify(message);
}

export class Teller {
  /** By path. */
  readonly #shown = new Map<string, Shown>();
  #count = 0;

  /** May be walked while steps are told: what begins meanwhile is met too. */
  get shown(): Iterable<Shown> {
    return this.#shown.values();
  }

  /** It lives already. */
  show(subject: Subject, standing: Standing): Shown {
    const shown = { subject, standing };
    // Last, also when it has a path that another one had: whoever walks has still to meet it.
    this.#shown.delete(subject.path);
    this.#shown.set(subject.path, shown);
    return shown;
  }

  /** The message that an actor is there. */
  introduce({ subject, standing }: Shown, at: number): string {
    const { path, machine } = subject;
    const parent = parentOf(path);
    const parentId = parent === null ? undefined : this.#shown.get(parent)?.subject.session;
    return textOf({
      type: '@xstate.actor',
      name: path,
      snapshot: snapshotOf(standing),
      definition: definitionOf(machine),
      ...(parentId === undefined ? {} : { parentId }),
      ...this.#about(subject, at),
    });
  }

  /** The messages of a step: none when it is about an actor that nobody has been told of. */
  tell(step: Step): string[] {
    const { subject, at } = step;
    if (step.kind === 'begun') return [this.#tellBegun(step)];
    const shown = this.#shown.get(subject.path);
    if (shown?.subject !== subject) return [];
    if (step.kind === 'told') return this.#tellEvent(shown, step);
    this.#shown.delete(subject.path);
    return [this.#outcome(subject, at, STOP, { ...snapshotOf(shown.standing), status: 'stopped' })];
  }

  clear(): void {
    this.#shown.clear();
  }

  #tellBegun({ subject, standing, at }: Begun): string {
    const introduction = this.introduce(this.show(subject, standing), at);
    // Its first state could not be computed.
    if (ENDED.has(standing.status)) this.#shown.delete(subject.path);
    return introduction;
  }

  #tellEvent(shown: Shown, { subject, at, entry, source }: Told): string[] {
    const event = toJson(entry.event);
    const snapshot = outcomeOf(entry);
    shown.standing = entry.after ?? entry.before;
    const told = textOf({
      type: '@xstate.event',
      event,
      ...(source === undefined ? {} : { sourceId: source }),
      ...this.#about(subject, at),
    });
    const outcome = this.#outcome(subject, at, event, snapshot);
    if (ENDED.has(snapshot.status)) this.#shown.delete(subject.path);
    return [told, outcome];
  }

  #outcome(subject: Subject, at: number, event: Json, snapshot: StatelySnapshot): string {
    return textOf({ type: '@xstate.snapshot', event, snapshot, ...this.#about(subject, at) });
  }

  #about({ session }: Subject, at: number) {
    this.#count += 1;
    return {
      sessionId: session,
      rootId: this.#shown.get(SUPERVISOR)?.subject.session ?? session,
      createdAt: String(at),
      id: String(this.#count),
      _version: FORMAT_VERSION,
    } as const;
  }
}
