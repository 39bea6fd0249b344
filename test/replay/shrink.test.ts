/** That nothing less than what `replay --shrink` leaves diverges: of recordings of which a line has been changed, and of machines that have been. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { type EventLine, isActorLine, type Line } from '../../src/replay/format.js';
import { type Machines, presentMachines } from '../../src/replay/machines.js';
import { loadRecording, type Recording } from '../../src/replay/recording.js';
import { replay } from '../../src/replay/replayer.js';
import { type Shrunk, shrink } from '../../src/replay/shrink.js';
import { Trim } from '../../src/replay/trim.js';
import { MUTANTS } from './mutants.js';

const folder = fileURLToPath(new URL('../recordings/', import.meta.url));
const NAMES = ['plain-life', 'zombie.heir', 'foreign-locks', 'interrupted', 'shared.taker'];

/** Ways in which a line says something else than the machine does. */
const CHANGES: Readonly<Record<string, (line: EventLine) => EventLine>> = {
  'another state': (line) => ({ ...line, state: 'elsewhere' }),
  'another context': (line) => ({ ...line, patch: [...(line.patch ?? []), ['/added', 1]] }),
  'another effect': (line) => ({ ...line, effects: [...(line.effects ?? []), 'something'] }),
  'a patch that does not fit': (line) => ({ ...line, patch: [['/missing/member', 1]] }),
};

const diverges = (recording: Recording, machines: Machines) => replay(recording, { machines }).diverged > 0;

function part(recording: Recording, actor: string, from: number, to: number): Recording {
  const trim = new Trim({ actor, from, to });
  const lines = recording.lines.flatMap((line) => trim.take(line));
  return { ...recording, header: trim.header(recording.header), lines: [...lines, trim.end()] };
}

/** Nothing smaller diverges: no earlier end, no later beginning, no other line less. */
function expectSmallest(whole: Recording, machines: Machines, shrunk: Shrunk): void {
  const { header, lines, divergence } = shrunk;
  const small: Recording = { ...whole, header, lines, cut: null };
  expect(diverges(small, machines), 'it diverges').to.equal(true);
  const { actor, seq, reason } = divergence;
  expect(replay(whole, { machines, actor }).actors[0]?.divergence).to.deep.include({ seq, reason });
  const about = lines.filter(isActorLine);
  expect(new Set(about.map((line) => line.actor)).size, 'actors').to.equal(1);
  expect(diverges(part(whole, actor, 0, seq - 1), machines), 'a shorter beginning').to.equal(false);
  const later = about.find((line) => line.kind === 'event' && line.seq > (about[1]?.seq ?? seq));
  if (later !== undefined) {
    const shorter = part(whole, actor, later.seq, seq);
    expect(replay(shorter, { machines }).actors[0]?.divergence ?? {}).not.to.include({ seq, reason });
  }
  for (const [index, line] of lines.entries()) {
    if (!isActorLine(line)) continue;
    const less = { ...small, lines: numbered(lines.toSpliced(index, 1)) };
    const found = replay(less, { machines }).actors.flatMap((one) => one.divergence ?? []);
    // Without its beginning nothing can be said of an actor.
    const isAnother = found.every((one) => one.reason !== reason || one.reason === 'inconsistent');
    expect(isAnother, `without its line ${index}`).to.equal(true);
  }
}

function numbered(lines: readonly Line[]): Line[] {
  return lines.map((line, seq) => ({ ...line, seq }));
}

describe('shrinking what diverges', () => {
  const recordings: Recording[] = [];

  before(async () => {
    for (const name of NAMES) recordings.push(await loadRecording(`${folder}${name}.jsonl`));
    expect(readdirSync(folder)).to.include.members(NAMES.map((name) => `${name}.jsonl`));
  });

  it('leaves nothing that could be left out, whichever lines of a recording are changed', () => {
    const changes = fc.record({
      of: fc.nat(),
      lines: fc.array(fc.tuple(fc.nat(), fc.constantFrom(...Object.values(CHANGES))), {
        minLength: 1,
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(changes, ({ of, lines: chosen }) => {
        const recording = recordings[of % recordings.length] as Recording;
        const lines = [...recording.lines];
        const events = lines.flatMap((line, index) =>
          line.kind === 'event' && line.threw === undefined ? [index] : [],
        );
        for (const [which, change] of chosen) {
          const index = events[which % events.length] as number;
          lines[index] = change(recording.lines[index] as EventLine);
        }
        const changed = { ...recording, lines };
        const shrunk = shrink(changed);
        if (shrunk === undefined) throw new Error('expected it to diverge');
        expectSmallest(changed, presentMachines, shrunk);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves nothing that could be left out, whichever machine is changed', () => {
    let shrunken = 0;
    for (const { machine, make } of MUTANTS) {
      const machines = new Map(presentMachines).set(machine, make());
      for (const recording of recordings) {
        const shrunk = shrink(recording, machines);
        if (shrunk === undefined) continue;
        shrunken += 1;
        expectSmallest(recording, machines, shrunk);
      }
    }
    expect(shrunken).to.be.above(MUTANTS.length / 2);
  });
});
