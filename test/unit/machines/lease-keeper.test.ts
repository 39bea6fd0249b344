import { expect } from 'chai';
import { createActor, SimulatedClock } from 'xstate';
import {
  type LeaseKeeperEvent,
  leaseKeeperMachine,
  type RaiseOutput,
  type RefreshOutput,
} from '../../../src/machines/lease-keeper.machine.js';
import type { VerifyOutput } from '../../../src/machines/standing.js';
import { asked } from './asked.js';
import { Fold } from './fold.js';

const heartbeatMs = 1000;
const up: LeaseKeeperEvent = { type: 'connection.up' };
const down: LeaseKeeperEvent = { type: 'connection.down' };
const verify: LeaseKeeperEvent = { type: 'verify.requested', why: 'a test' };
const stale = (standing: number): LeaseKeeperEvent => ({ type: 'generation.stale', standing });
const raised = (generation: number, wasPresent = true, inTime = wasPresent): RaiseOutput => ({
  outcome: 'raised',
  generation,
  wasPresent,
  inTime,
});
const standing = (generation: number): RaiseOutput => ({
  outcome: 'standing',
  generation,
  wasPresent: true,
  inTime: false,
});
const beat = (outcome: RefreshOutput['outcome'], inTime = outcome === 'alive'): RefreshOutput => ({
  outcome,
  inTime,
});
const late = beat('alive', false);
const nothingLost: VerifyOutput = { kept: 3, lost: 0, adopted: 0, isStanding: true };
const timeout = Object.assign(new Error('timed out'), { code: 'RedisUnavailable' });

const keeper = () => new Fold(leaseKeeperMachine, { heartbeatMs });
const raising = () => keeper().send(up);
const verifying = () => raising().answer('raise', raised(1, false));
const confirmed = () => verifying().answer('verifyAll', nothingLost);
const beating = () => confirmed().elapse('pulseInterval');
const overdue = () => confirmed().send({ type: 'deadline.passed' });

const present = (pulse: string, assurance: string) => ({ present: { pulse, assurance } });
const leaseOf = ({ value }: { readonly value: unknown }) => (value as { lease: unknown }).lease;

