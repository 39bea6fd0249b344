import { expect } from 'chai';
import fc from 'fast-check';
import { type BalancerEvent, balancerMachine } from '../../../src/machines/balancer.machine.js';
import { Fold } from './fold.js';

const figures = { number: 7, members: 3, imbalance: 0.5, ordered: 4, waits: null };
const order = (round: number, count = 2): BalancerEvent => ({ type: 'order.heard', round, count });
const balancer = () => new Fold(balancerMachine, { coolMs: 500, followed: 0, moved: 0 });
const certain = () => balancer().send({ type: 'lease.confirmed' });

describe('balancer machine', () => {
  describe('rounds', () => {
    it('are made one at a time, and only under a lease that is certain', () => {
      expect(balancer().send({ type: 'round.due' }).invoked).to.deep.equal([]);
      const fold = certain().send({ type: 'round.due' }, { type: 'round.due' });
      expect(fold.invoked).to.deep.equal(['round']);
      expect(fold.answer('round', figures).context).to.deep.include({ rounds: 1, lastRound: figures });
      expect(fold.value).to.deep.include({ rounds: 'resting' });
    });

    it('that somebody else has made meanwhile count for nothing', () => {
      const fold = certain().send({ type: 'round.due' }).answer('round', figures);
      fold.send({ type: 'round.due' }).answer('round', null);
      expect(fold.context).to.deep.include({ rounds: 1, lastRound: figures });
    });

    it('that fail are told of, and the next one is made', () => {
      const fold = certain().send({ type: 'round.due' }).fail('round', new Error('gone'));
      expect(fold.told).to.include('report');
      expect(fold.context.lastError).to.include({ message: 'gone' });
      expect(fold.send({ type: 'round.due' }).answer('round', null).context.lastError).to.equal(null);
    });
  });

  it('begins with nothing under way, in doubt of the lease, and patient with nobody', () => {
    expect(balancer().value).to.deep.equal({
      rounds: 'resting',
      moves: 'still',
      patience: 'none',
      lease: 'doubted',
    });
    expect(balancer().timers).to.deep.equal({});
  });

  describe('what fails', () => {
    const error = new Error('gone');
    const ways = {
      round: () => certain().send({ type: 'round.due' }),
      move: () => certain().send(order(3, 5)),
    };

    for (const [doing, begin] of Object.entries(ways)) {
      it(`is told of, and does not go on: ${doing}`, () => {
        const fold = begin().fail(doing, error);
        expect(fold.value).to.deep.include({ rounds: 'resting', moves: 'still' });
        expect(fold.invoked).to.deep.equal([]);
        expect(fold.told).to.deep.equal(['report']);
        expect(fold.paramsOf('report')).to.deep.equal({ error, doing });
        expect(fold.context).to.deep.include({ count: 0, lastError: { code: 'Error', message: 'gone' } });
      });
    }

    it('is forgotten with the next that succeeds', () => {
      expect(ways.move().fail('move', error).send(order(4)).answer('move', 1).context.lastError).to.equal(
        null,
      );
    });
  });

  describe('an order', () => {
    it('is followed once, however often it is heard [C-BAL-2]', () => {
      const fold = certain().send(order(3, 5));
      expect(fold.inputOf('move')).to.deep.equal({ count: 5 });
      fold.answer('move', 4).send(order(3, 5));
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.context).to.include({ moved: 4, followed: 3 });
      expect(fold.send(order(4)).invoked).to.deep.equal(['move']);
    });

    it('is not followed while streams of another one are on their way', () => {
      const fold = certain().send(order(3), order(4, 9));
      expect(fold.inputOf('move')).to.deep.equal({ count: 2 });
      fold.answer('move', 2);
      expect(fold.context.followed).to.equal(3);
    });

    it('is not followed in doubt of the lease, and is once that is over [C-BAL-5]', () => {
      const fold = certain().send({ type: 'lease.missed' }, order(3));
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.send({ type: 'lease.confirmed' }, order(3)).invoked).to.deep.equal(['move']);
    });

    it('is not followed again by a balancer that is started anew', () => {
      const fold = new Fold(balancerMachine, { coolMs: 500, followed: 3, moved: 2 });
      fold.send({ type: 'lease.confirmed' }, order(3));
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.send(order(4)).answer('move', 1).context.moved).to.equal(3);
    });

    it('of rounds that are counted anew is followed: what they stand in may be lost', () => {
      const fold = certain().send(order(30)).answer('move', 2).send(order(1));
      expect(fold.invoked).to.deep.equal(['move']);
    });
  });

  it('is patient for a while after it was told to take streams, each time anew [C-BAL-6]', () => {
    const fold = certain().send({ type: 'intake.heard' });
    expect(fold.value).to.deep.include({ patience: 'cooling' });
    expect(fold.timers).to.deep.equal({ coolDelay: 500 });
    fold.send({ type: 'intake.heard' });
    expect(fold.elapse('coolDelay').value).to.deep.include({ patience: 'none' });
  });

  it('never has more than one round and one move under way, whatever comes', () => {
    const events = fc.array(
      fc.oneof(
        fc.constantFrom<BalancerEvent>(
          { type: 'round.due' },
          { type: 'intake.heard' },
          { type: 'lease.missed' },
          { type: 'lease.confirmed' },
        ),
        fc.integer({ min: 1, max: 4 }).map((round) => order(round)),
        fc.constantFrom('round', 'move'),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(events, (steps) => {
        const fold = certain();
        let moves = 0;
        for (const step of steps) {
          if (typeof step !== 'string') {
            const before = fold.invoked.includes('move');
            fold.send(step);
            if (fold.invoked.includes('move') && !before) moves += 1;
          } else if (fold.invoked.includes(step)) {
            fold.answer(step, step === 'move' ? 1 : null);
          }
          expect(fold.invoked.length).to.be.at.most(2);
          expect(fold.context.moved).to.be.at.most(moves);
        }
      }),
    );
  });
});
