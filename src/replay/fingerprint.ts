/**
 * A fingerprint of a machine's definition: its states, transitions, and the names of its guards, actions, actors and delays. It says whether the
 * machine is drawn the same; what a guard or an action does inside is not in it. That is what the replay itself finds out.
 */
import { createHash } from 'node:crypto';
import type { AnyStateNode } from 'xstate';
import { canonical, canonicalText } from './canonical.js';
import { toJson } from './json-safe.js';

/** A state machine of XState. Said without its own types: who only replays recordings need not load them. */
export interface Machine {
  readonly id: string;
  readonly root: object;
  readonly getInitialSnapshot: unknown;
}

interface Named {
  readonly type?: unknown;
  readonly src?: unknown;
  readonly id?: unknown;
  readonly params?: unknown;
}

/** Functions have no stable text: a build changes it. Their being there counts, their text does not. */
function paramsOf(params: unknown): unknown {
  return typeof params === 'function' ? 'computed' : params;
}

function nameOf(reference: unknown): unknown {
  if (reference === undefined) return undefined;
  if (typeof reference === 'string') return { name: reference };
  if (typeof reference === 'function') return { name: (reference as { type?: string }).type ?? 'inline' };
  const { type, params } = reference as Named;
  return { name: String(type), params: paramsOf(params) };
}

type Transition = AnyStateNode['transitions'] extends Map<string, (infer T)[]> ? T : never;

function transitionOf({ target, guard, actions, reenter }: Transition) {
  return {
    targets: target?.map((node) => node.path.join('.')),
    guard: nameOf(guard),
    actions: actions.map(nameOf),
    reenter: reenter === true,
  };
}

function describe(node: AnyStateNode): unknown {
  return {
    type: node.type,
    initial: node.initial?.target.map((target) => target.path.join('.')),
    entry: node.entry.map(nameOf),
    exit: node.exit.map(nameOf),
    invoke: node.invoke.map(({ id, src }) => ({ id, src: String(src) })),
    // Of several for one event the first that fits is taken: their order is part of the definition.
    on: Object.fromEntries([...node.transitions].map(([event, all]) => [event, all.map(transitionOf)])),
    always: node.always?.map(transitionOf),
    states: Object.fromEntries(Object.entries(node.states).map(([key, child]) => [key, describe(child)])),
  };
}

const known = new WeakMap<Machine, string>();

/** Sixteen hexadecimal digits; the same for every build and every process. */
export function fingerprintOf(machine: Machine): string {
  const found = known.get(machine);
  if (found !== undefined) return found;
  const text = JSON.stringify(canonical({ id: machine.id, root: describe(machine.root as AnyStateNode) }));
  const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 16);
  known.set(machine, fingerprint);
  return fingerprint;
}

/** Eight hexadecimal digits that stand for what a machine remembers. */
export function fingerprintOfContext(context: unknown): string {
  return createHash('sha256')
    .update(canonicalText(toJson(context)))
    .digest('hex')
    .slice(0, 8);
}