describe('lease keeper machine', () => {
  describe('after failures', () => {
    const failures = { failures: 0, lastError: null, unanswered: false };
    /** Raising has failed before. */
    const retried = () => raising().fail('raise', timeout).elapse('retryDelay');
    /** A refresh has failed, and another one is on its way. */
    const beatingAgain = (fold = beating()) => fold.fail('refresh', timeout).elapse('retryDelay');

    it('each answer of Redis makes them forgotten, before anything is proven', () => {
      const again = () => retried().answer('raise', raised(1, false));
      expect(again().context).to.deep.include(failures);
      expect(beatingAgain().answer('refresh', beat('alive')).context).to.deep.include(failures);
      // It sees what the step ends with: no fingerprint.
      expect(beatingAgain().answer('refresh', beat('alive')).told).to.deep.equal(['prove']);
      expect(beatingAgain().answer('refresh', late).context).to.deep.include(failures);
      expect(
        beatingAgain(overdue().elapse('pulseInterval')).answer('refresh', beat('alive')).context,
      ).to.deep.include(failures);
      const verifyingStill = verifying().elapse('pulseInterval');
      expect(beatingAgain(verifyingStill).answer('refresh', beat('alive')).context).to.deep.include(failures);
    });

    it('a generation that is raised again, in time and without doubt, is proven at once', () => {
      const fold = confirmed()
        .send(up)
        .fail('raise', timeout)
        .elapse('retryDelay')
        .answer('raise', raised(3));
      expect(fold.told).to.deep.equal(['prove']);
      expect(fold.context).to.deep.include({ ...failures, generation: 3 });
    });

    it('a generation that is raised late leaves the lease in doubt', () => {
      const fold = confirmed()
        .send(up)
        .answer('raise', raised(2, true, false));
      expect(fold.value).to.deep.include({ certainty: 'doubted' });
      expect(
        confirmed()
          .send(up)
          .answer('raise', raised(2, false, false)).value,
      ).to.deep.include({ certainty: 'doubted' });
    });

    it('a beat that is late leaves the lease in doubt', () => {
      expect(beating().answer('refresh', late).value).to.deep.include({ certainty: 'doubted' });
    });

    it('a beat that comes after one that went unanswered proves the lease, and is verified', () => {
      const fold = beatingAgain().answer('refresh', beat('alive'));
      expect(fold.told).to.deep.equal(['prove']);
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
    });

    it('what failed is reported once it is known', () => {
      for (const [doing, begin] of Object.entries({
        raise: raising,
        refresh: beating,
        verifyAll: verifying,
      })) {
        const fold = begin().fail(doing, timeout);
        expect(fold.told).to.deep.equal(['report']);
        expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing });
        expect(fold.context).to.deep.include({
          failures: 1,
          lastError: { code: 'RedisUnavailable', message: 'timed out' },
        });
      }
    });

    it('what a verification found is kept, whatever came meanwhile', () => {
      const lost = { ...nothingLost, lost: 2 };
      expect(verifying().send(verify).answer('verifyAll', lost).context.lastVerify).to.deep.equal(lost);
      const gone = { ...lost, isStanding: false };
      const fold = verifying().answer('verifyAll', gone);
      expect(fold.context.lastVerify).to.deep.equal(gone);
      expect(fold.value).to.deep.include({ certainty: 'doubted' });
      const doubted = confirmed().send(verify).answer('verifyAll', gone);
      expect(doubted.value).to.deep.include({ certainty: 'doubted' });
    });
  });

  describe('without a connection', () => {
    it('asks nothing and waits for nothing', () => {
      const fold = keeper();
      expect(leaseOf(fold)).to.equal('absent');
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.timers).to.deep.equal({});
      fold.send(verify, stale(4), { type: 'presence.gone' }, down);
      expect(leaseOf(fold)).to.equal('absent');
      expect(fold.context.generation).to.equal(0);
    });

    const everywhere: Record<string, () => Fold<typeof leaseKeeperMachine>> = {
      'raising.asking': raising,
      'raising.pausing': () => raising().fail('raise', timeout),
      'present, verifying': verifying,
      'present, verifying again soon': () => verifying().fail('verifyAll', timeout),
      'present, confirmed': confirmed,
      'present, beating': beating,
      'present, beating again soon': () => beating().fail('refresh', timeout),
    };
    for (const [where, reach] of Object.entries(everywhere)) {
      it(`is absent as soon as the connection is lost in ${where}, with nothing under way`, () => {
        const fold = reach().send(down);
        expect(leaseOf(fold)).to.equal('absent');
        expect(fold.invoked).to.deep.equal([]);
        expect(fold.timers).to.not.have.any.keys('pulseInterval', 'retryDelay');
      });

      it(`begins a new generation when a connection is new in ${where}`, () => {
        const before = reach();
        const { asked: askedBefore } = before.context;
        const fold = before.send(up);
        expect(leaseOf(fold)).to.deep.equal({ raising: 'asking' });
        expect(fold.invoked).to.deep.equal(['raise']);
        expect(fold.inputOf('raise')).to.deep.equal({ generation: askedBefore + 1 });
      });
    }
  });

  describe('a new generation', () => {
    it('is raised first of all, and what is held is verified under it [C-LOST-5]', () => {
      const fold = raising();
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 1 });
      expect(fold.invoked).to.deep.equal(['raise']);
      fold.answer('raise', raised(1, false));
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.invoked).to.deep.equal(['verifyAll']);
      expect(fold.timers).to.deep.equal({ pulseInterval: heartbeatMs / 2 });
      expect(fold.told, 'nothing is proven before it').to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('goes above one that stands', () => {
      const fold = raising().answer('raise', standing(6));
      expect(leaseOf(fold)).to.deep.equal({ raising: 'asking' });
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 7 });
      expect(fold.answer('raise', raised(7)).context.generation).to.equal(7);
    });

    it('is never asked for twice: an attempt that Redis executes late must not look like the present one', () => {
      const fold = raising().fail('raise', timeout).elapse('retryDelay');
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 2 });
      fold.send(down, up);
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 3 });
      fold.answer('raise', raised(3)).send(down, up);
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 4 });
    });

    it('is tried again, ever later, up to a quarter heartbeat', () => {
      const fold = raising();
      const delays: number[] = [];
      for (let i = 0; i < 8; i += 1) {
        fold.fail('raise', timeout);
        expect(leaseOf(fold)).to.deep.equal({ raising: 'pausing' });
        expect(fold.told).to.deep.equal(['report']);
        expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing: 'raise' });
        delays.push(fold.timers.retryDelay as number);
        fold.elapse('retryDelay');
      }
      expect(delays).to.deep.equal([50, 100, 200, 250, 250, 250, 250, 250]);
      expect(fold.context.lastError).to.deep.equal({ code: 'RedisUnavailable', message: 'timed out' });
      fold.answer('raise', raised(9));
      expect(fold.context).to.include({ failures: 0, lastError: null });
    });

    it('counts a lapse that it finds, but not that the very first finds nothing', () => {
      expect(verifying().context.lapses).to.equal(0);
      const fold = confirmed().send(down, up).answer('raise', raised(2, false));
      expect(fold.context.lapses).to.equal(1);
      expect(fold.send(down, up).answer('raise', raised(3, true)).context.lapses).to.equal(1);
    });

    it('is raised above one that refused a command', () => {
      const fold = confirmed().send(stale(5));
      expect(leaseOf(fold)).to.deep.equal({ raising: 'asking' });
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 6 });
    });

    it('is raised as well when a smaller one stands: some late command wrote it', () => {
      const fold = confirmed().send(down, up).answer('raise', raised(2)).send(stale(1));
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 3 });
      expect(fold.context.generation).to.equal(2);
    });

    it('is raised when a refresh finds presence lapsed: nothing else writes it again [C-DONE-3]', () => {
      const fold = beating().answer('refresh', beat('lapsed'));
      expect(leaseOf(fold)).to.deep.equal({ raising: 'asking' });
      expect(fold.invoked).to.deep.equal(['raise']);
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 2 });
      expect(fold.told).to.deep.equal([]);
      expect(fold.send(stale(2), { type: 'presence.gone' }, verify).invoked).to.deep.equal(['raise']);
    });

    it('is raised again after a lapse until it is answered, and proves nothing though presence is found', () => {
      const fold = beating().answer('refresh', beat('lapsed')).fail('raise', timeout).elapse('retryDelay');
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 3 });
      fold.answer('raise', raised(3));
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.told).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('is not raised when it is our own that refused: the command was sent before it', () => {
      expect(confirmed().send(stale(1)).value).to.deep.equal(confirmed().value);
    });

    it('is raised when the number that stands could not be read', () => {
      const fold = confirmed().send(stale(Number.NaN));
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 2 });
    });

    it('is raised when a refresh is refused', () => {
      const fold = beating().answer('refresh', beat('stale'));
      expect(leaseOf(fold)).to.deep.equal({ raising: 'asking' });
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 2 });
      expect(fold.told, 'a refused beat proves nothing').to.deep.equal([]);
      expect(
        fold.answer('raise', raised(2)).told,
        'somebody may have taken something by force',
      ).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });
  });

  describe('the pulse', () => {
    it('beats every half heartbeat, and each beat proves the lease', () => {
      const fold = beating();
      expect(leaseOf(fold)).to.deep.equal(present('beating', 'confirmed'));
      expect(fold.invoked).to.deep.equal(['refresh']);
      fold.answer('refresh', beat('alive'));
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'confirmed'));
      expect(fold.timers).to.deep.equal({ pulseInterval: 500 });
      expect(fold.told).to.deep.equal(['prove']);
    });

    it('does not wait for a verification', () => {
      const fold = verifying().elapse('pulseInterval');
      expect(fold.invoked).to.have.members(['verifyAll', 'refresh']);
      expect(fold.answer('refresh', beat('alive')).invoked).to.deep.equal(['verifyAll']);
    });

    it('beats again soon after a failure, and verifies then [C-LOST-5]', () => {
      const fold = beating().fail('refresh', timeout);
      expect(leaseOf(fold)).to.deep.equal(present('retrying', 'confirmed'));
      expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing: 'refresh' });
      expect(fold.timers).to.deep.include({ retryDelay: 50 });
      fold.elapse('retryDelay').answer('refresh', beat('alive'));
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.context.unanswered).to.equal(false);
      fold.answer('verifyAll', nothingLost).elapse('pulseInterval').answer('refresh', beat('alive'));
      expect(leaseOf(fold), 'once is enough').to.deep.equal(present('resting', 'confirmed'));
    });

    it('beats at once when a command was refused because presence is gone', () => {
      expect(confirmed().send({ type: 'presence.gone' }).invoked).to.deep.equal(['refresh']);
      const retrying = beating().fail('refresh', timeout).send({ type: 'presence.gone' });
      expect(retrying.invoked).to.deep.equal(['refresh']);
      expect(retrying.timers).not.to.have.property('retryDelay');
      expect(beating().send({ type: 'presence.gone' }).invoked).to.deep.equal(['refresh']);
    });
  });

  describe('assurance', () => {
    it('confirms what is held once it has been verified', () => {
      const fold = confirmed();
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'confirmed'));
      expect(fold.told).to.deep.equal(['prove', 'tellConfirmed']);
      expect(fold.context.lastVerify).to.deep.equal(nothingLost);
    });

    it('verifies everything again, once, after a lapse [C-LOST-5]', () => {
      const fold = beating().answer('refresh', beat('lapsed')).answer('raise', raised(2, false));
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.invoked).to.deep.equal(['verifyAll']);
      expect(fold.context.lapses).to.equal(1);
      expect(fold.told, 'nobody has looked yet').to.deep.equal([]);
      fold.answer('verifyAll', { kept: 2, lost: 1, adopted: 0, isStanding: true });
      expect(fold.told).to.deep.equal(['prove', 'tellConfirmed']);
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'confirmed'));
    });

    it('verifies after a lapse from the beginning, though it was verifying already', () => {
      const fold = verifying().elapse('pulseInterval').answer('refresh', beat('lapsed'));
      expect(fold.invoked, 'what that one has seen is no matter any more').to.deep.equal(['raise']);
      fold.answer('raise', raised(2, false));
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.told).to.deep.equal([]);
      expect(fold.context.lapses).to.equal(1);
    });

    it('verifies when asked: confirmed, in between, or while a verification waits', () => {
      for (const fold of [confirmed(), verifying(), verifying().fail('verifyAll', timeout)]) {
        fold.send(verify);
        expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
        expect(fold.invoked).to.deep.equal(['verifyAll']);
      }
    });

    it('tries a verification again that failed', () => {
      const fold = verifying().fail('verifyAll', timeout);
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'pausing'));
      expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing: 'verifyAll' });
      expect(fold.elapse('retryDelay').invoked).to.deep.equal(['verifyAll']);
    });
  });

  describe('doubt', () => {
    it('begins when the deadline has passed: the next beat proves nothing, a verification after it does [C-UNC-3, C-UNC-7]', () => {
      const fold = overdue().elapse('pulseInterval').answer('refresh', late);
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.told).to.deep.equal([]);
      expect(fold.elapse('pulseInterval').answer('refresh', beat('alive')).told).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
      expect(fold.elapse('pulseInterval').answer('refresh', beat('alive')).told).to.deep.equal(['prove']);
    });

    it('begins with a beat that is late though nobody has said that the deadline has passed [C-UNC-7]', () => {
      const fold = beating().answer('refresh', late);
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.told).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('begins with a lapse, whatever the raise after it finds', () => {
      for (const answer of [raised(2, false), raised(2, false, true), raised(2)]) {
        const fold = beating().answer('refresh', beat('lapsed'));
        expect(fold.value).to.deep.include({ certainty: 'doubted' });
        fold.answer('raise', answer);
        expect(fold.told).to.deep.equal([]);
        expect(fold.value).to.deep.include({ certainty: 'doubted' });
      }
    });

    it('begins with a deadline that passed by a clock that has been set since', () => {
      const fold = overdue().elapse('pulseInterval').answer('refresh', beat('alive'));
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.told).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('is ended by a verification that was under way when the deadline passed, if beats are in time', () => {
      const fold = verifying()
        .send({ type: 'deadline.passed' })
        .elapse('pulseInterval')
        .answer('refresh', beat('alive'));
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.told).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('is not ended by a verification that had begun before a beat that was late', () => {
      const fold = verifying().elapse('pulseInterval').answer('refresh', late);
      fold.answer('verifyAll', nothingLost);
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
      expect(fold.told).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('is not ended by a verification at whose end the lease is over [C-UNC-7]', () => {
      const fold = verifying().answer('verifyAll', { ...nothingLost, isStanding: false });
      expect(leaseOf(fold)).to.deep.equal(present('resting', 'confirmed'));
      expect(fold.told).to.deep.equal([]);
      fold.elapse('pulseInterval').answer('refresh', late);
      expect(fold.invoked).to.deep.equal(['verifyAll']);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('does not begin with a new connection whose presence is there in time', () => {
      const fold = confirmed().send(down, up).answer('raise', raised(2));
      expect(fold.told).to.deep.equal(['prove']);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('begins with a new connection that comes too late, whether or not presence is there [C-UNC-7]', () => {
      for (const answer of [raised(2, false), raised(2, true, false)]) {
        const fold = confirmed().send(down, up).answer('raise', answer);
        expect(leaseOf(fold)).to.deep.equal(present('resting', 'verifying'));
        expect(fold.told).to.deep.equal([]);
        expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
      }
    });

    it('begins when another generation stands: something may have been taken by force', () => {
      const fold = confirmed().send(stale(7)).answer('raise', raised(8));
      expect(fold.told).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
    });

    it('is there when a keeper begins: what was taken before it, it does not know', () => {
      const fold = new Fold(leaseKeeperMachine, { heartbeatMs, asked: 4 })
        .send(up)
        .answer('raise', raised(5));
      expect(fold.told).to.deep.equal([]);
    });

    it('has everything verified once when a lapse is found past the deadline', () => {
      const fold = overdue()
        .elapse('pulseInterval')
        .answer('refresh', beat('lapsed'))
        .answer('raise', raised(2, false));
      expect(fold.invoked).to.deep.equal(['verifyAll']);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['prove', 'tellConfirmed']);
      expect(fold.invoked).to.deep.equal([]);
    });
  });

  describe('live', () => {
    function live() {
      const clock = new SimulatedClock();
      const raise = asked<RaiseOutput, { generation: number }>();
      const refresh = asked<RefreshOutput>();
      const verifyAll = asked<VerifyOutput>();
      const told: string[] = [];
      const actor = createActor(
        leaseKeeperMachine.provide({
          actors: { raise: raise.logic, refresh: refresh.logic, verifyAll: verifyAll.logic },
          actions: {
            prove: () => told.push('proven'),
            tellConfirmed: () => told.push('confirmed'),
          },
        }),
        { clock, input: { heartbeatMs } },
      ).start();
      const begin = async () => {
        actor.send(up);
        await raise.last().answer(raised(raise.last().input.generation));
        await verifyAll.last().answer(nothingLost);
      };
      return { actor, clock, raise, refresh, verifyAll, told, begin };
    }

    it('proves the lease with every beat', async () => {
      const { clock, refresh, told, begin } = live();
      await begin();
      for (let i = 1; i <= 10; i += 1) {
        clock.increment(heartbeatMs / 2);
        expect(refresh.questions).to.have.length(i);
        await refresh.last().answer(beat('alive'));
      }
      expect(told).to.deep.equal(['proven', 'confirmed', ...Array<string>(10).fill('proven')]);
    });

    it('discards a raise that is answered after the connection was lost', async () => {
      const { actor, raise } = live();
      actor.send(up);
      const first = raise.last();
      actor.send(down);
      expect(first.signal.aborted).to.equal(true);
      await first.answer(raised(1));
      expect(leaseOf(actor.getSnapshot())).to.equal('absent');
    });

    it('discards the answer to an earlier connection when a new one asks', async () => {
      const { actor, raise } = live();
      actor.send(up);
      actor.send(up);
      const [first, second] = raise.questions;
      await first?.answer(raised(1));
      expect(leaseOf(actor.getSnapshot())).to.deep.equal({ raising: 'asking' });
      await second?.answer(raised(2));
      expect(actor.getSnapshot().context.generation).to.equal(2);
      actor.stop();
    });

    it('discards a refresh and a verification that are answered after the connection was lost', async () => {
      const { actor, clock, refresh, verifyAll, told, begin } = live();
      await begin();
      actor.send(verify);
      clock.increment(500);
      actor.send(down);
      await refresh.last().answer(beat('lapsed'));
      await verifyAll.last().answer(nothingLost);
      expect(leaseOf(actor.getSnapshot())).to.equal('absent');
      expect(actor.getSnapshot().context.lapses).to.equal(0);
      expect(told).to.deep.equal(['proven', 'confirmed']);
    });

    it('confirms by the verification that was asked for last, not by one that began before', async () => {
      const { actor, verifyAll, told, begin } = live();
      await begin();
      actor.send(verify);
      actor.send(verify);
      actor.send(verify);
      const [, earlier] = verifyAll.questions;
      expect(verifyAll.questions).to.have.length(2);
      expect(earlier?.signal.aborted).to.equal(false);
      await earlier?.answer(nothingLost);
      expect(told).to.deep.equal(['proven', 'confirmed']);
      const later = verifyAll.questions[2];
      await later?.answer(nothingLost);
      expect(told).to.deep.equal(['proven', 'confirmed', 'proven', 'confirmed']);
      expect(verifyAll.questions).to.have.length(3);
      actor.stop();
    });

    it('asks a verification once after a lapse past the deadline', async () => {
      const { actor, clock, raise, refresh, verifyAll, begin } = live();
      await begin();
      clock.increment(500);
      clock.increment(500);
      const before = verifyAll.questions.length;
      await refresh.last().answer(beat('lapsed'));
      await raise.last().answer(raised(2, false));
      expect(verifyAll.questions).to.have.length(before + 1);
      actor.stop();
    });
  });
});
