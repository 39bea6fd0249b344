import { expect } from 'chai';
import { BROKEN, EntriesWatch, type PassingOver } from '../../../simulate/invariants/entries.js';
import { Violations } from '../../../simulate/invariants/violations.js';
import { StreamwardenError } from '../../../src/index.js';

/** A data stream of five entries, 1-0 to 5-0, and owners that are given them by hand. */
function history(passingOver?: PassingOver) {
  const violations = new Violations(
    () => 0,
    () => {},
  );
  const watch = new EntriesWatch(violations, passingOver);
  const call = watch.begins('producer', 'one', 5);
  for (let at = 0; at < 5; at += 1) watch.added('one', `${at + 1}-0`, call.number, at);
  watch.resolved(call, ['1-0', '2-0', '3-0', '4-0', '5-0']);
  const hand = (owner: string, ...ids: number[]) => {
    for (const id of ids) {
      watch.handed(owner, 'one', `${id}-0`);
      watch.through(owner, 'one', `${id}-0`);
    }
  };
  const begin = (owner: string, ...ids: number[]) => {
    watch.iterates(owner, 'one');
    hand(owner, ...ids);
  };
  const commit = (owner: string, id: number) => watch.committed(owner, 'one', `${id}-0`);
  return { watch, begin, hand, commit, broken: () => violations.all.map(({ clause }) => clause) };
}

