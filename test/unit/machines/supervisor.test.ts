import { expect } from 'chai';
import fc from 'fast-check';
import {
  problemOf,
  type SupervisorEvent,
  supervisorMachine,
} from '../../../src/machines/supervisor.machine.js';
import type { ChildSpec } from '../../../src/machines/standing.js';
import { Fold } from './fold.js';

const error = { code: 'RedisUnavailable', message: 'connection refused' };
const spec = (changes: Partial<ChildSpec> = {}): ChildSpec => ({
  id: 'intake',
  restart: 'permanent',
  maxRestarts: 3,
  withinMs: 1000,
  backoffMs: 100,
  maxBackoffMs: 1000,
  ...changes,
});
/** Chance that yields the whole delay; jitter takes up to half of it away. */
const WHOLE = 1;
const failed = (at: number, chance = WHOLE, child = 'intake'): SupervisorEvent => ({
  type: 'child.failed',
  child,
  error,
  at,
  chance,
});
const ended = (at: number, child = 'intake'): SupervisorEvent => ({
  type: 'child.ended',
  child,
  at,
  chance: WHOLE,
});
const started = (changes: Partial<ChildSpec> = {}): SupervisorEvent => ({
  type: 'child.started',
  spec: spec(changes),
});
const restarted: SupervisorEvent = { type: 'child.restarted', child: 'intake' };
const healthy: SupervisorEvent = { type: 'child.healthy', child: 'intake' };
const steady: SupervisorEvent = { type: 'child.steady', child: 'intake' };
const dismissed: SupervisorEvent = { type: 'child.dismissed', child: 'intake' };
const distressed = (child = 'intake'): SupervisorEvent => ({
  type: 'child.distressed',
  child,
  why: 'PermissionDenied: no CONFIG',
});
const stop: SupervisorEvent = { type: 'stop' };

const supervisor = (...events: SupervisorEvent[]) => new Fold(supervisorMachine, { keep: 5 }).send(...events);
/** Four failures in a row: one more than the spec allows. */
const overLimit = (changes: Partial<ChildSpec> = {}) =>
  supervisor(
    started(changes),
    ...[0, 10, 20, 30].flatMap((at) => [failed(at), ...(at < 30 ? [restarted] : [])]),
  );

