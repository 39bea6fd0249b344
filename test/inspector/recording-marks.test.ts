import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { nextMark } from '../../src/inspector/page/model/marks.js';
import { Playback } from '../../src/inspector/page/model/playback.js';
import { readRecording } from '../../src/inspector/page/model/recording-lines.js';

function marksOf(name: string) {
  const text = readFileSync(new URL(`../recordings/${name}.jsonl`, import.meta.url), 'utf8');
  return Playback.of(readRecording(text)).marks;
}

function wordsOf(name: string): string[] {
  return marksOf(name).map(({ words }) => words);
}

describe('what is marked in a recording', () => {
  it('is what a zombie lived through: it stood still, its lease became uncertain, its streams were lost', () => {
    const words = wordsOf('zombie.sleeper').join('\n');
    expect(words).to.match(/the lease became uncertain\n(.*\n)*the process stood still for \d+ ms\n/);
    expect(words).to.include('2 streams were lost, one, two: takenOver');
  });

  it('is what failed and was started again, several at once as one', () => {
    expect(wordsOf('bugs')).to.deep.equal([
      'leaseKeeper failed: a bug in refresh',
      'leaseKeeper started again',
      '3 failures, lockKeeper, reconciler, intake: a bug in extend, a bug in pending, a bug in acquire',
      'lockKeeper, reconciler, intake started again, 3 times',
    ]);
    expect(wordsOf('dead-letters').join()).to.include('poison: it always fails, dead-lettered');
    expect(wordsOf('plain-life')).to.deep.equal(['fails-once failed: the first attempt fails']);
  });

  it('is nothing where all went well', () => {
    for (const name of ['hand-over.giver', 'hand-over.taker', 'parked', 'zombie.heir']) {
      expect(wordsOf(name), name).to.deep.equal([]);
    }
  });

  it('stands at the lines that it is about, in their order, and is gone through both ways', () => {
    const marks = marksOf('zombie.sleeper');
    const positions = marks.map(({ position }) => position);
    expect(positions).to.deep.equal(positions.toSorted((a, b) => a - b));
    const [first, second] = marks;
    expect(nextMark(marks, 0, 1)).to.equal(first);
    expect(nextMark(marks, first?.position ?? 0, 1)).to.equal(second);
    expect(nextMark(marks, second?.position ?? 0, -1)).to.equal(first);
    expect(nextMark(marks, positions.at(-1) ?? 0, 1)).to.equal(undefined);
  });
});
