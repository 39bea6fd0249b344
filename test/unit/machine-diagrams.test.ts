/** docs/explanation/actors-and-machines.md draws the machines. Here the drawings are held against the definitions. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { machineFiles } from './machines/machines.js';

const text = readFileSync(new URL('../../docs/explanation/actors-and-machines.md', import.meta.url), 'utf8');

/** The section about a machine: that of `leaseKeeper` is headed 'Lease keeper'. */
function sectionOf(id: string): string {
  const words = id.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const [, rest = ''] = text.split(`\n## ${words.charAt(0).toUpperCase()}${words.slice(1)}\n`);
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
  for (const { machine } of machineFiles) {
    const section = sectionOf(machine.id);

    it(`draws every arrow of ${machine.id}, and no other`, () => {
      const drawn = [...section.matchAll(/^ *(\w+ --> \w+) :/gm)].map(([, arrow]) => arrow);
      expect(drawn).to.have.members([...new Set(arrowsOf(machine))]);
    });

    it(`names every event of ${machine.id}`, () => {
      const own = machine.events.filter((event) => !event.startsWith('xstate.'));
      expect(own.filter((event) => !section.includes(event))).to.deep.equal([]);
    });
  }
});
