/**
 * What a machine asks for in a step, beside its new state: a dropped action changes no state, and must be noticed all the same.
 *
 * In words: the name of a custom action and its parameters, `report {"doing":"raise"}`; `invoke raise {"generation":1}` for an actor that is started and its
 * input; `after retryDelay 25` for a timer and its milliseconds. What is stopped and cancelled follows from the states that are left, and is not said.
 *
 * An action sees the context as the assignments before it in the step have left it. Where that is not the context that the step ends with, a fingerprint of
 * it follows: `disown @5f2a90c1`. So the order of actions and assignments is told, too.
 */
import { canonicalText } from './canonical.js';
import { fingerprintOfContext } from './fingerprint.js';
import type { FormatVersion } from './format.js';
import { toJson } from './json-safe.js';

/** As XState hands it to whoever carries it out. */
export interface RequestedAction {
  readonly type: string;
  readonly params?: unknown;
  readonly info?: { readonly context: unknown };
}

export interface Effect {
  readonly what: string;
  /** Parameters of an action, or the input of an actor; undefined: none. */
  readonly data: unknown;
  /** What the machine remembered when it was asked for. */
  readonly context: unknown;
}

interface Scheduled {
  readonly delay?: unknown;
  readonly event?: { readonly type: string };
}

interface Invoked {
  readonly id: string;
  readonly input?: unknown;
}

/** Undefined for what is not said. Keeps nothing of the actor. */
export function effectOf({ type, params, info }: RequestedAction): Effect | undefined {
  const context = info?.context;
  switch (type) {
    case 'xstate.spawnChild': {
      const { id, input } = params as Invoked;
      return { what: `invoke ${id}`, data: input, context };
    }
    case 'xstate.raise': {
      const { delay, event } = params as Scheduled;
      // Without a delay it is processed within the same step.
      if (typeof delay !== 'number') return undefined;
      const [, name] = /^xstate\.after\.([^.]*)/.exec(event?.type ?? '') ?? [];
      return { what: `after ${name ?? event?.type} ${delay}`, data: undefined, context };
    }
    case 'xstate.stopChild':
    case 'xstate.cancel':
      return undefined;
    default:
      return { what: type, data: params, context };
  }
}

/** Recordings of version 1 have neither parameters of actions nor what they saw. */
function wordsOfFirst({ what, data }: Effect): string {
  if (data === undefined || !what.startsWith('invoke ')) return what;
  return `${what} ${JSON.stringify(toJson(data))}`;
}

/**
 * In words, in order.
 * @param after what the machine remembers when the step is over
 */
export function wordsOfEffects(
  effects: readonly Effect[],
  after: unknown,
  version: FormatVersion,
): readonly string[] {
  if (version === 1) return effects.map(wordsOfFirst);
  let end: string | undefined;
  return effects.map(({ what, data, context }) => {
    const words = data === undefined ? what : `${what} ${canonicalText(toJson(data))}`;
    if (context === after) return words;
    end ??= fingerprintOfContext(after);
    const seen = fingerprintOfContext(context);
    // An assignment of what was there already makes another object.
    return seen === end ? words : `${words} @${seen}`;
  });
}
