import { expect } from 'chai';
import { createActor, SimulatedClock } from 'xstate';
import {
  type LeaseKeeperEvent,
  leaseKeeperMachine,
  type RaiseOutput,
  type RefreshOutput,
  type VerifyOutput,
} from '../../../src/machines/lease-keeper.machine.js';
import { asked } from './asked.js';
import { Fold } from './fold.js';

const heartbeatMs = 1000;
const up: LeaseKeeperEvent = { type: 'connection.up' };
const down: LeaseKeeperEvent = { type: 'connection.down' };
const verify: LeaseKeeperEvent = { type: 'verify.requested', why: 'a test' };
const stale = (standing: number): LeaseKeeperEvent => ({ type: 'generation.stale', standing });
const raised = (generation: number, wasPresent = true): RaiseOutput => ({
  outcome: 'raised',
  generation,
  wasPresent,
  remainingMs: 990,
});
const standing = (generation: number): RaiseOutput => ({
  outcome: 'standing',
  generation,
  wasPresent: true,
  remainingMs: 0,
});
const beat = (outcome: RefreshOutput['outcome'], remainingMs = 980): RefreshOutput => ({
  outcome,
  remainingMs,
});
const nothingLost: VerifyOutput = { kept: 3, lost: 0, adopted: 0 };
const timeout = Object.assign(new Error('timed out'), { code: 'RedisUnavailable' });

const keeper = () => new Fold(leaseKeeperMachine, { heartbeatMs });
const raising = () => keeper().send(up);
const verifying = () => raising().answer('raise', raised(1, false));
const confirmed = () => verifying().answer('verifyAll', nothingLost);
const beating = () => confirmed().elapse('pulseInterval');
const overdue = () => confirmed().elapse('untilDeadline');

const present = (pulse: string, assurance: string) => ({ present: { pulse, assurance } });

