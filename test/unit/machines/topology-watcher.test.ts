import { expect } from 'chai';
import fc from 'fast-check';
import { createActor, SimulatedClock } from 'xstate';
import {
  type ApplyInput,
  type TopologyReport,
  type TopologyWatcherEvent,
  topologyWatcherMachine,
} from '../../../src/machines/topology-watcher.machine.js';
import { asked, heard } from './asked.js';
import { Fold } from './fold.js';

const input = { calmMs: 2000, restlessMs: 250 };
const look: TopologyWatcherEvent = { type: 'look.requested' };
const reset: TopologyWatcherEvent = { type: 'reset.requested' };

const A = ['10.0.0.1:6379', '10.0.0.2:6379'];
const B = ['10.0.0.1:6379', '10.0.0.3:6379'];
const settled = (masters: readonly string[], at = 1): TopologyReport => ({
  settled: true,
  problems: [],
  masters,
  at,
});
const torn = (masters: readonly string[] = A): TopologyReport => ({
  settled: false,
  problems: ['10.0.0.2:6379 says cluster_state:fail'],
  masters,
  at: 1,
});

const watcher = () => new Fold(topologyWatcherMachine, input);
const applying = () => watcher().answer('ask', settled(A));
const covered = () => applying().answer('apply');

describe('topology watcher machine', () => {
  describe('the first round', () => {
    it('asks at once', () => {
      const fold = watcher();
      expect(fold.value).to.equal('probing');
      expect(fold.invoked).to.deep.equal(['ask']);
      expect(fold.timers).to.deep.equal({});
      expect(fold.context).to.deep.include({ report: null, applied: null, rounds: 1, changes: 0 });
    });

    it('covers the masters of a settled cluster, then rests', () => {
      const fold = applying();
      expect(fold.value).to.equal('applying');
      expect(fold.invoked).to.deep.equal(['apply']);
      expect(fold.inputOf('apply')).to.deep.equal({ masters: A, anew: false });
      expect(fold.context.applied, 'not before it is done').to.equal(null);
      fold.answer('apply');
      expect(fold.value).to.equal('settled');
      expect(fold.context).to.deep.include({ applied: A, changes: 1 });
      expect(fold.timers).to.deep.equal({ calmDelay: 2000 });
    });

    it('covers nobody while nodes disagree, says why, and asks again soon [C-CLU-4]', () => {
      const fold = watcher().answer('ask', torn());
      expect(fold.value).to.equal('unsettled');
      expect(fold.invoked).to.deep.equal([]);
      expect(fold.context).to.deep.include({ report: torn(), applied: null });
      expect(fold.timers).to.deep.equal({ restlessDelay: 250 });
      expect(fold.elapse('restlessDelay').value).to.equal('probing');
      expect(fold.context.rounds).to.equal(2);
    });

    it('that fails is asked again as soon', () => {
      const fold = watcher().fail('ask', Object.assign(new Error('gone'), { code: 'RedisUnavailable' }));
      expect(fold.value).to.equal('unsettled');
      expect(fold.context.lastError).to.deep.equal({ code: 'RedisUnavailable', message: 'gone' });
    });
  });

  describe('once all is covered', () => {
    it('leaves the subscriptions alone while the masters are the same', () => {
      const fold = covered()
        .elapse('calmDelay')
        .answer('ask', settled([...A], 9));
      expect(fold.value).to.equal('settled');
      expect(fold.context.report?.at).to.equal(9);
      expect(fold.context).to.deep.include({ applied: A, changes: 1, rounds: 2 });
    });

    for (const [what, masters] of [
      ['another one', B],
      ['one more', [...A, '10.0.0.3:6379']],
      ['one fewer', A.slice(1)],
    ] as const) {
      it(`covers ${what} when that is so`, () => {
        const fold = covered().elapse('calmDelay').answer('ask', settled(masters));
        expect(fold.inputOf('apply')).to.deep.equal({ masters, anew: false });
        fold.answer('apply');
        expect(fold.context).to.deep.include({ applied: masters, changes: 2 });
      });
    }

    it('keeps what was covered while the cluster is not settled, and needs nothing when it is so again [C-CLU-4]', () => {
      const fold = covered().elapse('calmDelay').answer('ask', torn(B));
      expect(fold.context.applied).to.deep.equal(A);
      fold.elapse('restlessDelay').answer('ask', settled(A));
      expect(fold.value).to.equal('settled');
      expect(fold.context.changes).to.equal(1);
    });

    it('looks at once when something hints at a change', () => {
      const fold = covered().send(look);
      expect(fold.value).to.equal('probing');
      expect(fold.timers).to.deep.equal({});
    });
  });

  describe('a look that is asked for while one is under way', () => {
    it('is taken soon after, once', () => {
      const fold = watcher().send(look, look).answer('ask', settled(A)).answer('apply');
      expect(fold.timers).to.deep.equal({ calmDelay: 250 });
      fold.elapse('calmDelay').answer('ask', settled(A));
      expect(fold.timers, 'calm again').to.deep.equal({ calmDelay: 2000 });
    });

    it('is taken soon after it was asked for while masters were being covered', () => {
      const fold = applying().send(look).answer('apply');
      expect(fold.timers).to.deep.equal({ calmDelay: 250 });
    });

    it('needs no more than the next round while the cluster is not settled', () => {
      const fold = watcher().answer('ask', torn()).send(look);
      expect(fold.value).to.equal('unsettled');
      expect(fold.timers).to.deep.equal({ restlessDelay: 250 });
    });
  });

  describe('covering that fails', () => {
    const failed = () => applying().fail('apply', Object.assign(new Error('no'), { code: 'InvalidState' }));

    it('is told, and tried again', () => {
      const fold = failed();
      expect(fold.value).to.equal('unsettled');
      expect(fold.context).to.deep.include({
        applied: null,
        changes: 0,
        lastError: { code: 'InvalidState', message: 'no' },
      });
      fold.elapse('restlessDelay').answer('ask', settled(A));
      expect(fold.inputOf('apply')).to.deep.equal({ masters: A, anew: false });
      expect(fold.answer('apply').context).to.deep.include({ applied: A, lastError: null });
    });
  });

  describe('a reset', () => {
    it('covers anew what is covered already, which is no change', () => {
      const fold = covered().send(reset);
      expect(fold.value).to.equal('probing');
      fold.answer('ask', settled(A));
      expect(fold.inputOf('apply')).to.deep.equal({ masters: A, anew: true });
      fold.answer('apply');
      expect(fold.context).to.deep.include({ applied: A, changes: 1, isReset: false });
    });

    it('is over when it finds the cluster unsettled: what a later round says is applied as always', () => {
      const fold = covered().send(reset).answer('ask', torn());
      expect(fold.value).to.equal('unsettled');
      expect(fold.context.isReset).to.equal(false);
      fold.elapse('restlessDelay').answer('ask', settled(A));
      expect(fold.value).to.equal('settled');
    });

    it('is over when nobody could be asked, or covering failed', () => {
      expect(covered().send(reset).fail('ask', new Error('gone')).context.isReset).to.equal(false);
      const fold = covered().send(reset).answer('ask', settled(A)).fail('apply', new Error('no'));
      expect(fold.context.isReset).to.equal(false);
    });

    for (const [state, reach] of [
      ['probing', watcher],
      ['applying', applying],
      ['settled', covered],
      ['unsettled', () => watcher().answer('ask', torn())],
    ] as const) {
      it(`begins a round of its own from ${state}`, () => {
        const fold = reach();
        const { rounds } = fold.context;
        expect(fold.value).to.equal(state);
        fold.send(reset);
        expect(fold.value).to.equal('probing');
        expect(fold.invoked).to.deep.equal(['ask']);
        expect(fold.timers).to.deep.equal({});
        expect(fold.context).to.deep.include({ rounds: rounds + 1, isReset: true });
      });
    }
  });

  describe('what comes too late', () => {
    function live() {
      const ask = asked<TopologyReport>();
      const apply = asked<void, ApplyInput>();
      const machine = topologyWatcherMachine.provide({ actors: { ask: ask.logic, apply: apply.logic } });
      const actor = createActor(machine, { input, clock: new SimulatedClock() }).start();
      return { ask, apply, actor };
    }

    it('the answers of a round that was left change nothing', async () => {
      const { ask, apply, actor } = live();
      const first = ask.last();
      actor.send(reset);
      expect(first.signal.aborted).to.equal(true);
      await first.answer(settled(B));
      expect(actor.getSnapshot().value).to.equal('probing');
      expect(actor.getSnapshot().context.report).to.equal(null);
      await ask.last().answer(settled(A));
      expect(apply.last().input).to.deep.equal({ masters: A, anew: true });
      actor.stop();
    });

    it('neither does the end of a covering that a reset overtook', async () => {
      const { ask, apply, actor } = live();
      await ask.last().answer(settled(A));
      const first = apply.last();
      actor.send(reset);
      await first.answer();
      expect(actor.getSnapshot().context.applied).to.equal(null);
      await ask.last().answer(settled(B));
      await apply.last().answer();
      expect(actor.getSnapshot().context.applied).to.deep.equal(B);
      actor.stop();
    });

    it('nor what is answered after the end', async () => {
      const { ask, actor } = live();
      actor.stop();
      await ask.last().answer(settled(A));
      await heard();
      expect(actor.getSnapshot().context.report).to.equal(null);
    });
  });

  it('applies only what a settled cluster says, whatever happens in whatever order', () => {
    const step = fc.constantFrom(
      'settled A',
      'settled B',
      'torn A',
      'torn B',
      'fails',
      'look',
      'reset',
      'time',
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fold = watcher();
        let said: readonly string[] | undefined;
        for (const next of steps) {
          const [invoked] = fold.invoked;
          if (next === 'look') fold.send(look);
          else if (next === 'reset') fold.send(reset);
          else if (invoked === undefined) fold.elapse(Object.keys(fold.timers)[0] as string);
          else if (next === 'fails') fold.fail(invoked, new Error('no'));
          else if (invoked === 'apply') fold.answer('apply');
          else {
            const masters = next.endsWith('A') ? A : B;
            said = next.startsWith('settled') ? masters : undefined;
            fold.answer('ask', said ? settled(masters) : torn(masters));
          }
          if (fold.invoked.includes('apply')) expect(fold.inputOf('apply')).to.include({ masters: said });
          // Something always goes on: the watcher cannot fall asleep.
          expect(fold.invoked.length + Object.keys(fold.timers).length).to.equal(1);
          if (fold.value === 'settled') expect(fold.context.applied).to.deep.equal(said);
          if (fold.value === 'settled' || fold.value === 'unsettled') {
            expect(fold.context.isReset, 'a reset ends with its round').to.equal(false);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
