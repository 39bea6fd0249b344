import { expect } from 'chai';
import { machineDefinitions } from '../../src/inspector/definitions.js';
import { Actors } from '../../src/inspector/page/model/actors.js';
import { transitionId } from '../../src/inspector/page/model/chart-edges.js';
import { type Box, layoutChart } from '../../src/inspector/page/model/chart-layout.js';
import { activePaths, takenTransitions } from '../../src/inspector/page/model/chart-state.js';
import { contextChanges } from '../../src/inspector/page/model/context-changes.js';
import { duration } from '../../src/inspector/page/model/format.js';
import { mermaidOf } from '../../src/inspector/page/model/mermaid.js';
import { rates, recentRate } from '../../src/inspector/page/model/rates.js';
import { hashOf, parseRoute } from '../../src/inspector/page/model/route.js';
import { type SequenceFilter, sequenceOf } from '../../src/inspector/page/model/sequence.js';
import { NO_FILTER, stateFacets, treeRows } from '../../src/inspector/page/model/tree.js';
import type {
  ActorRow,
  MachineDefinition,
  StateDefinition,
  TickFacts,
} from '../../src/inspector/protocol.js';
import { message } from '../support/messages.js';

function machine(id: string): MachineDefinition {
  const found = machineDefinitions().find((one) => one.id === id);
  if (found === undefined) throw new Error(`expected a machine ${id}`);
  return found;
}

function allStates(state: StateDefinition): StateDefinition[] {
  return [state, ...state.states.flatMap(allStates)];
}

