/** The machines' statecharts as plain data, to be drawn. */
import type { AnyStateNode } from 'xstate';
import { fingerprintOf } from '../replay/fingerprint.js';
import { presentMachines } from '../replay/machines.js';
import { stateMachine } from '../replay/state-machine.js';
import type { MachineDefinition, StateDefinition, TransitionDefinition } from './protocol.js';

type Transition = AnyStateNode['transitions'] extends Map<string, (infer T)[]> ? T : never;

function pathOf(node: AnyStateNode): string {
  return node.path.join('.');
}

/** Machines have named actions, guards and delays only. */
function nameOf(reference: unknown): string {
  if (typeof reference === 'string') return reference;
  return String((reference as { readonly type?: unknown }).type ?? 'inline');
}

/** What XState calls `xstate.after.retryDelay.reconciler.work.waiting`, in its parts. */
function triggerOf(event: string): TransitionDefinition['on'] {
  if (event === '') return { kind: 'always' };
  const [, delay] = /^xstate\.after\.([^.]*)/.exec(event) ?? [];
  if (delay !== undefined) return { kind: 'after', delay };
  const [, outcome, invoke] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event) ?? [];
  if (invoke !== undefined) return { kind: outcome === 'done' ? 'invokeDone' : 'invokeError', invoke };
  return event.startsWith('xstate.done.state.') ? { kind: 'stateDone' } : { kind: 'event', event };
}

function transitionOf(event: string, { target, guard, actions, reenter }: Transition): TransitionDefinition {
  return {
    on: triggerOf(event),
    event,
    guard: guard === undefined ? null : nameOf(guard),
    actions: actions.map(nameOf),
    targets: target?.map(pathOf) ?? [],
    reenter: reenter === true,
  };
}

/** Timers are begun and ended on entry and exit; that is XState's business and not the statechart's. */
function isOwn(name: string): boolean {
  return !name.startsWith('xstate.');
}

function stateOf(node: AnyStateNode): StateDefinition {
  const [initial] = node.initial?.target ?? [];
  return {
    path: pathOf(node),
    key: node.key,
    type: node.type,
    initial: initial === undefined ? null : pathOf(initial),
    entry: node.entry.map(nameOf).filter(isOwn),
    exit: node.exit.map(nameOf).filter(isOwn),
    invokes: node.invoke.map(({ id, src }) => ({ id, src: String(src) })),
    transitions: [
      ...[...node.transitions].flatMap(([event, all]) => all.map((one) => transitionOf(event, one))),
      ...(node.always ?? []).map((one) => transitionOf('', one)),
    ],
    states: Object.values(node.states).map(stateOf),
  };
}

let made: readonly MachineDefinition[] | undefined;

export function machineDefinitions(): readonly MachineDefinition[] {
  made ??= [...presentMachines.values()].map((machine) => ({
    id: machine.id,
    fingerprint: fingerprintOf(machine),
    root: stateOf(stateMachine(machine).root),
  }));
  return made;
}
