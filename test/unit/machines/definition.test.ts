/** What holds for every machine, whatever it decides. */
import { expect } from 'chai';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { machineFiles } from './machines.js';

type Config = Record<string, unknown>;

const listOf = (value: unknown): unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** The name under which an implementation is asked for; undefined when it is written in place. */
function nameOf(reference: unknown): string | undefined {
  if (typeof reference === 'string') return reference;
  if (typeof reference !== 'object' || reference === null || !('type' in reference)) return undefined;
  return typeof reference.type === 'string' ? reference.type : undefined;
}

interface References {
  readonly actions: unknown[];
  readonly guards: unknown[];
  readonly actors: unknown[];
  readonly delays: unknown[];
}

/** Every action, guard, actor and delay that a state and those below it refer to, as they were written. */
function referencesOf(
  config: Config,
  found: References = { actions: [], guards: [], actors: [], delays: [] },
) {
  const transitions = (value: unknown) => {
    for (const one of listOf(value)) {
      if (typeof one === 'string') continue;
      const { guard, actions } = one as Config;
      if (guard !== undefined) found.guards.push(guard);
      found.actions.push(...listOf(actions));
    }
  };
  found.actions.push(...listOf(config.entry), ...listOf(config.exit));
  transitions(config.always);
  for (const value of Object.values((config.on ?? {}) as Config)) transitions(value);
  for (const [delay, value] of Object.entries((config.after ?? {}) as Config)) {
    found.delays.push(delay);
    transitions(value);
  }
  for (const invoke of listOf(config.invoke) as Config[]) {
    found.actors.push(invoke.src);
    for (const when of ['onDone', 'onError', 'onSnapshot']) transitions(invoke[when]);
  }
  transitions(config.onDone);
  for (const state of Object.values((config.states ?? {}) as Config)) referencesOf(state as Config, found);
  return found;
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

function transitionsOf(node: AnyStateNode) {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

/** States that some sequence of events, guards aside, leads to. */
function reachableIn(machine: AnyStateMachine): Set<AnyStateNode> {
  const reached = new Set<AnyStateNode>();
  const todo: AnyStateNode[] = [machine.root];
  for (let node = todo.pop(); node; node = todo.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    if (node.parent) todo.push(node.parent);
    if (node.type === 'parallel') todo.push(...Object.values(node.states));
    if (node.type === 'compound') todo.push(...(node.initial.target as AnyStateNode[]));
    for (const { target } of transitionsOf(node)) todo.push(...((target ?? []) as AnyStateNode[]));
  }
  return reached;
}

/** Whether a transition of the state itself, or of one above it, leads out of the state. */
function canBeLeft(state: AnyStateNode): boolean {
  for (let node: AnyStateNode | undefined = state; node; node = node.parent) {
    const targets = transitionsOf(node).flatMap(({ target }) => (target ?? []) as AnyStateNode[]);
    if (targets.some((target) => target !== state)) return true;
  }
  return false;
}

describe('every machine', () => {
  it('is found', () => {
    expect(machineFiles.map(({ file }) => file)).to.include.members([
      'balancer.machine.ts',
      'consumer.machine.ts',
      'lease-keeper.machine.ts',
      'master-subscription.machine.ts',
      'ownership.machine.ts',
      'reconciler.machine.ts',
      'supervisor.machine.ts',
      'topology-watcher.machine.ts',
    ]);
  });

  for (const { file, machine, header } of machineFiles) {
    describe(file, () => {
      const references = referencesOf(machine.config as unknown as Config);

      for (const kind of ['actions', 'guards', 'actors', 'delays'] as const) {
        it(`names its ${kind}, all of them known and none left over: only names are drawn and recorded`, () => {
          const names = references[kind].map((reference) => {
            const name = nameOf(reference);
            expect(name, `one of the ${kind} is written in place: ${String(reference)}`).to.be.a('string');
            return name as string;
          });
          const known = Object.keys(machine.implementations[kind]);
          expect([...new Set(names)].sort()).to.deep.equal(known.sort());
        });
      }

      it('has a definition that can be sent to a viewer, with every name in it', () => {
        // XState leaves eventless transitions out of `definition`: a viewer has to look at the nodes' `always` as well.
        const always = nodesOf(machine.root).flatMap((node) => node.always ?? []);
        const text = JSON.stringify([
          machine.definition,
          always.map(({ guard, actions }) => ({ guard, actions })),
        ]);
        for (const reference of [...references.actions, ...references.guards]) {
          expect(text).to.include(`"${nameOf(reference)}"`);
        }
      });

      it('reaches each of its states', () => {
        const reached = reachableIn(machine);
        const missing = nodesOf(machine.root).filter((node) => !reached.has(node));
        expect(missing.map(({ id }) => id)).to.deep.equal([]);
      });

      it('can leave each of its states, but for the final ones', () => {
        const stuck = nodesOf(machine.root).filter((node) => node.type === 'atomic' && !canBeLeft(node));
        expect(stuck.map(({ id }) => id)).to.deep.equal([]);
      });

      it('listens to no wildcard: an event that is not expected must not be swallowed', () => {
        for (const node of nodesOf(machine.root)) expect(node.ownEvents).not.to.include('*');
      });

      it('says what becomes of an invoked actor that fails', () => {
        for (const node of nodesOf(machine.root)) {
          for (const { id } of node.invoke) expect(node.ownEvents).to.include(`xstate.error.actor.${id}`);
        }
      });

      it('specifies each of its states in its header', () => {
        for (const node of nodesOf(machine.root)) {
          if (node !== machine.root) expect(header).to.match(new RegExp(`\\b${node.key}\\b`));
        }
        expect(header).to.match(/Invariants?:/);
      });
    });
  }

  it('ownership has no timers: stopping an actor would walk all of them', () => {
    const { machine } = machineFiles.find(({ file }) => file.startsWith('ownership')) ?? {};
    const delayed = machine && nodesOf(machine.root).filter(({ config }) => config.after !== undefined);
    expect(delayed).to.deep.equal([]);
  });
});
