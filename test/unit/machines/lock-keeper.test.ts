import { expect } from 'chai';
import {
  type LockKeeperEvent,
  lockKeeperMachine,
  MOST_NAMED,
} from '../../../src/machines/lock-keeper.machine.js';
import type { OddLock } from '../../../src/machines/standing.js';
import { Fold } from './fold.js';

const input = { heartbeatMs: 1000, hasLocks: true, hasForeignConsumers: false };

type Odd = Record<string, OddLock>;

const begun = (waves: number, waiting = 0): LockKeeperEvent => ({
  type: 'round.begun',
  count: waves * 2000,
  waves,
  stepMs: 500 / Math.max(1, waves),
  waiting,
});
const sent = (restMs = 100): LockKeeperEvent => ({ type: 'wave.sent', restMs });
const answered = (odd: Odd = {}, { isLast = true, waiting = 0 } = {}): LockKeeperEvent => ({
  type: 'wave.answered',
  odd,
  isLast,
  waiting,
});
const taken = (odd: Odd = {}): LockKeeperEvent => ({ type: 'locks.taken', odd });

const failed = (error: unknown): LockKeeperEvent => ({ type: 'wave.failed', error });
const seen = (present: boolean): LockKeeperEvent => ({ type: 'foreignConsumers.seen', present });

const keeper = (given = input) => new Fold(lockKeeperMachine, given);
/** A round of one wave. */
const round = (fold: Fold<typeof lockKeeperMachine>, odd: Odd = {}, waiting = 0) =>
  fold.elapse('restDelay').send(begun(1), sent(), answered(odd, { waiting }));

