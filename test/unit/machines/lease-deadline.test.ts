import { expect } from 'chai';
import { createActor, SimulatedClock } from 'xstate';
import {
  type LeaseDeadlineEvent,
  leaseDeadlineMachine,
} from '../../../src/machines/lease-deadline.machine.js';
import { Fold } from './fold.js';

const proven = (remainingMs: number): LeaseDeadlineEvent => ({ type: 'lease.proven', remainingMs });
const passed: LeaseDeadlineEvent = { type: 'deadline.passed' };

describe('lease deadline machine', () => {
  it('waits for nothing, and misses nothing, before the lease has been proven', () => {
    const fold = new Fold(leaseDeadlineMachine, {}).send(passed);
    expect(fold.value).to.equal('none');
    expect(fold.timers).to.deep.equal({});
    expect(fold.told).to.deep.equal([]);
  });

  it('tells that the deadline has passed, once [C-UNC-1]', () => {
    const fold = new Fold(leaseDeadlineMachine, {}).send(proven(990));
    expect(fold.timers).to.deep.equal({ untilDeadline: 990 });
    expect(fold.elapse('untilDeadline').told).to.deep.equal(['tellMissed']);
    expect(fold.value).to.equal('uncertain');
    expect(fold.timers).to.deep.equal({});
    expect(fold.send(passed).told).to.deep.equal([]);
    expect(fold.context.misses).to.equal(1);
  });

  it('tells it at once when the wall clock says so [C-UNC-6]', () => {
    const fold = new Fold(leaseDeadlineMachine, {}).send(proven(990), passed);
    expect(fold.told).to.deep.equal(['tellMissed']);
    expect(fold.timers).to.deep.equal({});
    expect(fold.context.misses).to.equal(1);
  });

  it('begins anew with every proof', () => {
    const fold = new Fold(leaseDeadlineMachine, {}).send(proven(990), proven(970));
    expect(fold.value).to.equal('certain');
    expect(fold.timers).to.deep.equal({ untilDeadline: 970 });
    fold.elapse('untilDeadline').send(proven(980));
    expect(fold.value).to.equal('certain');
    expect(fold.elapse('untilDeadline').told).to.deep.equal(['tellMissed']);
    expect(fold.context.misses).to.equal(2);
  });

  it('is over at once when a proof comes after the lease that it is of', () => {
    expect(new Fold(leaseDeadlineMachine, {}).send(proven(-20)).timers).to.deep.equal({ untilDeadline: 0 });
  });

  it('goes on with what was proven before it began', () => {
    expect(new Fold(leaseDeadlineMachine, { remainingMs: 400 }).timers).to.deep.equal({ untilDeadline: 400 });
    expect(new Fold(leaseDeadlineMachine, { remainingMs: 0 }).elapse('untilDeadline').told).to.deep.equal([
      'tellMissed',
    ]);
  });

  it('misses it at the deadline of the last proof, not before', () => {
    const clock = new SimulatedClock();
    let missed = 0;
    const machine = leaseDeadlineMachine.provide({ actions: { tellMissed: () => (missed += 1) } });
    const actor = createActor(machine, { clock, input: {} }).start();
    actor.send(proven(1000));
    clock.increment(500);
    actor.send(proven(900));
    clock.increment(899);
    expect(missed).to.equal(0);
    clock.increment(1);
    expect(missed).to.equal(1);
    actor.stop();
  });
});
