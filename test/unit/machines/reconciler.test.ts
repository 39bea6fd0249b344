import { expect } from 'chai';
import { createActor, SimulatedClock } from 'xstate';
import {
  type ReconcilerEvent,
  type RequeueOutput,
  reconcilerMachine,
  type ScanOutput,
  type SweepOutput,
} from '../../../src/machines/reconciler.machine.js';
import { fingerprintOfContext } from '../../../src/replay/fingerprint.js';
import { asked } from './asked.js';
import { Fold } from './fold.js';

const input = { heartbeatMs: 1000, reconcileEveryMs: 60_000, reconcileJitter: 0.1 };
const upAfter = (outageMs: number | null): ReconcilerEvent => ({ type: 'connection.up', outageMs, at: 7 });
const up = upAfter(null);
const upAtOnce = upAfter(50);
const down: ReconcilerEvent = { type: 'connection.down', why: 'it was cut', at: 3 };
const outage: ReconcilerEvent = { type: 'outage.seen', why: 'our own presence had lapsed', at: 5 };
const hint: ReconcilerEvent = { type: 'hint' };
const scanNow: ReconcilerEvent = { type: 'scan.requested' };
const slice = (cursor: string | null, chance = 0, at = 5): ScanOutput => ({
  pending: 100,
  lockAlive: 2,
  requeued: 3,
  deadLettered: 1,
  tookMs: 10,
  cursor,
  chance,
  at,
});
const noneDead: SweepOutput = { dead: [], nextMs: 300 };
const oneDead: SweepOutput = { dead: ['c~1'], nextMs: 200 };
const requeued: RequeueOutput = { requeued: 5, deadLettered: 0, locked: 0, nextMs: 100 };
const timeout = Object.assign(new Error('timed out'), { code: 'RedisUnavailable' });

const reconciler = () => new Fold(reconcilerMachine, input);
const settling = () => reconciler().send(up);
const scanning = () => settling().elapse('settleDelay');
/** The first scan is over, and so is the sweep after it. */
const waiting = () => scanning().answer('scan', slice(null)).answer('sweep', noneDead);
const sweeping = () => waiting().elapse('sweepDelay');
const requeueing = () => sweeping().answer('sweep', oneDead);
const pausing = () => sweeping().fail('sweep', timeout);
const work = (fold: Fold<typeof reconcilerMachine>) => fold.value.work;

