/** The option `inspect`: XState's own inspection of every actor of a runtime, from the first one on. */
import type { AnyActor, AnyActorRef, InspectionEvent } from 'xstate';
import { callOut } from '../core/errors.js';
import type { Seam } from '../core/seam.js';
import type { InspectionObserver } from './inspection-observer.js';

function rootOf(actor: AnyActorRef): AnyActorRef {
  return actor._parent === undefined ? actor : rootOf(actor._parent);
}

function childrenOf(actor: AnyActor): AnyActorRef[] {
  const { children = {} } = actor.getSnapshot() as {
    readonly children?: Readonly<Record<string, AnyActorRef>>;
  };
  return Object.values(children);
}

/** @param onError gets what the observer throws: XState would let it take the actor down */
export function inspectActors(
  seam: Seam,
  observer: InspectionObserver,
  onError: (error: unknown) => void,
): void {
  const systems = new WeakSet();
  const tell = (event: InspectionEvent) =>
    callOut(() => (typeof observer === 'function' ? observer(event) : observer.next?.(event)), onError);
  seam.on('actorStarted', ({ actor }) => {
    if (systems.has(actor.system)) return;
    systems.add(actor.system);
    actor.system.inspect(tell);
    // XState says so when an actor is made, and nobody was listening to this system yet: not when its root was, nor what the first state invokes.
    const root = rootOf(actor);
    for (const actorRef of new Set([root, actor, ...childrenOf(actor)])) {
      tell({ type: '@xstate.actor', actorRef, rootId: root.sessionId });
    }
  });
}