describe('lease keeper machine', () => {
  describe('without a connection', () => {
    it('asks nothing and waits for nothing', () => {
      const fold = keeper();
      expect(fold.value).to.deep.equal({ lease: 'absent', certainty: 'none' });
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.timers).to.deep.equal({});
      fold.send(verify, stale(4), { type: 'presence.gone' }, down);
      expect(fold.value).to.deep.equal({ lease: 'absent', certainty: 'none' });
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
        expect(fold.value).to.deep.include({ lease: 'absent' });
        expect(fold.invoked).to.deep.equal([]);
        expect(fold.timers).to.not.have.any.keys('pulseInterval', 'retryDelay');
      });

      it(`begins a new generation when a connection is new in ${where}`, () => {
        const before = reach();
        const { asked: askedBefore } = before.context;
        const fold = before.send(up);
        expect(fold.value).to.deep.include({ lease: { raising: 'asking' } });
        expect(fold.invoked).to.deep.equal(['raise']);
        expect(fold.inputOf('raise')).to.deep.equal({ generation: askedBefore + 1 });
      });
    }

    it('goes on watching the deadline: what is held is told when it passes', () => {
      const fold = confirmed().send(down);
      expect(fold.timers).to.deep.equal({ untilDeadline: 990 });
      fold.elapse('untilDeadline');
      expect(fold.value).to.deep.equal({ lease: 'absent', certainty: 'uncertain' });
      expect(fold.told).to.deep.equal(['tellMissed']);
      expect(fold.context.misses).to.equal(1);
    });
  });

  describe('a new generation', () => {
    it('is raised first of all, and what is held is verified under it [C-LOST-5]', () => {
      const fold = raising();
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 1 });
      expect(fold.invoked).to.deep.equal(['raise']);
      fold.answer('raise', raised(1, false));
      expect(fold.value).to.deep.equal({ lease: present('resting', 'verifying'), certainty: 'certain' });
      expect(fold.invoked).to.deep.equal(['verifyAll']);
      expect(fold.timers).to.deep.equal({ pulseInterval: heartbeatMs / 2, untilDeadline: 990 });
      expect(fold.told).to.deep.equal([]);
    });

    it('goes above one that stands', () => {
      const fold = raising().answer('raise', standing(6));
      expect(fold.value).to.deep.include({ lease: { raising: 'asking' } });
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
        expect(fold.value).to.deep.include({ lease: { raising: 'pausing' } });
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
      expect(fold.value).to.deep.include({ lease: { raising: 'asking' } });
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 6 });
    });

    it('is raised as well when a smaller one stands: some late command wrote it', () => {
      const fold = confirmed().send(down, up).answer('raise', raised(2)).send(stale(1));
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 3 });
      expect(fold.context.generation).to.equal(2);
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
      expect(fold.value).to.deep.include({ lease: { raising: 'asking' } });
      expect(fold.inputOf('raise')).to.deep.equal({ generation: 2 });
      expect(fold.timers, 'a refused beat prolongs nothing').to.deep.equal({ untilDeadline: 990 });
    });
  });

  describe('the pulse', () => {
    it('beats every half heartbeat and starts the deadline anew each time', () => {
      const fold = beating();
      expect(fold.value).to.deep.include({ lease: present('beating', 'confirmed') });
      expect(fold.invoked).to.deep.equal(['refresh']);
      fold.answer('refresh', beat('alive', 970));
      expect(fold.value).to.deep.equal({ lease: present('resting', 'confirmed'), certainty: 'certain' });
      expect(fold.timers).to.deep.equal({ pulseInterval: 500, untilDeadline: 970 });
      expect(fold.told).to.deep.equal([]);
    });

    it('does not wait for a verification', () => {
      const fold = verifying().elapse('pulseInterval');
      expect(fold.invoked).to.have.members(['verifyAll', 'refresh']);
      expect(fold.answer('refresh', beat('alive')).invoked).to.deep.equal(['verifyAll']);
    });

    it('beats again soon after a failure, and verifies then: the unanswered refresh may have found a lapse', () => {
      const fold = beating().fail('refresh', timeout);
      expect(fold.value).to.deep.include({ lease: present('retrying', 'confirmed') });
      expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing: 'refresh' });
      expect(fold.timers).to.deep.include({ retryDelay: 50 });
      fold.elapse('retryDelay').answer('refresh', beat('alive'));
      expect(fold.value).to.deep.equal({ lease: present('resting', 'verifying'), certainty: 'certain' });
      expect(fold.context.unanswered).to.equal(false);
      fold.answer('verifyAll', nothingLost).elapse('pulseInterval').answer('refresh', beat('alive'));
      expect(fold.value, 'once is enough').to.deep.include({ lease: present('resting', 'confirmed') });
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
      expect(fold.value).to.deep.include({ lease: present('resting', 'confirmed') });
      expect(fold.told).to.deep.equal(['tellConfirmed']);
      expect(fold.context.lastVerify).to.deep.equal(nothingLost);
    });

    it('verifies everything again, once, after a lapse [C-LOST-5]', () => {
      const fold = beating().answer('refresh', beat('lapsed'));
      expect(fold.value).to.deep.equal({ lease: present('resting', 'verifying'), certainty: 'certain' });
      expect(fold.invoked).to.deep.equal(['verifyAll']);
      expect(fold.context.lapses).to.equal(1);
      fold.answer('verifyAll', { kept: 2, lost: 1, adopted: 0 });
      expect(fold.told).to.deep.equal(['tellConfirmed']);
      expect(fold.value).to.deep.include({ lease: present('resting', 'confirmed') });
    });

    it('verifies after a lapse from the beginning, though it was verifying already', () => {
      const fold = verifying().elapse('pulseInterval').answer('refresh', beat('lapsed'));
      expect(fold.value).to.deep.include({ lease: present('resting', 'verifying') });
      expect(fold.told).to.deep.equal([]);
      expect(fold.context.lapses).to.equal(1);
    });

    it('verifies when asked: confirmed, in between, or while a verification waits', () => {
      for (const fold of [confirmed(), verifying(), verifying().fail('verifyAll', timeout)]) {
        fold.send(verify);
        expect(fold.value).to.deep.include({ lease: present('resting', 'verifying') });
        expect(fold.invoked).to.deep.equal(['verifyAll']);
      }
    });

    it('tries a verification again that failed', () => {
      const fold = verifying().fail('verifyAll', timeout);
      expect(fold.value).to.deep.include({ lease: present('resting', 'pausing') });
      expect(fold.paramsOf('report')).to.deep.equal({ error: timeout, doing: 'verifyAll' });
      expect(fold.elapse('retryDelay').invoked).to.deep.equal(['verifyAll']);
    });
  });

  describe('certainty', () => {
    it('is gone when the deadline passes, and this is told once [C-UNC-1]', () => {
      const fold = overdue();
      expect(fold.value).to.deep.equal({ lease: present('resting', 'confirmed'), certainty: 'uncertain' });
      expect(fold.told).to.deep.equal(['tellMissed']);
      expect(fold.timers).not.to.have.property('untilDeadline');
    });

    it('comes back with the next beat, and what is held is confirmed after a verification [C-UNC-3]', () => {
      const fold = overdue().elapse('pulseInterval').answer('refresh', beat('alive'));
      expect(fold.value).to.deep.equal({ lease: present('resting', 'verifying'), certainty: 'certain' });
      expect(fold.told).to.deep.equal([]);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['tellConfirmed']);
    });

    it('is content with a verification that is under way', () => {
      const fold = verifying()
        .elapse('untilDeadline')
        .elapse('pulseInterval')
        .answer('refresh', beat('alive'));
      expect(fold.value).to.deep.equal({ lease: present('resting', 'verifying'), certainty: 'certain' });
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['tellConfirmed']);
    });

    it('must be there when what is held is told to be confirmed', () => {
      const fold = verifying().elapse('untilDeadline').answer('verifyAll', nothingLost);
      expect(fold.value).to.deep.equal({ lease: present('resting', 'confirmed'), certainty: 'uncertain' });
      expect(fold.told).to.deep.equal([]);
      fold.elapse('pulseInterval').answer('refresh', beat('alive'));
      expect(fold.invoked).to.deep.equal(['verifyAll']);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['tellConfirmed']);
    });

    it('comes back with a new generation', () => {
      const fold = overdue().send(down, up).answer('raise', raised(2, false));
      expect(fold.value).to.deep.equal({ lease: present('resting', 'verifying'), certainty: 'certain' });
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['tellConfirmed']);
    });

    it('verifies once when a lapse is found past the deadline', () => {
      const fold = overdue().elapse('pulseInterval').answer('refresh', beat('lapsed'));
      expect(fold.invoked).to.deep.equal(['verifyAll']);
      expect(fold.answer('verifyAll', nothingLost).told).to.deep.equal(['tellConfirmed']);
      expect(fold.invoked).to.deep.equal([]);
    });

    it('is over at once when an answer comes after the lease that it began', () => {
      const fold = beating().answer('refresh', beat('alive', -20));
      expect(fold.timers).to.deep.include({ untilDeadline: 0 });
    });

    it('goes on under the lease that an earlier keeper left behind', () => {
      const held = new Fold(leaseKeeperMachine, { heartbeatMs, remainingMs: 400 });
      expect(held.value).to.deep.equal({ lease: 'absent', certainty: 'certain' });
      expect(held.timers).to.deep.equal({ untilDeadline: 400 });
      expect(held.elapse('untilDeadline').told).to.deep.equal(['tellMissed']);
      const late = new Fold(leaseKeeperMachine, { heartbeatMs, remainingMs: -30 });
      expect(late.elapse('untilDeadline').told).to.deep.equal(['tellMissed']);
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
            tellMissed: () => told.push('missed'),
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

    it('never misses the deadline while beats succeed', async () => {
      const { clock, refresh, told, begin } = live();
      await begin();
      for (let i = 1; i <= 10; i += 1) {
        clock.increment(heartbeatMs / 2);
        expect(refresh.questions).to.have.length(i);
        await refresh.last().answer(beat('alive', 990));
      }
      expect(told).to.deep.equal(['confirmed']);
    });

    it('misses it at the deadline of the last beat, not before', async () => {
      const { actor, clock, refresh, told, begin } = live();
      await begin();
      clock.increment(500);
      await refresh.last().answer(beat('alive', 900));
      clock.increment(899);
      expect(told).to.deep.equal(['confirmed']);
      clock.increment(1);
      expect(told).to.deep.equal(['confirmed', 'missed']);
      actor.stop();
    });

    it('discards a raise that is answered after the connection was lost', async () => {
      const { actor, raise } = live();
      actor.send(up);
      const first = raise.last();
      actor.send(down);
      expect(first.signal.aborted).to.equal(true);
      await first.answer(raised(1));
      expect(actor.getSnapshot().value).to.deep.equal({ lease: 'absent', certainty: 'none' });
    });

    it('discards the answer to an earlier connection when a new one asks', async () => {
      const { actor, raise } = live();
      actor.send(up);
      actor.send(up);
      const [first, second] = raise.questions;
      await first?.answer(raised(1));
      expect(actor.getSnapshot().value).to.deep.include({ lease: { raising: 'asking' } });
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
      expect(actor.getSnapshot().value).to.deep.equal({ lease: 'absent', certainty: 'certain' });
      expect(actor.getSnapshot().context.lapses).to.equal(0);
      expect(told).to.deep.equal(['confirmed']);
      clock.increment(490);
      expect(told).to.deep.equal(['confirmed', 'missed']);
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
      expect(told).to.deep.equal(['confirmed']);
      const later = verifyAll.questions[2];
      await later?.answer(nothingLost);
      expect(told).to.deep.equal(['confirmed', 'confirmed']);
      expect(verifyAll.questions).to.have.length(3);
      actor.stop();
    });

    it('asks a verification once after a lapse past the deadline', async () => {
      const { actor, clock, refresh, verifyAll, begin } = live();
      await begin();
      clock.increment(500);
      clock.increment(500);
      const before = verifyAll.questions.length;
      await refresh.last().answer(beat('lapsed'));
      expect(verifyAll.questions).to.have.length(before + 1);
      actor.stop();
    });
  });
});
