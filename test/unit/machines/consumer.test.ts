import { expect } from 'chai';
import { type ConsumerEvent, consumerMachine } from '../../../src/machines/consumer.machine.js';
import { Fold } from './fold.js';

const start: ConsumerEvent = { type: 'start' };
const prepared: ConsumerEvent = { type: 'start.prepared' };
const verified: ConsumerEvent = { type: 'lease.verified' };
const drained: ConsumerEvent = { type: 'drained' };
const error = { code: 'RedisUnavailable', message: 'connection refused' };
const startFailed: ConsumerEvent = { type: 'start.failed', error };
const gaveUp: ConsumerEvent = { type: 'reading.gaveUp', error };
const stop = (mode: 'finish' | 'handOver' | 'abandon'): ConsumerEvent => ({ type: 'stop.requested', mode });
const escalated = (child: string): ConsumerEvent => ({
  type: 'child.escalated',
  child,
  why: `${child} is down`,
});
const healed = (child: string): ConsumerEvent => ({ type: 'child.healed', child });

const consumer = (...events: ConsumerEvent[]) => new Fold(consumerMachine).send(...events);
const ways = {
  idle: [],
  starting: [start],
  recovering: [start, prepared],
  running: [start, prepared, verified],
  degraded: [start, prepared, verified, escalated('intake')],
  draining: [start, prepared, verified, stop('finish')],
} satisfies Record<string, ConsumerEvent[]>;