describe('supervisor machine', () => {
  describe('one failure', () => {
    it('is kept, and the child alone is restarted after its back-off', () => {
      const fold = supervisor(started(), started({ id: 'reconciler' }), failed(50));
      expect(fold.told).to.deep.equal(['carryOut']);
      const failure = { child: 'intake', error, at: 50, count: 1, restartInMs: 100 };
      expect(fold.context.verdict).to.deep.equal({
        child: 'intake',
        failure,
        restartInMs: 100,
        escalates: false,
      });
      expect(fold.context.failures).to.deep.equal([failure]);
      expect(fold.context.children.intake).to.include({ status: 'restarting', restarts: 0 });
      expect(fold.context.children.reconciler).to.include({ status: 'running' });
      fold.send(restarted);
      expect(fold.context.children.intake).to.include({ status: 'running', restarts: 1 });
    });

    it('is judged anew while a restart is still to come: the start itself may fail', () => {
      const fold = supervisor(started(), failed(0), failed(1));
      expect(fold.told).to.deep.equal(['carryOut']);
      expect(fold.context.verdict).to.deep.include({ restartInMs: 200 });
    });

    it('of a child that is not known is ignored', () => {
      for (const child of ['nobody', 'constructor', '__proto__', 'toString']) {
        for (const event of [failed(0, 0, child), ended(0, child)]) {
          const fold = supervisor(started(), event);
          expect(fold.told).to.deep.equal([]);
          expect(fold.context.failures).to.deep.equal([]);
          expect(fold.context.verdict).to.equal(null);
        }
        for (const type of ['child.restarted', 'child.healthy', 'child.dismissed'] as const) {
          const fold = supervisor(started(), { type, child });
          expect(fold.told).to.deep.equal([]);
          expect(Object.keys(fold.context.children)).to.deep.equal(['intake']);
        }
        expect(supervisor(started(), { type: 'child.steady', child }).told).to.deep.equal([]);
      }
    });

    it('of something that is no child can be kept all the same', () => {
      const fold = supervisor({ type: 'failure.noted', child: 'ownership/1-0', error, at: 7 });
      expect(fold.told).to.deep.equal([]);
      expect(fold.context.failures).to.deep.equal([
        { child: 'ownership/1-0', error, at: 7, count: 1, restartInMs: null },
      ]);
      expect(fold.context.children).to.deep.equal({});
    });
  });

  describe('what is restarted', () => {
    it('permanent: whatever ended it; an end without an error counts as a failure', () => {
      expect(supervisor(started(), failed(0)).context.verdict?.restartInMs).to.equal(100);
      const { context } = supervisor(started(), ended(0));
      expect(context.verdict?.restartInMs).to.equal(100);
      expect(context.failures[0]?.error.code).to.equal('EndedUnasked');
    });

    it('transient: only what failed', () => {
      const transient = started({ restart: 'transient' });
      expect(supervisor(transient, failed(0)).context.verdict?.restartInMs).to.equal(100);
      const { context, told } = supervisor(transient, ended(0));
      expect(told).to.deep.equal(['carryOut']);
      expect(context.verdict).to.deep.equal({
        child: 'intake',
        failure: null,
        restartInMs: null,
        escalates: false,
      });
      expect(context.children.intake?.status).to.equal('ended');
      expect(context.failures).to.deep.equal([]);
    });

    it('temporary: nothing, but its failures are kept', () => {
      const temporary = started({ restart: 'temporary' });
      for (const event of [failed(0), ended(0)]) {
        const { context } = supervisor(temporary, event);
        expect(context.verdict?.restartInMs).to.equal(null);
        expect(context.children.intake?.status).to.equal('ended');
      }
      expect(supervisor(temporary, failed(0)).context.failures).to.have.length(1);
    });

    it('nothing any more after stop', () => {
      const fold = supervisor(started(), failed(0), stop);
      expect(fold.isOver).to.equal(true);
      fold.send(failed(1), restarted, healthy, dismissed, started({ id: 'new' }));
      expect(fold.told).to.deep.equal([]);
      expect(fold.context.children).to.have.all.keys('intake');
      expect(fold.context.failures).to.have.length(1);
    });
  });

  describe('the back-off', () => {
    it('doubles with each failure within the window, up to the longest [C-DEG-1]', () => {
      const fold = supervisor(started({ maxRestarts: 100 }));
      const delays = [0, 1, 2, 3, 4, 5].map(
        (at) => fold.send(failed(at), restarted).context.failures.at(-1)?.restartInMs,
      );
      expect(delays).to.deep.equal([100, 200, 400, 800, 1000, 1000]);
    });

    it('is half chance, so that a fleet does not restart in step', () => {
      expect(supervisor(started(), failed(0, 0)).context.verdict?.restartInMs).to.equal(50);
      expect(supervisor(started(), failed(0, 0.5)).context.verdict?.restartInMs).to.equal(75);
    });

    it('begins anew when earlier failures are older than the window', () => {
      const fold = supervisor(started(), failed(0), restarted, failed(1000));
      expect(fold.context.verdict).to.deep.include({ restartInMs: 100 });
      expect(fold.context.verdict?.failure?.count).to.equal(1);
    });

    it('begins anew when the wall clock has jumped back over the window', () => {
      const fold = supervisor(started(), failed(1_000_000), restarted, failed(0));
      expect(fold.context.verdict?.failure?.count).to.equal(1);
    });
  });

  describe('beyond the limit', () => {
    it('escalates with the failure that is one too many, once [C-DEG-1]', () => {
      const fold = overLimit();
      expect(fold.context.verdict).to.deep.include({ escalates: true });
      expect(fold.context.children.intake?.escalated).to.equal(true);
      fold.send(restarted, failed(40));
      expect(fold.context.verdict).to.deep.include({ escalates: false });
      expect(fold.context.children.intake?.escalated).to.equal(true);
    });

    it('does not escalate what fails as often in a longer time', () => {
      const fold = supervisor(started());
      for (let at = 0; at < 20_000; at += 400) {
        expect(fold.send(failed(at), restarted).context.verdict?.escalates).to.equal(false);
      }
    });

    it('goes on being restarted, at its longest delay', () => {
      expect(overLimit({ maxBackoffMs: 5000 }).context.verdict).to.deep.include({ restartInMs: 5000 });
    });

    it('escalates a temporary child as well: it is missed', () => {
      const fold = supervisor(started({ restart: 'temporary', maxRestarts: 0 }), failed(0));
      expect(fold.context.verdict).to.deep.include({ escalates: true, restartInMs: null });
    });

    it('is over when the child has been well for the whole window, whatever the wall clock says', () => {
      const fold = overLimit().send(restarted, steady);
      expect(fold.told).to.deep.equal(['heal']);
      expect(fold.context.children.intake).to.deep.include({ escalated: false, failedAt: [] });
      expect(fold.send(steady).told, 'once').to.deep.equal([]);
    });

    it('is over when the child, running, says that it is well', () => {
      const fold = overLimit().send(healthy);
      expect(fold.told, 'said before it failed').to.deep.equal([]);
      fold.send(restarted, healthy);
      expect(fold.told).to.deep.equal(['heal']);
      expect(fold.send(healthy).told, 'once').to.deep.equal([]);
    });

    it('is not over for a child that is not running', () => {
      expect(overLimit().send(steady).told).to.deep.equal([]);
    });

    it('can come again after healing', () => {
      const fold = overLimit().send(restarted, healthy);
      for (const at of [50, 60, 70])
        expect(fold.send(failed(at), restarted).context.verdict?.escalates).to.equal(false);
      expect(fold.send(failed(80)).context.verdict?.escalates).to.equal(true);
    });

    it('is over when the child is not wanted any more', () => {
      const fold = overLimit().send(dismissed);
      expect(fold.told).to.deep.equal(['heal']);
      expect(fold.context.children).to.deep.equal({});
      expect(supervisor(started(), dismissed).told).to.deep.equal([]);
      expect(supervisor(started(), dismissed).context.children).to.deep.equal({});
    });

    it('outlives a start of the same child: what was escalated stays so until it is healed', () => {
      const fold = overLimit().send(started({ maxRestarts: 9 }));
      expect(fold.context.children.intake).to.deep.include({ escalated: true, status: 'running' });
      expect(fold.context.children.intake?.spec.maxRestarts).to.equal(9);
      expect(fold.send(healthy).told).to.deep.equal(['heal']);
    });
  });

  describe('a child that is missed from the start', () => {
    const missed = () => supervisor(started(), failed(0), distressed());

    it('is escalated before it has used its restarts up', () => {
      const fold = missed();
      expect(fold.told).to.deep.equal(['escalate']);
      expect(fold.context.children.intake).to.deep.include({
        escalated: true,
        status: 'restarting',
        failedAt: [0],
      });
    });

    it('is escalated once, whichever way comes first', () => {
      const fold = missed();
      expect(fold.send(distressed()).told).to.deep.equal([]);
      for (const at of [10, 20, 30, 40]) fold.send(restarted, failed(at));
      expect(fold.context.verdict?.failure?.count, 'over the limit').to.equal(5);
      expect(fold.context.verdict?.escalates).to.equal(false);
      expect(overLimit().send(distressed()).told).to.deep.equal([]);
    });

    it('goes on being restarted by its back-off, not yet at its longest delay', () => {
      expect(missed().send(restarted, failed(10)).context.verdict).to.deep.include({
        restartInMs: 200,
        escalates: false,
      });
    });

    it('is healed like any other: says so itself, is well for long, or is not wanted any more', () => {
      expect(missed().send(restarted, healthy).told).to.deep.equal(['heal']);
      expect(missed().send(restarted, steady).told).to.deep.equal(['heal']);
      expect(missed().send(dismissed).told).to.deep.equal(['heal']);
    });

    it('may be missed again after healing', () => {
      expect(missed().send(restarted, healthy, distressed()).told).to.deep.equal(['escalate']);
    });

    it('is ignored when it is not known', () => {
      for (const child of ['nobody', 'constructor', '__proto__']) {
        expect(supervisor(started(), distressed(child)).told).to.deep.equal([]);
      }
    });
  });

  describe('what is kept', () => {
    it('is the latest failures, oldest first', () => {
      const fold = supervisor(started(), ...[1, 2, 3, 4, 5, 6, 7].map((at) => failed(at)));
      expect(fold.context.failures.map(({ at }) => at)).to.deep.equal([3, 4, 5, 6, 7]);
    });

    it('is nothing when nothing is to be kept', () => {
      const fold = new Fold(supervisorMachine, { keep: 0 }).send(started(), failed(0), failed(1));
      expect(fold.context.failures).to.deep.equal([]);
    });
  });

  describe('a child spec', () => {
    it('is right as it is', () => {
      expect(problemOf(spec())).to.equal(undefined);
      expect(problemOf(spec({ maxRestarts: 0, withinMs: 0, backoffMs: 0, maxBackoffMs: 0 }))).to.equal(
        undefined,
      );
    });

    it('says which of its options is wrong', () => {
      expect(problemOf(spec({ id: '' }))).to.match(/non-empty id/);
      for (const name of ['maxRestarts', 'withinMs', 'backoffMs', 'maxBackoffMs'] as const) {
        for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
          expect(problemOf(spec({ [name]: bad }))).to.equal(
            `expected ${name} of child intake to be a number from 0 up, got: ${bad}`,
          );
        }
      }
      expect(problemOf(spec({ backoffMs: 10, maxBackoffMs: 9 }))).to.match(
        /at least backoffMs \(10\), got: 9/,
      );
    });
  });

  describe('whatever fails, whenever', () => {
    const delay = fc.integer({ min: 0, max: 100_000 });
    const specs = fc
      .record({
        id: fc.constantFrom('a', 'b', 'constructor'),
        restart: fc.constantFrom('permanent', 'transient', 'temporary'),
        maxRestarts: fc.integer({ min: 0, max: 5 }),
        withinMs: delay,
        backoffMs: delay,
        more: delay,
      })
      .map(({ more, ...rest }): ChildSpec => ({ ...rest, maxBackoffMs: rest.backoffMs + more }));
    const child = fc.constantFrom('a', 'b', 'constructor', 'unknown');
    const at = fc.integer({ min: -1_000_000, max: 1_000_000 });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const events: fc.Arbitrary<SupervisorEvent> = fc.oneof(
      specs.map((made): SupervisorEvent => ({ type: 'child.started', spec: made })),
      {
        weight: 5,
        arbitrary: fc.record({
          type: fc.constant('child.failed'),
          child,
          error: fc.constant(error),
          at,
          chance,
        }),
      },
      fc.record({ type: fc.constant('child.ended'), child, at, chance }),
      { weight: 3, arbitrary: fc.record({ type: fc.constant('child.restarted'), child }) },
      fc.record({ type: fc.constant('child.steady'), child }),
      fc.record({ type: fc.constant('child.healthy'), child }),
      fc.record({ type: fc.constant('child.dismissed'), child }),
      fc.record({ type: fc.constant('child.distressed'), child, why: fc.constant('missed') }),
    ) as fc.Arbitrary<SupervisorEvent>;

    it('never restarts a temporary child, delays within its spec, and pairs every escalation with its healing', () => {
      fc.assert(
        fc.property(fc.array(events, { maxLength: 60 }), (list) => {
          const fold = supervisor();
          const escalated = new Set<string>();
          for (const event of list) {
            fold.send(event);
            const { verdict, children, failures } = fold.context;
            expect(failures.length).to.be.at.most(5);
            if (fold.told.includes('carryOut') && verdict) {
              const { spec: own } = children[verdict.child] as { spec: ChildSpec };
              if (own.restart === 'temporary') expect(verdict.restartInMs).to.equal(null);
              if (verdict.restartInMs !== null) expect(verdict.restartInMs).to.be.within(0, own.maxBackoffMs);
              if (verdict.escalates) {
                expect(escalated.has(verdict.child), 'escalated once').to.equal(false);
                escalated.add(verdict.child);
              }
            }
            if (fold.told.includes('escalate') && 'child' in event) {
              expect(escalated.has(event.child), 'escalated once').to.equal(false);
              escalated.add(event.child);
            }
            if (fold.told.includes('heal') && 'child' in event) {
              expect(escalated.delete(event.child), 'healed what was escalated').to.equal(true);
            }
            const known = Object.entries(children).flatMap(([id, record]) => (record.escalated ? [id] : []));
            expect(known.sort()).to.deep.equal([...escalated].sort());
          }
        }),
        { numRuns: 500 },
      );
    });
  });
});
