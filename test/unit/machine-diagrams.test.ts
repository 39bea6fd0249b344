/** docs/explanation/actors-and-machines.md draws the machines. Here the drawings are held against the definitions. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { consumerMachine } from '../../src/machines/consumer.machine.js';
import { leaseKeeperMachine } from '../../src/machines/lease-keeper.machine.js';
import { masterSubscriptionMachine } from '../../src/machines/master-subscription.machine.js';
import { ownershipMachine } from '../../src/machines/ownership.machine.js';
import { reconcilerMachine } from '../../src/machines/reconciler.machine.js';
import { supervisorMachine } from '../../src/machines/supervisor.machine.js';

const text = readFileSync(new URL('../../docs/explanation/actors-and-machines.md', import.meta.url), 'utf8');

const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  Consumer: consumerMachine,
  Ownership: ownershipMachine,
  'Lease keeper': leaseKeeperMachine,
  Reconciler: reconcilerMachine,
  'Master subscription': masterSubscriptionMachine,
  Supervisor: supervisorMachine,
};

function sectionOf(heading: string): string {
  const [, rest = ''] = text.split(`\n## ${heading}\n`);
  return rest.split('\n## ')[0] ?? '';
}

function below(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states).flatMap((child) => [child, ...below(child)]);
}

/** The arrows of a definition between states, as the drawings write them: `a_b --> a_c`. */
function arrowsOf(machine: AnyStateMachine): string[] {
  return below(machine.root).flatMap((node) =>
    [...[...node.transitions.values()].flat(), ...(node.always ?? [])].flatMap(({ target }) =>
      (target ?? []).map((to) => `${node.path.join('_')} --> ${to.path.join('_')}`),
    ),
  );
}

describe('docs/explanation/actors-and-machines.md', () => {
  for (const [heading, machine] of Object.entries(MACHINES)) {
    const section = sectionOf(heading);

    it(`draws every arrow of the ${heading.toLowerCase()} machine, and no other`, () => {
      const drawn = [...section.matchAll(/^ *(\w+ --> \w+) :/gm)].map(([, arrow]) => arrow);
      expect(drawn).to.have.members([...new Set(arrowsOf(machine))]);
    });

    it(`names every event of the ${heading.toLowerCase()} machine`, () => {
      const missing = machine.events.filter(
        (event) => !event.startsWith('xstate.') && !section.includes(event) && event !== '*',
      );
      expect(missing.filter((event) => !isInternal(heading, event))).to.deep.equal([]);
    });
  }
});

/** Events that change only what a machine knows, not its state, and that the text leaves out. */
function isInternal(heading: string, event: string): boolean {
  return heading === 'Reconciler' && (event === 'hint' || event === 'scan.requested');
}
