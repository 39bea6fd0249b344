/** What is written on a statechart's arrows and in its boxes. */
import type { StateDefinition, TransitionDefinition } from '../../protocol.js';

/** What a transition is taken on, in words. */
export function triggerOf({ on }: TransitionDefinition): string {
  switch (on.kind) {
    case 'event':
      return on.event;
    case 'after':
      return `after ${on.delay}`;
    case 'invokeDone':
      return `${on.invoke} answered`;
    case 'invokeError':
      return `${on.invoke} failed`;
    case 'stateDone':
      return 'all done';
    case 'always':
      return 'always';
  }
}

/** With its guard, as it stands on an arrow. */
export function arrowLabel(transition: TransitionDefinition): string {
  const { guard } = transition;
  return guard === null ? triggerOf(transition) : `${triggerOf(transition)} [${guard}]`;
}

/** What a state does by itself, a line each. */
export function duties({ entry, exit, invokes }: StateDefinition): string[] {
  return [
    ...invokes.map(({ src }) => `runs ${src}`),
    ...entry.map((action) => `entry / ${action}`),
    ...exit.map((action) => `exit / ${action}`),
  ];
}

/** A transition that stays where it is, as a line in the box. */
export function innerLabel(transition: TransitionDefinition): string {
  const { actions, reenter } = transition;
  const then = actions.length > 0 ? ` / ${actions.join(', ')}` : '';
  return `${reenter ? '↻ ' : ''}${arrowLabel(transition)}${then}`;
}
