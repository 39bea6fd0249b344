import { expect } from 'chai';
import {
  allWords,
  chosenWords,
  countedOn,
  jobWords,
  lettersFilter,
  matchWords,
  outcomeWords,
  progressOf,
  traitsAsked,
} from '../../src/inspector/page/model/letters.js';
import type { LetterGroupsReply, LetterJob } from '../../src/inspector/protocol.js';

const counted: LetterGroupsReply = {
  length: 2_500,
  range: { newest: '9-0', fromMs: null, toMs: null },
  looked: 1_000,
  matching: 214,
  reasons: [
    { name: 'rejected', count: 200 },
    { name: null, count: 14 },
  ],
  errors: [{ name: 'TypeError', count: 214 }],
  after: '5-0',
};

const job: LetterJob = {
  id: 1,
  action: 'redrive',
  filter: { errorName: 'TypeError' },
  range: counted.range,
  by: '127.0.0.1',
  phase: 'counting',
  startedAt: 0,
  endedAt: null,
  looked: 1_500,
  length: 3_000,
  matching: null,
  changed: 0,
  gone: 0,
  refused: 0,
  unknown: 0,
  errors: [],
};

describe('dead letters as the page asks for them', () => {
  it('reads from the address which letters are meant', () => {
    expect(lettersFilter({})).to.deep.equal({});
    expect(lettersFilter({ find: 'x', reason: 'rejected', error: 'TypeError', age: '1h' })).to.deep.equal({
      find: 'x',
      reason: 'rejected',
      errorName: 'TypeError',
      newerMs: 3_600_000,
    });
    expect(lettersFilter({ age: 'over-7d' })).to.deep.equal({ olderMs: 7 * 86_400_000 });
    expect(lettersFilter({ age: 'whatever', find: '', reason: '' })).to.deep.equal({});
    expect(traitsAsked(lettersFilter({ reason: 'rejected', age: '1h' }))).to.deep.equal({
      reason: 'rejected',
    });
  });

  it('adds up what was counted, kind by kind, the most frequent first', () => {
    const more: LetterGroupsReply = {
      ...counted,
      looked: 700,
      matching: 3,
      reasons: [{ name: null, count: 500 }],
      errors: [{ name: 'RangeError', count: 300 }],
      after: null,
    };
    expect(countedOn(null, more)).to.equal(more);
    expect(countedOn(counted, more)).to.deep.include({
      looked: 1_700,
      matching: 217,
      reasons: [
        { name: null, count: 514 },
        { name: 'rejected', count: 200 },
      ],
      errors: [
        { name: 'RangeError', count: 300 },
        { name: 'TypeError', count: 214 },
      ],
      after: null,
    });
  });

  it('says how many match, and of how many that is known', () => {
    expect(matchWords(counted)).to.equal('214 of the newest 1,000 letters match');
    expect(matchWords({ ...counted, after: null })).to.equal('214 letters match');
    expect(matchWords({ ...counted, matching: 1, after: null })).to.equal('1 letter matches');
    expect(allWords(counted)).to.equal('all dead letters that match');
    expect(allWords({ ...counted, after: null })).to.equal('214 dead letters');
  });

  it('says how far a job has come, and how it ended', () => {
    expect(jobWords(job)).to.equal('Counting what to redrive: 1,500 of 3,000 letters looked through.');
    expect(progressOf(job)).to.equal(0.5);
    const acting = { ...job, phase: 'acting', matching: 200, changed: 40, gone: 10 } as const;
    expect(jobWords(acting)).to.equal('40 of 200 redriven, 10 gone already.');
    expect(progressOf(acting)).to.equal(0.25);
    expect(jobWords({ ...acting, phase: 'stopped' })).to.equal(
      'Stopped: 40 of 200 redriven, 10 gone already.',
    );
    const failed = { ...acting, action: 'delete', phase: 'failed', gone: 0, refused: 2, unknown: 3 } as const;
    expect(jobWords(failed)).to.equal(
      'Given up: 40 of 200 deleted, 2 refused, 3 perhaps deleted, as the answer was lost.',
    );
    expect(jobWords({ ...job, phase: 'stopped' })).to.equal('Stopped: 0 redriven.');
    expect(progressOf({ ...job, phase: 'done', matching: 0 })).to.equal(1);
    expect(progressOf({ ...job, length: 0 })).to.equal(0);
  });

  it('says which letters a job is about, and what became of single ones', () => {
    expect(chosenWords({}, false)).to.equal('all');
    expect(chosenWords({ reason: 'rejected', errorName: 'TypeError', find: 'x' }, true)).to.equal(
      'reason rejected, error TypeError, with “x”, of the chosen age',
    );
    const outcomes = { a: 'redriven', b: 'redriven', c: 'gone', d: { error: 'no' } } as const;
    expect(outcomeWords({ outcomes })).to.equal('2 redriven, 1 gone already, 1 failed: no');
  });
});