describe('consumer machine', () => {
  describe('on its way up', () => {
    it('opens nothing before start', () => {
      expect(consumer().value).to.equal('idle');
      expect(consumer().told).to.deep.equal([]);
    });

    it('prepares, recovers what is its own, and only then reads', () => {
      const fold = consumer(start);
      expect(fold.value).to.equal('starting');
      expect(fold.told).to.deep.equal(['prepare']);
      fold.send(prepared);
      expect(fold.value).to.equal('recovering');
      expect(fold.told).to.deep.equal(['startChildren']);
      fold.send(verified);
      expect(fold.value).to.equal('running');
      expect(fold.told).to.deep.equal(['startIntake']);
    });

    it('reads in degraded where a child was in trouble before the lease was verified', () => {
      const fold = consumer(start, prepared, escalated('masterSubscription'), verified);
      expect(fold.value).to.equal('degraded');
      expect(fold.told).to.deep.equal(['startIntake']);
    });

    it('fails at once when starting fails: nothing is owned yet', () => {
      const fold = consumer(start, startFailed);
      expect(fold.value).to.equal('failed');
      expect(fold.isOver).to.equal(true);
      expect(fold.told).to.deep.equal([]);
      expect(fold.context.error).to.deep.equal(error);
    });

    it('drains first when recovering fails: something may be owned already', () => {
      const fold = consumer(...ways.recovering, startFailed);
      expect(fold.value).to.equal('draining');
      expect(fold.told).to.deep.equal(['endAssignment', 'drain']);
      expect(fold.send(drained).value).to.equal('failed');
    });

    it('does not start twice', () => {
      for (const way of [ways.starting, ways.recovering, ways.running, ways.degraded, ways.draining]) {
        const before = consumer(...way).value;
        const fold = consumer(...way, start);
        expect(fold.value).to.equal(before);
        expect(fold.told).to.deep.equal([]);
      }
    });
  });

  describe('in trouble', () => {
    it('is degraded when a child is beyond its limits, and says why', () => {
      const fold = consumer(...ways.degraded);
      expect(fold.value).to.equal('degraded');
      expect(fold.context.troubles).to.deep.equal({ intake: 'intake is down' });
      expect(fold.told).to.deep.equal([]);
    });

    it('runs again only when the last trouble is over, without starting to read twice', () => {
      const fold = consumer(...ways.degraded, escalated('reconciler'));
      expect(fold.context.troubles).to.have.all.keys('intake', 'reconciler');
      fold.send(healed('intake'));
      expect(fold.value).to.equal('degraded');
      expect(fold.context.troubles).to.have.all.keys('reconciler');
      fold.send(healed('reconciler'));
      expect(fold.value).to.equal('running');
      expect(fold.context.troubles).to.deep.equal({});
      expect(fold.told).to.deep.equal([]);
    });

    it('is not healed by a child that had no trouble', () => {
      expect(consumer(...ways.degraded, healed('reconciler')).value).to.equal('degraded');
    });

    it('keeps the latest reason of a child', () => {
      const again: ConsumerEvent = { type: 'child.escalated', child: 'intake', why: 'still down' };
      expect(consumer(...ways.degraded, again).context.troubles).to.deep.equal({ intake: 'still down' });
    });

    for (const [state, way] of Object.entries(ways)) {
      it(`records troubles as they come and go in ${state}`, () => {
        const fold = consumer(...way, escalated('lockKeeper'));
        expect(fold.context.troubles).to.include({ lockKeeper: 'lockKeeper is down' });
        fold.send(healed('lockKeeper'));
        expect(fold.context.troubles).not.to.have.property('lockKeeper');
        expect(fold.value).to.equal(state);
      });
    }
  });

  describe('on its way down', () => {
    it('has nothing to drain when it never started', () => {
      const fold = consumer(stop('handOver'));
      expect(fold.value).to.equal('stopped');
      expect(fold.told).to.deep.equal([]);
      expect(fold.isOver).to.equal(true);
      expect(consumer(stop('abandon')).context.mode).to.equal('abandon');
    });

    for (const state of ['starting', 'recovering', 'running', 'degraded'] as const) {
      it(`drains as asked when it is stopped in ${state}`, () => {
        const fold = consumer(...ways[state], stop('handOver'));
        expect(fold.value).to.equal('draining');
        expect(fold.told).to.deep.equal(['endAssignment', 'drain']);
        expect(fold.context.mode).to.equal('handOver');
        fold.send(drained);
        expect(fold.value).to.equal('stopped');
        expect(fold.told).to.deep.equal([]);
        expect(fold.isOver).to.equal(true);
      });
    }

    it('never reads after a stop, however late what was under way is answered', () => {
      for (const late of [prepared, verified, startFailed, gaveUp, healed('intake'), escalated('intake')]) {
        const fold = consumer(start, stop('finish'), late);
        expect(fold.value).to.equal('draining');
        expect(fold.told).to.deep.equal([]);
      }
    });

    it('calls a stop a stop, whatever fails while draining [C-TERM-1]', () => {
      const fold = consumer(...ways.draining, gaveUp, drained);
      expect(fold.value).to.equal('stopped');
      expect(fold.context.error).to.equal(null);
    });

    it('lets a harder mode follow, never a softer one [C-STOP-7]', () => {
      const fold = consumer(...ways.running, stop('finish'));
      fold.send(stop('finish'));
      expect(fold.told).to.deep.equal([]);
      fold.send(stop('handOver'));
      expect(fold.told).to.deep.equal(['hardenDrain']);
      expect(fold.context.mode).to.equal('handOver');
      fold.send(stop('finish'));
      expect(fold.told).to.deep.equal([]);
      expect(fold.context.mode).to.equal('handOver');
      fold.send(stop('abandon'));
      expect(fold.told).to.deep.equal(['hardenDrain']);
      expect(fold.context.mode).to.equal('abandon');
      expect(fold.send(stop('handOver')).context.mode).to.equal('abandon');
      expect(fold.value).to.equal('draining');
    });

    for (const state of ['running', 'degraded'] as const) {
      it(`drains and then fails when reading gives up in ${state}`, () => {
        const fold = consumer(...ways[state], gaveUp);
        expect(fold.value).to.equal('draining');
        expect(fold.told).to.deep.equal(['endAssignment', 'drain']);
        fold.send(drained);
        expect(fold.value).to.equal('failed');
        expect(fold.told).to.deep.equal([]);
        expect(fold.context.error).to.deep.equal(error);
      });
    }

    it('can be stopped harder while it drains because of a failure, and has failed all the same [C-TERM-1, C-OUT-4]', () => {
      const fold = consumer(...ways.running, gaveUp, stop('abandon'));
      expect(fold.told).to.deep.equal(['hardenDrain']);
      expect(fold.send(drained).value).to.equal('failed');
    });

    it('is over for good', () => {
      for (const end of [consumer(stop('finish')), consumer(start, startFailed)]) {
        const { value } = end;
        end.send(start, prepared, verified, gaveUp, stop('abandon'), drained);
        expect(end.value).to.equal(value);
        expect(end.told).to.deep.equal([]);
      }
    });
  });
});