function isInside(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

describe('statecharts of the page', () => {
  for (const { id, root } of machineDefinitions()) {
    it(`draw every state and every transition of ${id}, boxes within their parents and beside one another`, () => {
      const chart = layoutChart(root);
      const boxes = new Map(chart.states.map((placed) => [placed.state.path, placed]));
      expect([...boxes.keys()]).to.have.members(allStates(root).map(({ path }) => path));
      for (const { path, states } of allStates(root)) {
        const outer = boxes.get(path) as Box;
        const inside = states.map((state) => boxes.get(state.path) as Box);
        for (const [index, box] of inside.entries()) {
          expect(isInside(box, outer), `${states[index]?.path} in ${path}`).to.equal(true);
          expect(inside.slice(index + 1).some((other) => overlap(box, other))).to.equal(false);
        }
      }
      const drawn = new Set([
        ...chart.edges.flatMap(({ edge }) => edge.lines.map((line) => line.id)),
        ...chart.states.flatMap(({ inner }) => inner.map((line) => line.id)),
      ]);
      const defined = allStates(root).flatMap(({ path, transitions }) =>
        transitions.map((_, index) => transitionId(path, index)),
      );
      expect([...drawn]).to.have.members(defined);
    });
  }

  it('light every state that an actor is in, in all its regions', () => {
    const active = activePaths({
      lease: { present: { pulse: 'resting', assurance: 'confirmed' } },
      certainty: 'certain',
    });
    expect([...active]).to.have.members([
      '',
      'lease',
      'lease.present',
      'lease.present.pulse',
      'lease.present.pulse.resting',
      'lease.present.assurance',
      'lease.present.assurance.confirmed',
      'certainty',
      'certainty.certain',
    ]);
  });

  it('name the transition that was taken, and none that leads elsewhere', () => {
    const { root } = machine('ownership');
    const taken = takenTransitions(root, 'acking', 'acked', 'released');
    const acking = allStates(root).find(({ path }) => path === 'acking');
    const targets = [...taken].map((id) => acking?.transitions[Number(id.split('#')[1])]?.targets);
    expect(targets).to.deep.equal([['released']]);
    expect(takenTransitions(root, 'acking', 'handed', 'acking').size).to.equal(0);
  });

  it('take a transition of an outer state only when nothing within took it', () => {
    const { root } = machine('leaseKeeper');
    const from = { lease: { present: { pulse: 'resting', assurance: 'confirmed' } }, certainty: 'certain' };
    const down = takenTransitions(root, from, 'connection.down', { lease: 'absent', certainty: 'certain' });
    expect([...down].map((id) => id.split('#')[0])).to.deep.equal(['lease']);
    const verifying = {
      lease: { present: { pulse: 'resting', assurance: 'verifying' } },
      certainty: 'certain',
    };
    const again = takenTransitions(root, verifying, 'verify.requested', verifying);
    expect([...again].map((id) => id.split('#')[0])).to.deep.equal(['lease.present.assurance.verifying']);
  });
});

describe("the page's lists and diagrams", () => {
  function row(path: string, fields: Partial<ActorRow> = {}): ActorRow {
    return {
      path,
      parent: path === 'supervisor' ? null : path.includes('/') ? 'consumer' : 'supervisor',
      machine: path.split('/')[1] ?? path,
      label: null,
      lock: null,
      state: 'running',
      status: 'active',
      restarts: null,
      since: null,
      events: 0,
      last: null,
      ended: null,
      ...fields,
    };
  }

  function actors(): Actors {
    const all = new Actors();
    for (const one of [
      row('consumer/ownership/1', { label: 'tenant-1', state: 'extending' }),
      row('supervisor', { state: 'supervising' }),
      row('consumer'),
      row('consumer/ownership/2', { label: 'tenant-2', state: 'uncertain' }),
      row('consumer/leaseKeeper'),
    ]) {
      all.put(one);
    }
    return all;
  }

  function paths(...args: Parameters<typeof treeRows>): string[] {
    return treeRows(...args).map(({ row: { path }, depth }) => `${depth} ${path}`);
  }

  it('show who stands below whom, streams last, and close branches', () => {
    expect(paths(actors(), NO_FILTER, new Set())).to.deep.equal([
      '0 supervisor',
      '1 consumer',
      '2 consumer/leaseKeeper',
      '2 consumer/ownership/1',
      '2 consumer/ownership/2',
    ]);
    expect(paths(actors(), NO_FILTER, new Set(['consumer']))).to.deep.equal(['0 supervisor', '1 consumer']);
  });

  it('find actors by stream, state and machine', () => {
    expect(paths(actors(), { ...NO_FILTER, words: 'TENANT uncertain' }, new Set())).to.deep.equal([
      '0 consumer/ownership/2',
    ]);
    const streams = { ...NO_FILTER, machine: 'ownership', state: 'extending' };
    expect(paths(actors(), streams, new Set())).to.deep.equal(['0 consumer/ownership/1']);
    expect(stateFacets(actors().rows(), 'ownership')).to.deep.equal([
      { name: 'extending', count: 1 },
      { name: 'uncertain', count: 1 },
    ]);
  });

  const messages = [
    message(1, {
      to: 'consumer/ownership/1',
      type: 'verified',
      label: 'a',
      before: 'acquiring',
      after: 'acquired',
    }),
    message(2, {
      from: 'consumer/ownership/1',
      to: null,
      type: 'StreamAdded',
      label: 'a',
      before: null,
      after: null,
    }),
    message(3, { to: 'consumer/leaseKeeper', type: 'xstate.after.pulseInterval.leaseKeeper.lease' }),
    { seq: 8, skipped: 4 },
  ];
  const ALL: SequenceFilter = {
    words: '',
    actor: null,
    stream: null,
    onlyChanges: false,
    without: new Set(),
  };

  it('give streams one lane together, the application the last, and a timer to its actor', () => {
    const { lanes, rows } = sequenceOf(messages, ALL);
    expect(lanes).to.deep.equal(['outside', 'consumer/leaseKeeper', 'consumer/ownership/', 'application']);
    expect(rows[2]).to.include({
      from: 'consumer/leaseKeeper',
      to: 'consumer/leaseKeeper',
      words: 'pulseInterval is over',
    });
    const alone = sequenceOf(messages, { ...ALL, actor: 'consumer/ownership/1' });
    expect(alone.lanes).to.include('consumer/ownership/1');
    expect(alone.rows).to.have.length(3);
    expect(sequenceOf(messages, { ...ALL, words: 'streamadded' }).rows).to.have.length(2);
    expect(sequenceOf(messages, { ...ALL, onlyChanges: true }).rows.map(({ seq }) => seq)).to.deep.equal([
      1, 2, 8,
    ]);
  });

  it('write a sequence as Mermaid reads it, with what is missing', () => {
    const hostile = [...messages, message(9, { type: 'a;b#c', label: 'x:y' })];
    expect(mermaidOf(sequenceOf(hostile, ALL)).split('\n')).to.deep.equal([
      'sequenceDiagram',
      '  participant a0 as outside',
      '  participant a1 as consumer',
      '  participant a2 as leaseKeeper',
      '  participant a3 as streams',
      '  participant a4 as application',
      '  a0->>a3: verified (a)',
      '  Note over a3: acquired',
      '  a3->>a4: StreamAdded (a)',
      '  a2->>a2: pulseInterval is over',
      '  Note over a0: 4 messages are missing here',
      '  a0->>a1: a b c (x y)',
      '',
    ]);
  });

  it('say what a patch changed, where there was nothing too', () => {
    const changes = contextChanges({ a: { b: 1 } }, { a: { b: 2, 'x/y': 3 } }, [
      ['/a/b', 2],
      ['/a/x~1y', 3],
    ]);
    expect(changes).to.deep.equal([
      { path: '/a/b', was: 1, is: 2 },
      { path: '/a/x~1y', was: undefined, is: 3 },
    ]);
  });

  it('count per second, and not across a new start', () => {
    const tick = (at: number, acquired: number) => ({ at, counters: { acquired } }) as unknown as TickFacts;
    const ticks = [tick(0, 0), tick(1_000, 10), tick(3_000, 30), tick(4_000, 5)];
    expect(rates(ticks, 'acquired')[1]).to.deep.equal([null, 10, 10, null]);
    expect(recentRate(ticks.slice(0, 3), 'acquired')).to.equal(10);
    expect(recentRate([], 'acquired')).to.equal(0);
  });

  it('say times as people do', () => {
    expect([0, 950, 3_210, 42_000, 125_000, 3_600_000, 90_061_000, -1_500].map(duration)).to.deep.equal([
      '0 ms',
      '950 ms',
      '3.2 s',
      '42 s',
      '2 min 5 s',
      '1 h',
      '1 d 1 h',
      '-1.5 s',
    ]);
  });

  it('keep their place in the address bar, and go home from what cannot be read', () => {
    const route = {
      view: 'actor',
      actor: 'consumer/masterSubscription/[::1]:7000',
      params: { q: 'a b&c' },
    } as const;
    expect(parseRoute(hashOf(route))).to.deep.equal(route);
    expect(parseRoute('#/actors?machine=ownership')).to.deep.equal({
      view: 'actors',
      actor: null,
      params: { machine: 'ownership' },
    });
    for (const bad of ['', '#', '#/nowhere', '#/actor/%E0%A4%A'])
      expect(parseRoute(bad).view).to.equal('overview');
  });
});
