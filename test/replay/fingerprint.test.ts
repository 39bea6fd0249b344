import { expect } from 'chai';
import { createMachine } from 'xstate';
import { withTemplate } from '../../src/actors/host.js';
import { beginContext, ownershipMachine } from '../../src/machines/ownership.machine.js';
import { fingerprintOf } from '../../src/replay/fingerprint.js';
import { presentMachines } from '../../src/replay/machines.js';
import { machineFiles } from '../unit/machines/machines.js';

type Config = Record<string, unknown>;

describe('the machines of recordings', () => {
  it('are all that there are', () => {
    expect([...presentMachines.values()]).to.have.members(machineFiles.map(({ machine }) => machine));
    expect([...presentMachines].every(([id, machine]) => machine.id === id)).to.equal(true);
  });

  it('have fingerprints that differ', () => {
    const all = [...presentMachines.values()].map(fingerprintOf);
    expect(new Set(all).size).to.equal(presentMachines.size);
    for (const fingerprint of all) expect(fingerprint).to.match(/^[0-9a-f]{16}$/);
  });
});

describe('a fingerprint', () => {
  const original = fingerprintOf(ownershipMachine);
  const plain = () =>
    JSON.parse(JSON.stringify(ownershipMachine.config)) as { states: Record<string, Config> };

  it('is that of the definition, whatever implements it', () => {
    expect(fingerprintOf(ownershipMachine.provide({ actions: { disown: () => {} } }))).to.equal(original);
    const template = withTemplate(ownershipMachine, { id: '0-0', name: '', retryCount: 0 }, beginContext);
    expect(fingerprintOf(template)).to.equal(original);
    expect(fingerprintOf(createMachine({ ...plain(), context: {} } as never))).to.equal(original);
  });

  it('does not depend on the order in which states and events are written', () => {
    const backwards = (value: unknown): unknown =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, inner]) => [key, backwards(inner)]),
          );
    expect(
      fingerprintOf(createMachine({ ...(backwards(plain()) as Config), context: {} } as never)),
    ).to.equal(original);
  });

  const changes: Record<string, (states: Record<string, Config>) => void> = {
    'a target': ({ uncertain }) => Object.assign(uncertain?.on as Config, { 'handler.failed': 'lost' }),
    'an event': ({ releasing }) => Object.assign(releasing as Config, { on: { 'lock.gone': 'released' } }),
    'an action': ({ extending }) =>
      Object.assign(extending?.on as Config, { lost: { target: 'lost', actions: ['recordReason'] } }),
    'the order of candidates': ({ acking }) => {
      const on = acking?.on as { acked: unknown[] };
      on.acked.reverse();
    },
    'a guard': ({ acking }) =>
      Object.assign(acking?.on as Config, { acked: [{ target: 'released' }, { target: 'releasing' }] }),
    'a state': (states) => Object.assign(states, { limbo: {} }),
    'a final state': ({ released }) => Object.assign(released as Config, { type: 'atomic' }),
  };
  for (const [what, change] of Object.entries(changes)) {
    it(`changes with ${what}`, () => {
      const config = plain();
      change(config.states);
      expect(fingerprintOf(createMachine({ ...config, context: {} } as never))).not.to.equal(original);
    });
  }
});
