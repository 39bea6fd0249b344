/** The statecharts, to be drawn. */

import type { Message } from './actors.js';

export interface MachinesReply {
  readonly machines: readonly MachineDefinition[];
}

export interface MachineDefinition {
  readonly id: string;
  /** As in the header of a recording: another one means that the recording was made with another statechart. */
  readonly fingerprint: string;
  readonly root: StateDefinition;
}

export interface StateDefinition {
  /** Names from the root down, joined by dots; '' is the root. What `target` and `initial` point to. */
  readonly path: string;
  /** The last of them; the machine's id for the root. */
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Path of the child that is entered first; null where there is none. */
  readonly initial: string | null;
  /** Names of actions. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  /** Actors that run while it is active. */
  readonly invokes: readonly { readonly id: string; readonly src: string }[];
  /** In the order in which they are tried. */
  readonly transitions: readonly TransitionDefinition[];
  readonly states: readonly StateDefinition[];
}

export interface TransitionDefinition {
  /** What it is taken on. `always`: as soon as its guard lets it. */
  readonly on:
    | { readonly kind: 'event'; readonly event: string }
    | { readonly kind: 'after'; readonly delay: string }
    | { readonly kind: 'invokeDone' | 'invokeError'; readonly invoke: string }
    | { readonly kind: 'stateDone' }
    | { readonly kind: 'always' };
  /** The type of the event as it is delivered, such as `xstate.done.actor.ask`; '' for always. Equals {@link Message.type} when it is taken. */
  readonly event: string;
  readonly guard: string | null;
  readonly actions: readonly string[];
  /** Paths; empty: it stays where it is. */
  readonly targets: readonly string[];
  /** It leaves and enters its own state. */
  readonly reenter: boolean;
}
