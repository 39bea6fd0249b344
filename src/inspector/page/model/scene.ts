/** How the actors of a recording stand after some of its lines: the same rows as the server tells of live ones. */
import type { Line, StateValue } from '../../../replay/format.js';
import type { Json } from '../../../replay/json-safe.js';
import { applyPatch } from '../../../replay/patch.js';
import { parentOf } from '../../actor-path.js';
import { changedLocks, type KnownLocks, LOCK_KEEPER, lockOf, ownershipPath } from '../../lock-of.js';
import type { ActorRow } from '../../protocol.js';
import { Actors } from './actors.js';
import { nameOf } from './lineage.js';
import { besides, withinProcess } from './process.js';

type ActorLine = Extract<Line, { kind: 'spawn' | 'join' | 'event' }>;

interface Supervised {
  readonly children?: Readonly<Record<string, { readonly restarts?: number }>>;
}

function labelOf({ machine, actor }: ActorLine, context: Json): string | null {
  if (machine === 'masterSubscription') return actor.slice(actor.lastIndexOf('/') + 1);
  if (machine !== 'ownership') return null;
  const { name } = (context ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' ? name : null;
}

export class Scene {
  readonly actors: Actors;
  /** By path, of those that live; of others than streams also after their end: why they failed is there. */
  readonly contexts: Map<string, Json>;

  constructor(actors = new Actors(), contexts = new Map<string, Json>()) {
    this.actors = actors;
    this.contexts = contexts;
  }

  copy(): Scene {
    return new Scene(this.actors.copy(), new Map(this.contexts));
  }

  apply(line: Line): void {
    if (line.kind !== 'spawn' && line.kind !== 'join' && line.kind !== 'event') return;
    const context = this.#context(line);
    const row = this.#row(line, context);
    const hasEnded = row.status !== 'active';
    if (hasEnded) {
      this.actors.end(row);
    } else {
      this.actors.put(row);
    }
    if (withinProcess(line.actor) === LOCK_KEEPER) this.#relock(line.actor, context as KnownLocks);
    if (hasEnded && line.machine === 'ownership') this.contexts.delete(line.actor);
    else this.contexts.set(line.actor, context);
  }

  /** What the lock keeper of the same process knows. */
  #locksOf(actor: string): KnownLocks | undefined {
    return this.contexts.get(besides(actor, LOCK_KEEPER)) as KnownLocks | undefined;
  }

  /** The locks of some streams stand otherwise now. */
  #relock(keeper: string, now: KnownLocks): void {
    for (const id of changedLocks(this.#locksOf(keeper), now)) {
      const row = this.actors.get(besides(keeper, ownershipPath(id)));
      if (row !== undefined) {
        this.actors.put({ ...row, lock: lockOf(withinProcess(row.path), row.state, now) });
      }
    }
  }

  #context(line: ActorLine): Json {
    if (line.kind !== 'event') return line.context;
    const before = this.contexts.get(line.actor) ?? null;
    if (line.patch === undefined) return before;
    try {
      return applyPatch(before, line.patch);
    } catch {
      return before;
    }
  }

  #row(line: ActorLine, context: Json): ActorRow {
    const { actor, machine, state, seq, at } = line;
    const base = {
      path: actor,
      parent: parentOf(actor),
      machine,
      label: labelOf(line, context),
      lock: lockOf(withinProcess(actor), state as StateValue, this.#locksOf(actor)),
      state: state as StateValue,
      restarts: this.#restartsOf(actor),
      ended: null,
    };
    if (line.kind !== 'event') {
      const status = (line.kind === 'spawn' ? line.status : undefined) ?? 'active';
      return { ...base, status, since: line.kind === 'spawn' ? at : null, events: 0, last: null };
    }
    const before = this.actors.get(actor);
    return {
      ...base,
      status: line.threw !== undefined ? 'error' : (line.status ?? 'active'),
      since: before?.since ?? null,
      events: (before?.events ?? 0) + 1,
      last: { seq, at, type: line.event.type },
    };
  }

  /** The supervisor's context says. */
  #restartsOf(path: string): number | null {
    const { children } = (this.contexts.get(besides(path, 'supervisor')) ?? {}) as Supervised;
    return children?.[nameOf(path)]?.restarts ?? children?.[withinProcess(path)]?.restarts ?? null;
  }
}