describe('what the simulation says of entries', () => {
  it('finds nothing in a life with a hand-over, a death, and repeats after the last commit', () => {
    const { watch, begin, hand, commit, broken } = history();
    begin('10-0', 1, 2);
    commit('10-0', 1);
    begin('11-0', 2, 3);
    commit('11-0', 2);
    hand('11-0', 4);
    begin('11-0', 4);
    commit('11-0', 3);
    watch.trimmed('one', '3-0');
    begin('12-0', 4, 5);
    commit('12-0', 5);
    watch.atRest(() => false);
    expect(broken()).to.deep.equal([]);
  });

  it('finds an entry that is left out: at the beginning, in between, at the end', () => {
    for (const ids of [
      [2, 3, 4, 5],
      [1, 3, 4, 5],
      [1, 2, 3, 4],
    ]) {
      const { watch, begin, broken } = history();
      begin('10-0', ...ids);
      watch.atRest(() => false);
      expect(new Set(broken()), String(ids)).to.deep.equal(new Set([BROKEN.skipped]));
    }
  });

  it('finds an entry that is left out by the next owner, and one that is made up', () => {
    const { begin, commit, broken } = history();
    begin('10-0', 1, 2, 3);
    commit('10-0', 1);
    begin('11-0', 4);
    expect(broken()).to.deep.equal([BROKEN.skipped]);
    begin('12-0', 7);
    expect(broken()).to.deep.equal([BROKEN.skipped, BROKEN.skipped]);
  });

  it('finds one that is handed again though Redis has its commit, also by the same owner that begins anew', () => {
    const { begin, commit, broken } = history();
    begin('10-0', 1, 2);
    commit('10-0', 2);
    begin('11-0', 2, 3);
    expect(broken()).to.deep.equal([BROKEN.repeated]);
    begin('11-0', 1);
    expect(broken()).to.deep.equal([BROKEN.repeated, BROKEN.repeated]);
  });

  it('finds disorder, and an entry that one owner is handed twice', () => {
    const { begin, broken } = history();
    begin('10-0', 1, 2, 2);
    expect(broken()).to.deep.equal([BROKEN.disordered]);
  });

  it('finds a commit of what was not handed to who commits it', () => {
    const { begin, commit, broken } = history();
    begin('10-0', 1);
    commit('10-0', 2);
    expect(broken()).to.deep.equal([BROKEN.unhandledCommit]);
    commit('99-0', 4);
    expect(broken()).to.deep.equal([BROKEN.unhandledCommit, BROKEN.unhandledCommit]);
  });

  it('finds a commit of what its handler is not through with', () => {
    const { watch, begin, commit, broken } = history();
    begin('10-0', 1);
    watch.handed('10-0', 'one', '2-0');
    commit('10-0', 1);
    expect(broken()).to.deep.equal([]);
    commit('10-0', 2);
    expect(broken()).to.deep.equal([BROKEN.unhandledCommit]);
  });

  it('finds what is removed before anybody had it', () => {
    const { watch, begin, broken } = history();
    begin('10-0', 1, 2);
    watch.trimmed('one', '4-0');
    expect(broken()).to.deep.equal([BROKEN.uncommittedRemoval, BROKEN.skipped]);
    watch.trimmed('one', undefined);
    expect(broken().slice(2)).to.deep.equal([BROKEN.skipped, BROKEN.skipped]);
  });

  it('lets what is committed be removed, and a removed stream begin anew', () => {
    const { watch, begin, commit, broken } = history();
    begin('10-0', 1, 2, 3, 4, 5);
    commit('10-0', 4);
    watch.trimmed('one', '4-0');
    commit('10-0', 5);
    watch.trimmed('one', undefined, '5-0');
    watch.committed('10-0', 'one', 'removed');
    const call = watch.begins('producer', 'one', 1);
    watch.added('one', '6-0', call.number, 0);
    begin('11-0', 6);
    expect(broken()).to.deep.equal([]);
    expect(watch.isToEnd('one')).to.equal(true);
    watch.marked('one');
    expect(watch.isToEnd('one')).to.equal(false);
  });

  it('lets an entry be passed over that has failed often enough, once it has been copied', () => {
    const { watch, begin, commit, broken } = history({ onEntryError: 'deadLetter', entryRetries: 1 });
    begin('10-0', 1);
    watch.throws('one', '2-0');
    commit('10-0', 2);
    expect(broken()).to.deep.equal([BROKEN.unhandledCommit]);
    watch.throws('one', '3-0');
    watch.throws('one', '3-0');
    commit('10-0', 3);
    expect(broken().slice(1)).to.deep.equal([BROKEN.notCopied]);
    watch.throws('one', '4-0');
    watch.throws('one', '4-0');
    watch.copied('one', '4-0');
    commit('10-0', 4);
    expect(broken()).to.have.length(2);
  });

  it('lets a finished data stream begin anew, and excuses what was lost with the data, or is read by nobody', () => {
    const { watch, begin, commit, broken } = history();
    begin('10-0', 1, 2, 3, 4, 5);
    commit('10-0', 5);
    watch.forgotten('one');
    begin('11-0', 1, 2);
    commit('11-0', 2);
    watch.dataLost(new Map([['one', { ids: ['1-0', '2-0'], committed: '1-0' }]]));
    begin('12-0', 2);
    const call = watch.begins('producer', 'one', 1);
    watch.added('one', '9-0', call.number, 0);
    watch.atRest((name) => name === 'one');
    expect(broken()).to.deep.equal([]);
    watch.atRest(() => false);
    expect(broken()).to.deep.equal([BROKEN.skipped]);
  });

  it('finds what producers are told that is not so', () => {
    const { watch, broken } = history();
    const told = (details: object, retriable = true) =>
      new StreamwardenError('RedisUnavailable', 'no answer', { retriable, details: { ...details } });
    const call = watch.begins('producer', 'one', 2);
    watch.added('one', '6-0', call.number, 0);
    watch.resolved(call, ['6-0', '7-0']);
    expect(broken()).to.deep.equal(['C-PRO-7']);
    watch.added('one', '8-0', call.number, 0);
    expect(broken().slice(1)).to.deep.equal(['C-PRO-8']);
    const other = watch.begins('producer', 'one', 2);
    expect(watch.rejected(other, told({ sent: false, appended: [null, null] }))).to.equal(false);
    watch.added('one', '9-0', other.number, 1);
    watch.added('one', '10-0', other.number, 0);
    expect(broken().slice(2)).to.deep.equal(['C-PRO-8', 'C-PRO-8', 'C-PRO-9']);
    const last = watch.begins('producer', 'one', 1);
    expect(watch.rejected(last, told({ sent: true, appended: ['11-0'] }))).to.equal(true);
    expect(watch.rejected(last, new Error('a bug'))).to.equal(true);
    expect(broken().slice(5)).to.deep.equal(['C-PRO-8', 'C-PRO-8']);
    const some = watch.begins('producer', 'two', 3);
    watch.added('two', '12-0', some.number, 1);
    const fates = { sent: true, appended: [null, '12-0', null], unknown: [2] };
    expect(watch.rejected(some, told(fates))).to.equal(true);
    watch.added('two', '13-0', some.number, 2);
    expect(broken().slice(7)).to.deep.equal([]);
    watch.added('two', '14-0', some.number, 0);
    expect(broken().slice(7)).to.include('C-PRO-8');
  });
});
