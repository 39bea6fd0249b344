/** Sequences as they are laid out: lanes, time in which nothing happens, and what they are narrowed to. */
import { expect } from 'chai';
import { inOrder, placeLanes, processesAcross } from '../../src/inspector/page/model/lanes.js';
import type { Heard } from '../../src/inspector/page/model/runtime-model.js';
import {
  kindsOf,
  type Row,
  type SequenceFilter,
  sequenceOf,
  streamsOf,
} from '../../src/inspector/page/model/sequence.js';
import { wordsOfRow } from '../../src/inspector/page/model/sequence-words.js';
import type { Message } from '../../src/inspector/protocol.js';

function message(
  seq: number,
  at: number,
  more: Partial<Message> & { readonly process?: string } = {},
): Heard {
  const states = { before: 'resting', after: 'beating', threw: false };
  return { seq, at, from: null, to: 'consumer/leaseKeeper', type: 'beat', label: null, ...states, ...more };
}

const ALL: SequenceFilter = { words: '', actor: null, stream: null, onlyChanges: false, without: new Set() };

function words(rows: readonly Row[]): string[] {
  return rows.map(wordsOfRow);
}

describe('a sequence', () => {
  it('has time in which nothing happened, with its length', () => {
    const { rows } = sequenceOf([message(1, 0), message(2, 999), message(3, 5_499)], ALL);
    expect(words(rows)).to.deep.equal([
      'outside to leaseKeeper: beat , now beating',
      'outside to leaseKeeper: beat , now beating',
      'nothing for 4.5 s',
      'outside to leaseKeeper: beat , now beating',
    ]);
  });

  it('says how much the filter left out meanwhile, and nothing of time that is not known', () => {
    const other = message(2, 700, { type: 'other', after: 'resting' });
    const heard = [message(1, 0), other, message(3, 2_000), { seq: 4, skipped: 9 }, message(5, 60_000)];
    const { rows } = sequenceOf(heard, { ...ALL, words: 'beat' });
    expect(words(rows)[1]).to.equal('2.0 s, 1 message left out by the filter');
    expect(rows.filter((row) => 'quietMs' in row)).to.have.length(1);
  });

  it('is narrowed to kinds and to a stream', () => {
    const heard = [
      message(1, 0),
      message(2, 0, { type: 'xstate.done.actor.refresh' }),
      message(3, 0, { type: 'xstate.error.actor.refresh' }),
      message(4, 0, { type: 'xstate.after.pulse.leaseKeeper' }),
      message(5, 0, { to: null, type: 'StreamAdded', label: 'a' }),
      message(6, 0, { threw: true, label: 'b' }),
    ];
    expect(Object.fromEntries(kindsOf(heard))).to.deep.equal({
      events: 1,
      answers: 1,
      failures: 2,
      timers: 1,
      notifications: 1,
    });
    const seqs = (filter: Partial<SequenceFilter>) =>
      sequenceOf(heard, { ...ALL, ...filter }).rows.map(({ seq }) => seq);
    expect(seqs({ without: new Set(['events', 'timers']) })).to.deep.equal([2, 3, 5, 6]);
    expect(seqs({ stream: 'b' })).to.deep.equal([6]);
    expect(streamsOf(heard, 10)).to.deep.equal(['b', 'a']);
    expect(streamsOf(heard, 1)).to.deep.equal(['b']);
  });

  it('keeps processes apart: each has lanes of its own, side by side', () => {
    const heard = [
      message(1, 0, { to: 'b:consumer/ownership/1' }),
      message(2, 0, { to: 'a:consumer/leaseKeeper' }),
      message(3, 0, { to: null, type: 'StreamAdded', process: 'a' }),
      message(4, 0, { to: null, from: 'b:consumer', type: 'StreamAdded' }),
      message(5, 0, { to: 'b:consumer/ownership/2' }),
    ];
    const { lanes } = sequenceOf(heard, ALL);
    expect(lanes).to.deep.equal([
      'outside',
      'a:consumer/leaseKeeper',
      'a:application',
      'b:consumer',
      'b:consumer/ownership/',
      'b:application',
    ]);
    const across = processesAcross(placeLanes(lanes, new Set(), 2_000).lanes);
    expect(across.map(({ process }) => process)).to.deep.equal(['', 'a', 'b']);
    expect(processesAcross(placeLanes(['outside', 'consumer'], new Set(), 900).lanes)).to.deep.equal([]);
  });

  it('has room for every lane, however many, and little for those that are folded', () => {
    const lanes = inOrder(new Set(Array.from({ length: 12 }, (_, at) => `consumer/part${at}`)));
    const narrow = placeLanes(lanes, new Set(), 300);
    expect(narrow.width).to.be.greaterThan(12 * 90);
    for (const { width } of narrow.lanes) expect(width).to.be.at.least(90);
    const last = narrow.lanes.at(-1);
    expect((last?.x ?? 0) + (last?.width ?? 0) / 2).to.be.at.most(narrow.width);
    const folded = placeLanes(lanes, new Set(lanes.slice(2)), 720);
    expect(folded.width).to.be.at.most(720);
    expect(folded.lanes.filter(({ isFolded }) => isFolded)).to.have.length(10);
    expect(placeLanes([], new Set(), 0).lanes).to.deep.equal([]);
  });
});
