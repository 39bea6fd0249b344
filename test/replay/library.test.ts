/** The recordings of `test/recordings/`, made by real runs (`npm run record`), and what becomes of them when they, or the machines, are changed. */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as chai from 'chai';
import { expect } from 'chai';
import { type ActorLine, isActorLine, type Line } from '../../src/replay/format.js';
import { presentMachines } from '../../src/replay/machines.js';
import { loadRecording, type Recording } from '../../src/replay/recording.js';
import { replay } from '../../src/replay/replayer.js';
import type { Divergence, ReplayReport } from '../../src/replay/report.js';
import { recordings as recordingAssertions } from '../../src/testing/recording-assertions.js';
import { type Place, placesOf } from '../support/recording-places.js';
import { MUTANTS } from './mutants.js';

chai.use(recordingAssertions);

const folder = fileURLToPath(new URL('../recordings/', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.jsonl'));
const library = new Map<string, Recording>();

function recordingOf(name: string): Recording {
  const found = library.get(`${name}.jsonl`);
  if (found === undefined) throw new Error(`expected a recording, got: ${name}`);
  return found;
}

function divergences({ actors }: ReplayReport): Divergence[] {
  return actors.flatMap(({ divergence }) => (divergence === null ? [] : [divergence]));
}

/**
 * Replays a recording in which this line is another one: the whole of it for the first of `places`, as no actor's life depends on another's; for the others the
 * piece of the actor's life that they are in.
 */
function lived(recording: Recording, place: Place, other: Line, isFirst: boolean): ReplayReport {
  const lines = isFirst ? recording.lines.with(place.index, other) : [...place.before, other];
  return replay({ ...recording, lines });
}

function onlyOf(recording: Recording, machine: string): Recording {
  return {
    ...recording,
    lines: recording.lines.filter((line) => isActorLine(line) && line.machine === machine),
  };
}

/** As if there were no other actors, of whom lines stand between these. */
function numbered(lines: readonly ActorLine[]): Line[] {
  return lines.map((line, seq) => ({ ...line, seq }));
}

function stateOf(line: Line | undefined): string {
  return JSON.stringify((line as ActorLine | undefined)?.state);
}

/** The events that led their actor into another state. */
function turns(places: readonly Place[]): Place[] {
  return places.filter(
    ({ line, before }) => stateOf(before.at(-1)) !== stateOf(line) && line.event.type !== 'xstate.stop',
  );
}

describe('the library of recordings', () => {
  before(async () => {
    for (const file of files) library.set(file, await loadRecording(folder + file));
  });

  it('tells of everything that is to be told', () => {
    const scenes = new Set(files.map((file) => file.split('.')[0]));
    expect([...scenes]).to.include.members([
      'bugs',
      'cluster-failover',
      'dead-letters',
      'foreign-locks',
      'giving-up',
      'hand-over',
      'hardened',
      'interrupted',
      'later-and-cancelled',
      'lost-at-work',
      'parked',
      'partial-keyspace',
      'plain-life',
      'reading-entries',
      'redis-outage',
      'refusing-redis',
      'shared',
      'sigkill-recovery',
      'stopped-early',
      'topology-reset',
      'touched',
      'two-troubles',
      'zombie',
    ]);
  });

  it('tells of an entry that was parked as it was read, and of its name as it came back, each time once the one before was finished', () => {
    const { lines } = recordingOf('parked');
    const ends = new Map<string, unknown>();
    for (const line of lines) {
      if ('machine' in line && line.machine === 'ownership' && 'state' in line)
        ends.set(line.actor, line.state);
    }
    const count = (state: string) => [...ends.values()].filter((end) => end === state).length;
    expect(count('refused')).to.equal(1);
    expect(count('released')).to.equal(6);
  });

  for (const file of files.sort()) {
    describe(file, () => {
      let recording: Recording;
      let places: Place[];

      before(() => {
        recording = recordingOf(basename(file, '.jsonl'));
        places = placesOf(recording);
      });

      it('replays', () => {
        expect(recording).to.replay();
        expect(places).to.have.length.above(2);
      });

      it('gives the same report however often', () => {
        const first = JSON.stringify(replay(recording));
        for (let n = 0; n < 2; n++) expect(JSON.stringify(replay(recording))).to.equal(first);
      });

      it('needs neither time nor chance', () => {
        const before = [Date.now, Math.random, performance.now, setTimeout] as const;
        const poison = () => {
          throw new Error('a machine asked for time or chance');
        };
        try {
          Object.assign(Date, { now: poison });
          Object.assign(Math, { random: poison });
          Object.assign(performance, { now: poison });
          Object.assign(globalThis, { setTimeout: poison });
          expect(replay(recording).agrees).to.equal(true);
        } finally {
          const [now, random, monotonic, timeout] = before;
          Object.assign(Date, { now });
          Object.assign(Math, { random });
          Object.assign(performance, { now: monotonic });
          Object.assign(globalThis, { setTimeout: timeout });
        }
      });

      it('replays from wherever in the life of an actor', () => {
        for (const { line, before } of places.filter(({ before: lines }) => lines.length === 1)) {
          expect(divergences(replay({ ...recording, lines: [...before, line] }))).to.deep.equal([]);
        }
      });

      it('is found out when a state is changed, wherever', () => {
        for (const [n, place] of places.entries()) {
          const { line } = place;
          // What threw led nowhere.
          if (line.threw !== undefined) continue;
          const report = lived(recording, place, { ...line, state: 'elsewhere' }, n === 0);
          expect(divergences(report), `line ${place.index + 2}`).to.have.length(1);
          expect(divergences(report)[0]).to.deep.include({
            actor: line.actor,
            machine: line.machine,
            seq: line.seq,
            reason: 'state',
            definitionChanged: false,
            recorded: { state: 'elsewhere', status: line.status ?? 'active' },
            replayed: { state: line.state, status: line.status ?? 'active' },
          });
        }
      });

      it('is found out when an event that led elsewhere is changed or taken out', () => {
        const all = turns(places);
        expect(all).to.have.length.above(1);
        for (const [n, place] of all.entries()) {
          const { line, before, after } = place;
          const other = { ...line, event: { type: 'something.else' } };
          const [found] = divergences(lived(recording, place, other, n === 0));
          expect(found, `line ${place.index + 2}`).to.deep.include({
            actor: line.actor,
            seq: line.seq,
            reason: 'state',
            event: { type: 'something.else' },
          });
          if (after.length === 0) continue;
          const shorter = {
            ...recording,
            lines: numbered([...before, line, ...after]).toSpliced(before.length, 1),
          };
          expect(replay(shorter).agrees, `without line ${place.index + 2}`).to.equal(false);
        }
      });

      it('is found out when what an actor remembers is changed', () => {
        for (const [n, place] of places.entries()) {
          const { line } = place;
          if (line.patch === undefined) continue;
          const other: Line = { ...line, patch: [...line.patch, ['/added', 1]] };
          const [found] = divergences(lived(recording, place, other, n === 0));
          expect(found, `line ${place.index + 2}`).to.deep.include({
            actor: line.actor,
            seq: line.seq,
            reason: 'context',
          });
          expect(found?.context).to.deep.equal([{ path: '/added', recorded: 1 }]);
        }
      });
    });
  }

  describe('tells stories:', () => {
    const owned = { machine: 'ownership' };

    it('of a plain life', () => {
      const recording = recordingOf('plain-life');
      expect(recording).to.visitInOrder(['acquiring', 'extending', 'acking', 'released'], owned);
      expect(recording).to.visitInOrder(['extending', 'backingOff', 'givingBack', 'handedOver'], owned);

      expect(recording).to.neverReach('lost', owned);
      expect(recording).to.neverReach('degraded', { actor: 'consumer' });
    });

    it('of a hand-over', () => {
      expect(recordingOf('hand-over.giver')).to.visitInOrder(
        ['extending', 'givingBack', 'handedOver'],
        owned,
      );
      expect(recordingOf('hand-over.giver')).to.visitInOrder(['running', 'draining', 'stopped']);
      expect(recordingOf('hand-over.taker')).to.visitInOrder(['extending', 'released'], owned);
    });

    it('of a kill', () => {
      const victim = recordingOf('sigkill-recovery.victim');
      expect(victim).to.reach('extending', owned).and.to.neverReach('handedOver', owned);
      expect(replay(victim).complete).to.equal(false);
      expect(recordingOf('sigkill-recovery.heir')).to.visitInOrder([
        'work.sweeping',
        'work.requeueing',
        'work.waiting',
      ]);
    });

    it('of a zombie', () => {
      expect(recordingOf('zombie.sleeper')).to.reach('lost', owned);
      expect(recordingOf('zombie.sleeper')).to.reach('uncertain', { machine: 'leaseDeadline' });
      expect(recordingOf('zombie.heir')).to.neverReach('lost', owned);
    });

    it('of an outage', () => {
      expect(recordingOf('redis-outage')).to.visitInOrder(
        ['extending', 'uncertain', 'extending', 'released'],
        owned,
      );
      expect(recordingOf('redis-outage')).to.visitInOrder([
        'lease.present',
        'lease.absent',
        'lease.raising',
        'lease.present',
      ]);
    });

    it('of a Redis that refuses', () => {
      const recording = recordingOf('refusing-redis');
      expect(recording).to.visitInOrder(['lease.present', 'lease.raising.pausing', 'lease.present']);
      expect(recording).to.visitInOrder(['uncertain', 'extending', 'released'], owned);
      expect(recording).to.neverReach('lost', owned);
    });

    it('of a takeover of which each step fails first', () => {
      const recording = recordingOf('interrupted');
      expect(recording).to.visitInOrder(['work.scanning', 'timer.retrying', 'work.scanning']);
      expect(recording).to.visitInOrder([
        'work.requeueing',
        'work.pausing',
        'work.sweeping',
        'work.requeueing',
      ]);
      expect(recording).to.visitInOrder(['rounds.working', 'rounds.resting', 'rounds.working']);
      expect(recording).to.neverReach('degraded', { actor: 'consumer' });
    });

    it('of locks that are somebody else’s', () => {
      const recording = recordingOf('foreign-locks');
      expect(recording).to.visitInOrder(['locks.held', 'locks.foreign', 'locks.retaken', 'locks.held']);
      expect(recording).to.visitInOrder(['contended', 'handedOver'], owned);
      expect(recording).to.neverReach('lost', owned);
    });

    it('of bugs: the keeper begins anew with a lease that it did not raise', () => {
      const recording = recordingOf('bugs');
      const keepers = recording.lines.filter(
        ({ kind, ...line }) => kind === 'spawn' && 'machine' in line && line.machine === 'leaseKeeper',
      );
      expect(
        keepers.some((line) => 'input' in line && Object.hasOwn(line.input as object, 'asked')),
      ).to.equal(true);
      const threw = recording.lines.flatMap((line) =>
        line.kind === 'event' && line.threw !== undefined ? [line.machine] : [],
      );
      expect(threw).to.include.members(['leaseKeeper', 'lockKeeper', 'intake']);
      expect(recording).to.neverReach('lost', owned);
    });

    it('of two troubles', () => {
      const recording = recordingOf('two-troubles');
      expect(recording).to.visitInOrder(['running', 'degraded', 'running', 'stopped'], { actor: 'consumer' });
    });

    it('of stops before anything has begun', () => {
      const consumer = { actor: 'consumer' };
      expect(recordingOf('stopped-early.starting')).to.visitInOrder(
        ['starting', 'draining', 'stopped'],
        consumer,
      );
      expect(recordingOf('stopped-early.recovering')).to.visitInOrder(
        ['recovering', 'draining', 'stopped'],
        consumer,
      );
    });

    it('of streams that are lost at work and while they wait, and done while they wait', () => {
      const recording = recordingOf('lost-at-work');
      expect(recording).to.visitInOrder(['backingOff', 'lost'], owned);
      expect(recording).to.visitInOrder(['extending', 'lost'], owned);
      expect(recording).to.visitInOrder(['backingOff', 'acking', 'released'], owned);
    });

    it('of a topology that is looked at anew', () => {
      const asked = { machine: 'topologyWatcher' };
      expect(recordingOf('topology-reset')).to.visitInOrder(
        ['settled', 'probing', 'applying', 'settled'],
        asked,
      );
    });

    it('of ends: one that may not begin, one that gives up reading, one that is made a harder one', () => {
      const consumer = { actor: 'consumer' };
      expect(recordingOf('giving-up.refused')).to.visitInOrder(['starting', 'failed'], consumer);
      expect(recordingOf('giving-up.reading')).to.visitInOrder(['running', 'draining', 'failed'], consumer);
      expect(recordingOf('giving-up.reading')).to.visitInOrder(['recovering', 'gaveUp'], {
        machine: 'intake',
      });
      expect(recordingOf('hardened')).to.visitInOrder(['running', 'draining', 'stopped'], consumer);
    });

    it('of streams that are shared out', () => {
      expect(recordingOf('shared.giver')).to.visitInOrder(['moves.still', 'moves.moving', 'moves.still']);
      expect(recordingOf('shared.giver')).to.visitInOrder(['extending', 'givingBack', 'handedOver'], owned);
    });

    it('of entries that are read, and of an outage meanwhile', () => {
      expect(recordingOf('reading-entries')).to.visitInOrder(['reading', 'backingOff', 'reading'], {
        machine: 'dataReader',
      });
    });

    it('of fleets in the simulation', () => {
      const seeds = files.filter((file) => file.startsWith('seed-'));
      expect(seeds).to.have.length.above(3);
    });

    it('of a failover in a cluster', () => {
      const recording = recordingOf('cluster-failover');
      expect(recording).to.visitInOrder(['applying', 'settled', 'unsettled', 'applying', 'settled']);
      expect(recording).to.visitInOrder(['live', 'failed'], { machine: 'masterSubscription' });
      expect(recording).to.visitInOrder(['uncertain', 'extending', 'released'], owned);
      expect(recording).to.neverReach('lost', owned);
    });

    it('of a master that cannot be set up', () => {
      const recording = recordingOf('partial-keyspace');
      expect(recording).to.visitInOrder(['degraded', 'running', 'stopped'], { actor: 'consumer' });
      expect(recording).to.visitInOrder(['configuring', 'failed'], { machine: 'masterSubscription' });
      expect(recording).to.reach('released', owned);
    });

    it('of a stream that is ensured as it is to be finished', () => {
      const recording = recordingOf('touched');
      expect(recording).to.visitInOrder(
        ['extending', 'acking', 'extending', 'uncertain', 'acking', 'uncertain', 'extending', 'released'],
        owned,
      );
      expect(recording).to.neverReach('lost', owned);
    });

    it('of a stream that is given back for a while, and cancelled', () => {
      const recording = recordingOf('later-and-cancelled');
      expect(recording).to.visitInOrder(['extending', 'givingBack', 'handedOver'], owned);
      expect(recording).to.visitInOrder(['extending', 'acking', 'released'], owned);
      expect(recording).to.neverReach('lost', owned);
    });

    it('of dead letters', () => {
      expect(recordingOf('dead-letters')).to.visitInOrder(
        ['backingOff', 'givingBack', 'deadLettered'],
        owned,
      );
    });
  });

  describe('finds a machine out in which', () => {
    for (const { machine, what, make } of MUTANTS) {
      it(`${machine}: ${what}`, () => {
        const machines = new Map(presentMachines).set(machine, make());
        // Of the others it is known that nothing is wrong: no machine sees another.
        const found = [...library.values()].flatMap((recording) =>
          divergences(replay(onlyOf(recording, machine), { machines })),
        );
        expect(found).not.to.deep.equal([]);
      });
    }

    it('nothing is wrong: nothing', () => {
      for (const recording of library.values()) {
        expect(divergences(replay(recording, { machines: new Map(presentMachines) }))).to.deep.equal([]);
      }
    });
  });
});
