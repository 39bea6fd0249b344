/**
 * What a machine asks for in a step, beside its new state: a dropped action changes no state, and must be noticed all the same.
 *
 * In words: the name of a custom action; `invoke raise {"generation":1}` for an actor that is started and its input; `after retryDelay 25` for a timer
 * and its milliseconds. What is stopped and cancelled follows from the states that are left, and is not said.
 */
import { toJson } from './json-safe.js';

export interface RequestedAction {
  readonly type: string;
  readonly params?: unknown;
}

interface Scheduled {
  readonly delay?: unknown;
  readonly event?: { readonly type: string };
}

interface Invoked {
  readonly id: string;
  readonly input?: unknown;
}

function invocation({ id, input }: Invoked): string {
  return input === undefined ? `invoke ${id}` : `invoke ${id} ${JSON.stringify(toJson(input))}`;
}

/** In words; undefined for what is not said. */
export function effectOf({ type, params }: RequestedAction): string | undefined {
  switch (type) {
    case 'xstate.spawnChild':
      return invocation(params as Invoked);
    case 'xstate.raise': {
      const { delay, event } = params as Scheduled;
      // Without a delay it is processed within the same step.
      if (typeof delay !== 'number') return undefined;
      const [, name] = /^xstate\.after\.([^.]*)/.exec(event?.type ?? '') ?? [];
      return `after ${name ?? event?.type} ${delay}`;
    }
    case 'xstate.stopChild':
    case 'xstate.cancel':
      return undefined;
    default:
      return type;
  }
}
