/** Which of several guarded branches a step took: told by the machine itself, and never guessed. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { machineDefinitions } from '../../src/inspector/definitions.js';
import { branchesOf } from '../../src/inspector/page/model/branches.js';
import { activePaths } from '../../src/inspector/page/model/chart-state.js';
import { ActorHistory, type Step } from '../../src/inspector/page/model/history.js';
import type { MachineDefinition, StateDefinition } from '../../src/inspector/protocol.js';
import { takenBy } from '../../src/inspector/taken.js';
import type { Line } from '../../src/replay/format.js';
import { fromJson } from '../../src/replay/json-safe.js';
import type { HeardEvent } from '../../src/replay/tap.js';

const folder = fileURLToPath(new URL('../recordings/', import.meta.url));
const machines = new Map(machineDefinitions().map((machine) => [machine.id, machine]));

function statesOf(state: StateDefinition): StateDefinition[] {
  return [state, ...state.states.flatMap(statesOf)];
}

/** Each event of a recording, as it was heard, with what the page makes of it. */
function* eventsIn(file: string): Generator<{ readonly step: Step; readonly heard: HeardEvent }> {
  const histories = new Map<string, ActorHistory>();
  const [, ...lines] = readFileSync(`${folder}${file}`, 'utf8').trimEnd().split('\n');
  for (const text of lines) {
    const line = JSON.parse(text) as Line;
    if (line.kind !== 'spawn' && line.kind !== 'join' && line.kind !== 'event') continue;
    const history = line.kind === 'event' ? histories.get(line.actor) : new ActorHistory();
    if (history === undefined) continue;
    histories.set(line.actor, history);
    const before = history.last;
    history.feed(line);
    const step = history.last;
    if (line.kind !== 'event' || before === undefined || step === undefined || step.threw !== null) continue;
    const standing = { status: 'active', value: before.state, context: fromJson(before.context) };
    const heard = {
      kind: 'event',
      subject: { path: line.actor, machine: line.machine },
      event: fromJson(line.event),
      before: standing,
    } as unknown as HeardEvent;
    yield { step, heard };
  }
}

function transitionOf({ root }: MachineDefinition, id: string) {
  const [path, place] = id.split('#');
  return statesOf(root).find((state) => state.path === path)?.transitions[Number(place)];
}

describe('branches that were taken', () => {
  it('are named one for each state, and lead where the recordings say, whatever they were', () => {
    let [events, guarded, ambiguous] = [0, 0, 0];
    for (const file of readdirSync(folder).filter((name) => /^(?!seed-).*\.jsonl$/.test(name))) {
      for (const { step, heard } of eventsIn(file)) {
        const machine = machines.get(step.machine);
        if (machine === undefined || step.event === null) continue;
        const taken = takenBy(heard);
        const what = `${file} ${step.seq} ${step.machine} ${step.event.type}`;
        if (taken === null) throw new Error(`expected ${what} to be told`);
        events += 1;
        const transitions = taken.map((id) => transitionOf(machine, id));
        expect(transitions, what).not.to.include(undefined);
        const first = transitions.filter((one) => one?.event === step.event?.type);
        const states = taken.filter((_, at) => first.includes(transitions[at])).map((id) => id.split('#')[0]);
        expect(new Set(states).size, what).to.equal(states.length);
        guarded += first.filter((one) => one?.guard !== null).length;
        // The last that was taken is where it stands.
        const now = activePaths(step.state);
        for (const target of transitions.at(-1)?.targets ?? []) expect(now.has(target), what).to.equal(true);
        const guess = branchesOf(machine, step, null);
        if (guess.oneOf !== null) {
          ambiguous += 1;
          expect([...guess.taken], what).to.include.members(states.length > 0 ? [taken[0]] : []);
        }
        const told = branchesOf(machine, { ...step, taken }, null);
        expect([...told.taken], what).to.have.members([...new Set(taken)]);
        expect(told.oneOf).to.equal(null);
      }
    }
    // There is something to be told apart.
    expect(events).to.be.above(1_000);
    expect(guarded).to.be.above(50);
    expect(ambiguous).to.be.above(20);
  });

  it('are said to be one of several where nobody can tell', () => {
    const machine = machines.get('ownership') as MachineDefinition;
    const acking = statesOf(machine.root).find(({ path }) => path === 'givingBack');
    const step = {
      event: { type: 'lost', reason: 'takenOver' },
      from: 'givingBack',
      state: 'lost',
      taken: null,
    } as unknown as Step;
    const { taken, oneOf } = branchesOf(machine, step, null);
    const fitting = (acking?.transitions ?? []).filter(({ event }) => event === 'lost').length;
    expect([oneOf, taken.size]).to.deep.equal([fitting, fitting]);
    expect(branchesOf(machine, step, new Set(['givingBack#3'])).oneOf).to.equal(null);
    expect(branchesOf(machine, undefined, null).taken.size).to.equal(0);
  });

  it('are not made up for a machine that is not known, or an event that it threw at', () => {
    const before = { status: 'active', value: 'nowhere', context: {} };
    const heard = { subject: { machine: 'ownership' }, event: { type: 'lost' }, before };
    expect(takenBy(heard as unknown as HeardEvent)).to.equal(null);
    expect(takenBy({ ...heard, subject: { machine: 'unheard' } } as unknown as HeardEvent)).to.equal(null);
    const threw = { ...heard, before: { ...before, value: 'acking' }, threw: { error: new Error('no') } };
    expect(takenBy(threw as unknown as HeardEvent)).to.equal(null);
  });
});