describe('lock keeper machine', () => {
  describe('the wheel', () => {
    it('turns first after half a heartbeat', () => {
      const fold = keeper();
      expect(fold.timers).to.deep.equal({ restDelay: 500 });
      expect(fold.value).to.deep.equal({ wheel: 'resting', locks: 'held', names: 'quiet' });
      expect(fold.elapse('restDelay').asked).to.deep.equal(['layOut']);
      expect(fold.context.rounds).to.equal(1);
      expect(fold.value).to.deep.include({ wheel: 'laying' });
    });

    it('sends the waves of a round in steps, each once, and rests for what is left', () => {
      const fold = keeper().elapse('restDelay').send(begun(3));
      expect(fold.context).to.include({ count: 6000, left: 3 });
      expect(fold.asked).to.deep.equal(['extend']);
      for (const left of [2, 1]) {
        fold.send(sent());
        expect(fold.value).to.deep.include({ wheel: 'pacing' });
        expect(fold.context.left).to.equal(left);
        expect(fold.asked).to.deep.equal([`after stepDelay ${500 / 3}`]);
        expect(fold.elapse('stepDelay').asked).to.deep.equal(['extend']);
      }
      fold.send(sent(77));
      expect(fold.value).to.deep.include({ wheel: 'resting' });
      expect(fold.asked).to.deep.equal(['after restDelay 77']);
      expect(fold.context).to.include({ left: 0, underWay: 3 });
    });

    it('rests for half a heartbeat where nothing is held', () => {
      const fold = round(keeper()).elapse('restDelay').send(begun(0));
      expect(fold.value).to.deep.include({ wheel: 'resting' });
      expect(fold.asked).to.deep.equal(['after restDelay 500']);
      expect(fold.context).to.include({ count: 0, left: 0, stepMs: 500, restMs: 500, underWay: 0 });
    });

    it('waits while four waves wait for their answers', () => {
      const fold = keeper().elapse('restDelay').send(begun(9));
      for (let n = 0; n < 3; n++) fold.send(sent()).elapse('stepDelay');
      fold.send(sent()).elapse('stepDelay');
      expect(fold.value).to.deep.include({ wheel: 'pacing' });
      expect(fold.context.underWay).to.equal(4);
      expect(fold.asked).to.deep.equal([`after stepDelay ${500 / 9}`]);
      fold.send(answered({}, { isLast: false }));
      expect(fold.context.underWay).to.equal(3);
      expect(fold.elapse('stepDelay').asked).to.deep.equal(['extend']);
    });

    it('says what failed', () => {
      const error = new Error('boom');
      const fold = keeper()
        .elapse('restDelay')
        .send(begun(1), sent(), answered({}, { isLast: false }));
      fold.send(failed(error));
      expect(fold.told).to.deep.equal(['report']);
      expect(fold.paramsOf('report')).to.deep.equal({ error, doing: 'extend' });
      expect(fold.context.underWay).to.equal(0);
    });

    it('has everything verified every fourth round, while consumers of the Go client are there', () => {
      const asked = (fold: Fold<typeof lockKeeperMachine>) =>
        Array.from({ length: 8 }, () => {
          const [first] = fold.elapse('restDelay').asked;
          expect(fold.value).to.deep.include({ wheel: 'laying' });
          fold.send(begun(1), sent(), answered());
          return first === 'verify {"why":"foreign consumers"}';
        });
      const [never, fourth] = [Array(8).fill(false), [false, false, false, true, false, false, false, true]];
      expect(asked(keeper())).to.deep.equal(never);
      expect(asked(keeper({ ...input, hasForeignConsumers: true }))).to.deep.equal(fourth);
      const fold = keeper();
      fold.send(seen(true));
      expect(asked(fold)).to.deep.equal(fourth);
      expect(asked(fold.send(seen(false)))).to.deep.equal(never);
    });
  });

  describe('the locks', () => {
    const stateOf = (fold: Fold<typeof lockKeeperMachine>) => (fold.value as { locks: string }).locks;

    it('are held while no answer says otherwise', () => {
      const fold = round(round(keeper()));
      expect(stateOf(fold)).to.equal('held');
      expect(fold.context).to.deep.include({ odd: {}, isOddRound: false });
      expect(fold.asked).to.deep.equal([]);
    });

    const kinds: [OddLock][] = [['missing'], ['foreign']];
    for (const [kind] of kinds) {
      it(`that are ${kind} are verified at once`, () => {
        const fold = round(keeper(), { '1-0': kind });
        expect(stateOf(fold)).to.equal(kind);
        expect(fold.asked).to.deep.equal(['verify {"why":"locks missing"}']);
        expect(fold.context).to.deep.include({ odd: { '1-0': kind }, isOddRound: true });
      });

      it(`that are ${kind} are retaken, and held after a round that meets nothing odd`, () => {
        const fold = round(keeper(), { '1-0': kind }).send(taken());
        expect(stateOf(fold)).to.equal('retaken');
        expect(fold.context.odd).to.deep.equal({});
        // The round in which it was met ends here.
        fold.elapse('restDelay').send(begun(1));
        expect(stateOf(fold)).to.equal('retaken');
        fold.send(sent(), answered()).elapse('restDelay').send(begun(1));
        expect(stateOf(fold)).to.equal('held');
      });

      it(`that are ${kind} are foreign where a verification cannot take them`, () => {
        const fold = round(keeper(), { '1-0': kind }).send(taken({ '1-0': 'foreign' }));
        expect(stateOf(fold)).to.equal('foreign');
        expect(fold.context.odd).to.deep.equal({ '1-0': 'foreign' });
      });

      it(`that are ${kind} and are left are held after a round that meets nothing odd`, () => {
        const fold = round(round(keeper(), { '1-0': kind }));
        expect(stateOf(fold)).to.equal(kind);
        expect(stateOf(fold.elapse('restDelay').send(begun(1)))).to.equal('held');
        expect(fold.context.odd).to.deep.equal({});
      });
    }

    it('are foreign when some are missing and some somebody else’s', () => {
      const fold = round(keeper(), { '1-0': 'missing', '2-0': 'foreign' });
      expect(stateOf(fold)).to.equal('foreign');
      expect(stateOf(round(fold, { '3-0': 'missing' }))).to.equal('missing');
      expect(fold.context.odd).to.deep.equal({ '1-0': 'missing', '2-0': 'foreign', '3-0': 'missing' });
    });

    it('can become odd again when they have been retaken, or while they are held', () => {
      const fold = round(keeper(), { '1-0': 'missing' }).send(taken());
      expect(stateOf(round(fold, { '1-0': 'missing' }))).to.equal('missing');
      const found = round(keeper()).send(taken({ '1-0': 'foreign' }));
      expect(stateOf(found)).to.equal('foreign');
      expect(found.context.odd).to.deep.equal({ '1-0': 'foreign' });
      expect(found.send(taken({ '2-0': 'foreign' })).context.odd).to.deep.equal({ '2-0': 'foreign' });
      expect(
        stateOf(round(keeper(), { '1-0': 'missing' }).send(taken(), taken({ '1-0': 'foreign' }))),
      ).to.equal('foreign');
      expect(stateOf(round(keeper()).send(taken()))).to.equal('held');
    });

    it('are known by their ids up to a hundred', () => {
      const many = (from: number) =>
        Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`${from + n}-0`, 'missing' as const]));
      const fold = round(keeper(), many(0));
      round(fold, many(80));
      expect(Object.keys(fold.context.odd)).to.have.length(MOST_NAMED);
      expect(fold.context.odd).to.include(many(80));
    });
  });

  describe('names', () => {
    const stateOf = (fold: Fold<typeof lockKeeperMachine>) => (fold.value as { names: string }).names;

    it('that entries wait for are asked for every second round', () => {
      const fold = round(keeper(), {}, 3);
      expect(stateOf(fold)).to.equal('quiet');
      round(fold, {}, 3);
      expect(stateOf(fold)).to.equal('asking');
      expect(fold.asked).to.deep.equal(['invoke ask']);
      expect(stateOf(fold.answer('ask', 2))).to.equal('quiet');
      expect(fold.context.freed).to.equal(2);
      round(round(fold, {}, 3), {}, 3).answer('ask', 1);
      expect(fold.context.freed).to.equal(3);
    });

    it('are not asked for by a wave that is not the last, or where nothing waits', () => {
      const fold = round(keeper()).elapse('restDelay').send(begun(2), sent());
      expect(stateOf(fold.send(answered({}, { isLast: false, waiting: 3 })))).to.equal('quiet');
      fold.elapse('stepDelay').send(sent());
      expect(stateOf(fold.send(answered()))).to.equal('quiet');
    });

    it('are asked for at once where there are no locks to keep', () => {
      const fold = keeper({ ...input, hasLocks: false })
        .elapse('restDelay')
        .send(begun(0, 1));
      expect(stateOf(fold)).to.equal('quiet');
      expect(stateOf(fold.elapse('restDelay').send(begun(0, 1)))).to.equal('asking');
      fold.answer('ask', 0).elapse('restDelay').send(begun(0, 1)).elapse('restDelay');
      expect(stateOf(fold.send(begun(0, 0)))).to.equal('quiet');
      expect(stateOf(round(keeper()).elapse('restDelay').send(begun(1, 1)))).to.equal('quiet');
    });

    it('whose asking fails are asked for again', () => {
      const error = new Error('gone');
      const fold = round(round(keeper(), {}, 1), {}, 1).fail('ask', error);
      expect(stateOf(fold)).to.equal('quiet');
      expect(fold.paramsOf('report')).to.deep.equal({ error, doing: 'ask' });
      expect(stateOf(round(round(fold, {}, 1), {}, 1))).to.equal('asking');
    });
  });
});