describe('reconciler machine', () => {
  describe('what fails', () => {
    const ways = { sweep: sweeping, requeue: requeueing };

    for (const [doing, begin] of Object.entries(ways)) {
      it(`is reported once it is known what it was: ${doing}`, () => {
        const fold = begin().fail(doing, timeout);
        // No fingerprint: it sees what the step ends with.
        expect(fold.told).to.deep.equal(['report']);
        expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing });
        expect(fold.context.lastError).to.deep.equal({ code: 'RedisUnavailable', message: 'timed out' });
      });
    }
  });

  it('a scan that fails is reported once it is known why, before the sweep after it begins', () => {
    const fold = scanning();
    const before = fold.context;
    fold.fail('scan', timeout);
    const lastError = { code: 'RedisUnavailable', message: 'timed out' };
    const seen = { ...before, scanDue: false, scanFailures: 1, lastError };
    expect(fold.told).to.deep.equal([`report @${fingerprintOfContext(seen)}`]);
    expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing: 'scan' });
  });

  describe('without a connection', () => {
    it('a sign of an outage is noted, and a connection that goes is none', () => {
      const fold = settling().send(down).send(outage);
      expect(work(fold)).to.equal('offline');
      expect(fold.context).to.deep.include({
        scanDue: true,
        cursor: null,
        suspended: { since: 3, why: outage.why },
      });
      const idle = reconciler().send(down);
      expect(idle.context.suspended).to.equal(null);
      expect(idle.send(outage).context.suspended).to.deep.equal({ since: 5, why: outage.why });
    });

    it('forgets how far a scan had come, when there is a sign of an outage', () => {
      const fold = scanning().answer('scan', slice('9-0')).send(down);
      expect(fold.context.cursor).to.equal('9-0');
      expect(fold.send(outage).context.cursor).to.equal(null);
    });
  });

  describe('the timer of scans', () => {
    it('stands still when it has run out, until the scan that is due is over', () => {
      const fold = waiting().elapse('scanDelay');
      expect(fold.value.timer).to.equal('stopped');
      fold.fail('scan', timeout);
      expect(fold.value.timer).to.equal('retrying');
      expect(fold.elapse('scanRetryDelay').value.timer).to.equal('stopped');
    });
  });

  describe('signs of outages', () => {
    it('are counted', () => {
      expect(waiting().send(outage).context.outages).to.equal(1);
      expect(waiting().send(outage, outage).context.outages).to.equal(2);
    });
  });

  describe('with the connection', () => {
    it('does nothing without one', () => {
      const fold = reconciler().send(hint, scanNow, down);
      expect(work(fold)).to.equal('offline');
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.timers).to.deep.equal({});
    });

    it('takes nothing from anyone until more than a heartbeat after connecting [C-EXP-2]', () => {
      const fold = settling().send(hint, scanNow);
      expect(work(fold)).to.equal('settling');
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.timers.settleDelay).to.be.above(input.heartbeatMs);
    });

    it('scans at once when it has settled, and sweeps after that', () => {
      const fold = scanning();
      expect(fold.invoked).to.deep.equal(['scan']);
      expect(fold.inputOf('scan')).to.deep.equal({ cursor: null });
      fold.answer('scan', slice(null));
      expect(fold.invoked).to.deep.equal(['sweep']);
    });

    it('that takes the place of another one at once disturbs nothing', () => {
      for (const begin of [scanning, waiting, sweeping, requeueing, pausing]) {
        const fold = begin();
        const before = work(fold);
        expect(work(fold.send(upAtOnce))).to.equal(before);
        expect(fold.told).to.deep.equal([]);
      }
    });

    const everywhere = { settling, scanning, waiting, sweeping, requeueing, pausing };
    for (const [state, reach] of Object.entries(everywhere)) {
      it(`stops everything when the connection is lost in ${state}`, () => {
        const fold = reach();
        expect(work(fold)).to.equal(state);
        fold.send(down);
        expect(work(fold)).to.equal('offline');
        expect(fold.invoked).to.deep.equal([]);
        expect(fold.timers).to.not.have.any.keys('sweepDelay', 'retryDelay');
      });

      it(`settles again when another server answers in ${state}, and scans from the beginning`, () => {
        const fold = reach().send(up);
        expect(work(fold)).to.equal('settling');
        expect(fold.invoked).to.deep.equal([]);
        fold.elapse('settleDelay');
        expect(work(fold)).to.equal('scanning');
        expect(fold.inputOf('scan')).to.deep.equal({ cursor: null });
      });
    }

    for (const [state, reach] of Object.entries({ scanning, waiting, sweeping, requeueing, pausing })) {
      it(`goes on at once when the connection is lost and made again in ${state} [C-EXP-2]`, () => {
        const fold = reach().send(down, upAtOnce);
        expect(['scanning', 'sweeping', 'waiting']).to.include(work(fold));
        expect(fold.context.suspended).to.equal(null);
      });

      it(`settles when everyone may have missed beats in ${state} [C-EXP-2, C-EXP-7]`, () => {
        for (const fold of [reach().send(outage), reach().send(down, upAfter(300))]) {
          expect(work(fold)).to.equal('settling');
          expect(fold.invoked).to.deep.equal([]);
          expect(fold.context.suspended).to.have.keys('since', 'why');
          fold.elapse('settleDelay');
          expect(work(fold)).to.equal('scanning');
          expect(fold.context.suspended).to.equal(null);
        }
      });
    }

    it('goes on with a scan that a short cut broke off', () => {
      const fold = scanning().answer('scan', slice('100-0')).answer('sweep', noneDead).send(down, upAtOnce);
      expect(fold.inputOf('scan')).to.deep.equal({ cursor: '100-0' });
    });

    it('does not begin to settle anew with each connection [C-EXP-2]', () => {
      const fold = settling();
      for (let i = 0; i < 20; i += 1) fold.send(down, upAtOnce);
      expect(work(fold)).to.equal('settling');
      expect(fold.context.outages).to.equal(1);
      expect(work(fold.elapse('settleDelay'))).to.equal('scanning');
    });

    it('goes on settling while there is no connection, and looks when there is one', () => {
      const fold = waiting().send(outage, down).elapse('settleDelay');
      expect(work(fold)).to.equal('offline');
      expect(work(fold.send(upAtOnce))).to.equal('scanning');
    });

    it('settles no longer than four times in a row, whatever it sees [C-EXP-2]', () => {
      const fold = waiting();
      for (let i = 0; i < 20; i += 1) fold.send(down, upAfter(900), outage);
      expect(fold.context.outages).to.equal(4);
      expect(work(fold.elapse('settleDelay'))).to.equal('scanning');
      expect(work(fold.send(outage)), 'what comes later counts anew').to.equal('settling');
    });

    it('settles no longer than that either where there is no connection when the time runs out [C-EXP-7]', () => {
      const cut = () => {
        const fold = waiting();
        for (let i = 0; i < 4; i += 1) fold.send(down, upAfter(300));
        return fold.send(down).elapse('settleDelay');
      };
      const fold = cut().send(upAfter(300));
      expect(work(fold)).to.equal('scanning');
      expect(fold.context).to.include({ outages: 0, suspended: null });
      expect(work(fold.send(down, upAfter(300))), 'what comes later counts anew').to.equal('settling');
      for (const other of [cut().send(upAfter(1500)), cut().send(up)]) {
        expect(work(other), 'an outage of its own').to.equal('settling');
        expect(other.context.outages).to.equal(1);
      }
    });

    it('says since when and why it is suspended, the latest reason [C-EXP-7]', () => {
      const fold = waiting().send(down);
      expect(fold.context.suspended).to.deep.equal({ since: 3, why: 'it was cut' });
      fold.send(outage);
      expect(fold.context.suspended).to.deep.equal({ since: 3, why: 'our own presence had lapsed' });
      expect(work(fold.send(upAtOnce))).to.equal('settling');
      expect(fold.elapse('settleDelay').context.suspended).to.equal(null);
      expect(settling().context.suspended, 'nothing had begun').to.equal(null);
    });

    it('begins a scan anew that an outage broke off, figures and all', () => {
      const fold = scanning().answer('scan', slice('100-0')).send(down, up).elapse('settleDelay');
      expect(fold.inputOf('scan')).to.deep.equal({ cursor: null });
      fold.answer('scan', slice(null));
      expect(fold.context.lastScan).to.include({ pending: 100 });
    });
  });

  describe('sweeping', () => {
    it('sweeps when the last sweep said', () => {
      expect(waiting().timers).to.deep.include({ sweepDelay: 300 });
      const fold = sweeping().answer('sweep', { dead: [], nextMs: 120 });
      expect(work(fold)).to.equal('waiting');
      expect(fold.timers).to.deep.include({ sweepDelay: 120 });
    });

    it('never waits for less than no time', () => {
      expect(sweeping().answer('sweep', { dead: [], nextMs: -5 }).timers).to.deep.include({ sweepDelay: 0 });
    });

    it('requeues what the dead held, and looks again when that said', () => {
      const fold = requeueing();
      expect(fold.inputOf('requeue')).to.deep.equal({ dead: ['c~1'] });
      fold.answer('requeue', requeued);
      expect(work(fold)).to.equal('waiting');
      expect(fold.context.dead).to.deep.equal([]);
      expect(fold.timers).to.deep.include({ sweepDelay: 100 });
    });

    it('sweeps at once on a hint', () => {
      const fold = waiting().send(hint);
      expect(fold.invoked).to.deep.equal(['sweep']);
      expect(fold.context.hinted).to.equal(false);
    });

    for (const [state, reach] of Object.entries({ sweeping, requeueing })) {
      it(`keeps a hint that comes while ${state}, and sweeps again for it, once`, () => {
        const fold = reach().send(hint, hint);
        expect(fold.invoked).to.have.length(1);
        if (state === 'requeueing') fold.answer('requeue', requeued);
        else fold.answer('sweep', noneDead);
        expect(fold.invoked).to.deep.equal(['sweep']);
        expect(work(fold.answer('sweep', noneDead))).to.equal('waiting');
      });
    }

    it('keeps a hint that comes while settling or offline', () => {
      expect(reconciler().send(hint, up).context.hinted).to.equal(true);
    });

    for (const [doing, reach] of Object.entries({ sweep: sweeping, requeue: requeueing })) {
      it(`sweeps again soon after a ${doing} that failed`, () => {
        const fold = reach().fail(doing, timeout);
        expect(work(fold)).to.equal('pausing');
        expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing });
        expect(fold.timers).to.deep.include({ retryDelay: 100 });
        expect(fold.context.lastError).to.deep.equal({ code: 'RedisUnavailable', message: 'timed out' });
        expect(fold.elapse('retryDelay').invoked).to.deep.equal(['sweep']);
        fold.answer('sweep', noneDead);
        expect(fold.context).to.include({ failures: 0, lastError: null });
      });
    }

    it('waits ever longer while the dead are found and cannot be requeued, up to a heartbeat', () => {
      const fold = sweeping();
      const delays: number[] = [];
      for (let i = 0; i < 6; i += 1) {
        fold.answer('sweep', oneDead).fail('requeue', timeout);
        delays.push(fold.timers.retryDelay as number);
        fold.elapse('retryDelay');
      }
      expect(delays).to.deep.equal([100, 200, 400, 800, 1000, 1000]);
      fold.answer('sweep', oneDead).answer('requeue', requeued);
      expect(fold.context).to.include({ failures: 0, lastError: null });
    });

    it('counts sweeps', () => {
      expect(waiting().context.sweeps).to.equal(1);
      expect(sweeping().context.sweeps).to.equal(2);
    });
  });

  describe('scanning', () => {
    it('sweeps between the slices: a long list does not hold up the finding of the dead', () => {
      const fold = scanning().answer('scan', slice('100-0'));
      expect(fold.invoked).to.deep.equal(['sweep']);
      fold.answer('sweep', oneDead);
      expect(fold.invoked).to.deep.equal(['requeue']);
      fold.answer('requeue', requeued);
      expect(fold.invoked).to.deep.equal(['scan']);
      expect(fold.inputOf('scan')).to.deep.equal({ cursor: '100-0' });
      fold.answer('scan', slice('200-0')).answer('sweep', noneDead);
      expect(fold.inputOf('scan')).to.deep.equal({ cursor: '200-0' });
      fold.answer('scan', slice(null, 0, 77)).answer('sweep', noneDead);
      expect(work(fold)).to.equal('waiting');
      expect(fold.context.scans).to.equal(1);
      expect(fold.context.lastScan).to.deep.equal({
        pending: 300,
        lockAlive: 6,
        requeued: 9,
        deadLettered: 3,
        tookMs: 30,
        at: 77,
      });
    });

    it('starts its timer when a scan is finished, with a new jitter each time', () => {
      expect(scanning().timers).to.not.have.property('scanDelay');
      const fold = scanning().answer('scan', slice(null, 0)).answer('sweep', noneDead);
      expect(fold.timers.scanDelay).to.equal(60_000);
      fold.elapse('scanDelay');
      expect(fold.invoked).to.deep.equal(['scan']);
      expect(fold.inputOf('scan')).to.deep.equal({ cursor: null });
      expect(fold.timers).to.not.have.property('scanDelay');
      fold.answer('scan', slice(null, 0.5));
      expect(fold.timers.scanDelay).to.be.closeTo(63_000, 1e-6);
    });

    it('starts its timer anew after a scan that was asked for', () => {
      const fold = waiting().send(scanNow);
      expect(fold.invoked).to.deep.equal(['scan']);
      fold.answer('scan', slice(null, 0.9));
      expect(fold.timers.scanDelay).to.be.closeTo(65_400, 1e-6);
    });

    it('scans when it is free, if the timer runs out meanwhile', () => {
      const fold = sweeping().elapse('scanDelay');
      expect(fold.invoked).to.deep.equal(['sweep']);
      expect(fold.answer('sweep', noneDead).invoked).to.deep.equal(['scan']);
    });

    it('scans once more when that is asked for during a scan, which may have passed the place already', () => {
      for (const fold of [
        scanning().answer('scan', slice('1-0')).send(scanNow),
        waiting().send(scanNow, scanNow),
      ]) {
        if (fold.invoked[0] === 'sweep') fold.answer('sweep', noneDead);
        fold.answer('scan', slice(null)).answer('sweep', noneDead);
        expect(fold.invoked).to.deep.equal(['scan']);
        expect(fold.inputOf('scan')).to.deep.equal({ cursor: null });
        expect(work(fold.answer('scan', slice(null)).answer('sweep', noneDead))).to.equal('waiting');
      }
    });

    it('does not scan again because the timer ran out during a scan', () => {
      const fold = waiting()
        .send(scanNow)
        .elapse('scanDelay')
        .answer('scan', slice(null))
        .answer('sweep', noneDead);
      expect(work(fold)).to.equal('waiting');
    });

    it('sweeps after a slice that failed, and goes on where it was when it has waited', () => {
      const fold = scanning().answer('scan', slice('9-0')).answer('sweep', noneDead).fail('scan', timeout);
      expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing: 'scan' });
      expect(fold.invoked).to.deep.equal(['sweep']);
      expect(fold.timers).to.deep.include({ scanRetryDelay: 100 });
      fold.answer('sweep', noneDead);
      expect(work(fold), 'sweeps go on meanwhile').to.equal('waiting');
      expect(fold.context.lastError, 'a sweep does not make up for a scan').to.deep.include({
        message: 'timed out',
      });
      fold.elapse('scanRetryDelay');
      expect(fold.inputOf('scan')).to.deep.equal({ cursor: '9-0' });
      fold.answer('scan', slice(null));
      expect(fold.context).to.include({ scanFailures: 0, lastError: null, scans: 1 });
      expect(fold.timers).to.have.property('scanDelay');
    });

    it('waits ever longer while slices fail, up to a heartbeat, and sweeps all the while', () => {
      const fold = scanning();
      const delays: number[] = [];
      for (let i = 0; i < 6; i += 1) {
        fold.fail('scan', timeout);
        delays.push(fold.timers.scanRetryDelay as number);
        fold.answer('sweep', noneDead).elapse('scanRetryDelay');
      }
      expect(delays).to.deep.equal([100, 200, 400, 800, 1000, 1000]);
      expect(fold.context.sweeps).to.equal(6);
    });

    it('goes on while sweeps fail', () => {
      const fold = sweeping().send(scanNow).fail('sweep', timeout).elapse('retryDelay');
      expect(fold.invoked).to.deep.equal(['scan']);
      fold.answer('scan', slice('3-0'));
      expect(fold.context.lastError, 'a scan does not make up for a sweep').to.deep.include({
        message: 'timed out',
      });
      fold.fail('sweep', timeout).elapse('retryDelay');
      expect(fold.inputOf('scan')).to.deep.equal({ cursor: '3-0' });
    });

    it('scans at once when asked, though a failed slice is waiting', () => {
      const fold = scanning().fail('scan', timeout).answer('sweep', noneDead).send(scanNow);
      expect(fold.invoked).to.deep.equal(['scan']);
    });
  });

  describe('live', () => {
    function live() {
      const clock = new SimulatedClock();
      const sweep = asked<SweepOutput>();
      const scan = asked<ScanOutput, { cursor: string | null }>();
      const requeue = asked<RequeueOutput, { dead: readonly string[] }>();
      const actor = createActor(
        reconcilerMachine.provide({
          actors: { sweep: sweep.logic, scan: scan.logic, requeue: requeue.logic },
        }),
        { clock, input },
      ).start();
      return { actor, clock, sweep, scan, requeue };
    }

    it('settles after every reconnection, counted from the last one', () => {
      const { actor, clock, scan } = live();
      actor.send(up);
      clock.increment(900);
      actor.send(down);
      actor.send(up);
      clock.increment(1000);
      expect(scan.questions).to.have.length(0);
      clock.increment(200);
      expect(scan.questions).to.have.length(1);
      actor.stop();
    });

    it('discards what a scan, a sweep or a requeue answers after the connection was lost', async () => {
      const { actor, clock, scan, sweep, requeue } = live();
      const reconnect = () => {
        actor.send(up);
        clock.increment(1200);
      };
      reconnect();
      actor.send(down);
      await scan.last().answer(slice(null));
      expect(actor.getSnapshot().context).to.include({ scans: 0, lastScan: null });

      reconnect();
      await scan.last().answer(slice(null));
      actor.send(down);
      await sweep.last().answer(oneDead);
      expect(actor.getSnapshot().context.dead).to.deep.equal([]);

      reconnect();
      await scan.last().answer(slice(null));
      await sweep.last().answer(oneDead);
      actor.send(down);
      expect(requeue.last().signal.aborted).to.equal(true);
      await requeue.last().fail(timeout);
      expect(actor.getSnapshot().value).to.deep.include({ work: 'offline' });
      expect(actor.getSnapshot().context.lastError).to.equal(null);
      actor.stop();
    });

    it('scans every reconcileEveryMs and sweeps in between, as the answers say', async () => {
      const { actor, clock, scan, sweep } = live();
      actor.send(up);
      clock.increment(1200);
      await scan.last().answer(slice(null, 0));
      await sweep.last().answer({ dead: [], nextMs: 50_000 });
      clock.increment(50_000);
      await sweep.last().answer({ dead: [], nextMs: 50_000 });
      expect(scan.questions).to.have.length(1);
      clock.increment(9_999);
      expect(scan.questions).to.have.length(1);
      clock.increment(1);
      expect(scan.questions).to.have.length(2);
      actor.stop();
    });
  });
});
