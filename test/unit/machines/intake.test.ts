import { expect } from 'chai';
import {
  type IntakeEvent,
  intakeMachine,
  type Outlook,
  type ReadFailure,
  type ReadOutput,
} from '../../../src/machines/intake.machine.js';
import { Fold } from './fold.js';

const open: Outlook = { isPaused: false, hasRoom: true, isReaderUp: true, isConfirmed: true, turn: 'park' };
const closed: Readonly<Record<'paused' | 'full' | 'unconfirmed' | 'standingBack', Outlook>> = {
  paused: { ...open, isPaused: true },
  full: { ...open, hasRoom: false },
  unconfirmed: { ...open, isConfirmed: false },
  standingBack: { ...open, turn: 'none' },
};
const retry = { attempts: -1, initialMs: 100, maxMs: 1000 };
const error = { code: 'RedisUnavailable', message: 'gone' };
const failure: ReadFailure = { error, kind: 'passing', wasUp: true, chance: 1 };

const intake = (outlook = open, input = {}) =>
  new Fold(intakeMachine, { retry, outlook, failures: 0, ...input });
type Intake = ReturnType<typeof intake>;

const output = (fields: Partial<ReadOutput> = {}): ReadOutput => ({
  outlook: open,
  entries: 0,
  owned: 0,
  failure: null,
  isDeferred: false,
  ...fields,
});
const read = (fold: Intake, fields: Partial<ReadOutput> = {}) => fold.answer('read', output(fields));
const failed = (fold: Intake, fields: Partial<ReadFailure> = {}, outlook = open) =>
  read(fold, { outlook, failure: { ...failure, ...fields } });
const changed = (outlook: Outlook): IntakeEvent => ({ type: 'outlook.changed', outlook });
const stop: IntakeEvent = { type: 'stop.requested' };
const adoptingFailed: IntakeEvent = { type: 'adopting.failed', error };

describe('intake machine', () => {
  describe('where nothing stands in the way', () => {
    it('reads one turn after another', () => {
      const fold = intake();
      expect(fold.value).to.equal('reading');
      expect(fold.asked).to.deep.equal(['invoke read {"turn":"park"}']);
      read(fold, { entries: 3, owned: 2, outlook: { ...open, turn: 'ask' } });
      expect(fold.value).to.equal('reading');
      expect(fold.asked).to.deep.equal(['invoke read {"turn":"ask"}']);
      read(fold, { entries: 1, owned: 1 });
      expect(fold.context).to.deep.include({ turns: 2, entries: 4, owned: 3, failures: 0, failure: null });
    });

    it('leaves it to the turn to find that there is no connection', () => {
      expect(intake({ ...open, isReaderUp: false, isConfirmed: false, turn: 'none' }).value).to.equal(
        'reading',
      );
    });
  });

  describe('what stands in the way', () => {
    for (const [state, outlook] of Object.entries(closed)) {
      it(`is watched while it is ${state}`, () => {
        for (const fold of [intake(outlook), read(intake(), { outlook, isDeferred: true })]) {
          expect(fold.value).to.deep.equal({ waiting: state });
          expect(fold.asked).to.deep.equal(['watch']);
          expect(fold.context).to.include({ turns: 0 });
          expect(fold.send(changed(open)).value).to.equal('reading');
          expect(fold.context.outlook).to.deep.equal(open);
        }
      });

      it(`leads elsewhere from ${state} when it is something else`, () => {
        for (const [other, next] of Object.entries(closed)) {
          const fold = intake(outlook).send(changed(next));
          expect(fold.value).to.deep.equal({ waiting: other });
          expect(fold.asked).to.deep.equal(['watch']);
        }
      });

      it(`does not keep it from stopping where it is ${state}`, () => {
        const fold = intake(outlook).send(stop);
        expect(fold.value).to.equal('stopped');
        expect(fold.isOver).to.equal(true);
      });
    }

    it('is named by what comes first', () => {
      const all = {
        isPaused: true,
        hasRoom: false,
        isReaderUp: true,
        isConfirmed: false,
        turn: 'none' as const,
      };
      expect(intake(all).value).to.deep.equal({ waiting: 'paused' });
      expect(intake({ ...all, isPaused: false }).value).to.deep.equal({ waiting: 'full' });
      expect(intake({ ...all, isPaused: false, hasRoom: true }).value).to.deep.equal({
        waiting: 'unconfirmed',
      });
      expect(intake({ ...all, isPaused: false, isReaderUp: false }).value).to.deep.equal({ waiting: 'full' });
    });

    it('is not listened to while a turn is under way: its answer says', () => {
      const fold = intake().send(changed(closed.paused));
      expect(fold.value).to.equal('reading');
      expect(fold.context.outlook).to.deep.equal(open);
      expect(read(fold, { outlook: closed.full, entries: 1 }).value).to.deep.equal({ waiting: 'full' });
      expect(fold.context).to.include({ turns: 1, entries: 1 });
    });
  });

  describe('a read that fails', () => {
    it('is tried again, later and later', () => {
      const fold = intake();
      const delays: number[] = [];
      for (let n = 1; n <= 6; n++) {
        failed(fold);
        expect(fold.value).to.equal('recovering');
        expect(fold.asked).to.deep.equal([
          `tellFailure {"error":{"code":"RedisUnavailable","message":"gone"}}`,
          'verify {"why":"read failed"}',
          'watch',
          `after retryDelay ${Math.min(1000, 100 * 2 ** (n - 1))}`,
        ]);
        expect(fold.context).to.deep.include({ failures: n, failure });
        delays.push(fold.timers.retryDelay as number);
        fold.elapse('retryDelay');
        expect(fold.value).to.equal('reading');
      }
      expect(delays).to.deep.equal([100, 200, 400, 800, 1000, 1000]);
      expect(read(fold).context).to.deep.include({ failures: 0, failure: null });
    });

    it('waits between half of that and all of it', () => {
      expect(failed(intake(), { chance: 0 }).timers).to.deep.equal({ retryDelay: 50 });
      expect(failed(intake(), { chance: 0.5 }).timers).to.deep.equal({ retryDelay: 75 });
      const patient = { retry: { ...retry, maxMs: 1e9 }, failures: 40 };
      expect(failed(intake(open, patient)).timers).to.deep.equal({ retryDelay: 100 * 2 ** 16 });
    });

    it('counts what was read all the same', () => {
      const { context } = read(intake(), { entries: 3, owned: 1, failure });
      expect(context).to.include({ entries: 3, owned: 1, turns: 0 });
    });

    it('is no failure when another server is to be asked, but waits as well', () => {
      const fold = failed(intake(), { kind: 'elsewhere' });
      expect(fold.value).to.equal('recovering');
      expect(fold.context.failures).to.equal(0);
      expect(fold.timers).to.deep.equal({ retryDelay: 100 });
    });

    it('is none at all when it was ended by us', () => {
      const fold = read(intake(), {
        failure: { ...failure, kind: 'ended' },
        entries: 2,
        owned: 1,
        outlook: closed.paused,
      });
      expect(fold.value).to.deep.equal({ waiting: 'paused' });
      expect(fold.asked).to.deep.equal(['watch']);
      expect(fold.context).to.deep.include({ failures: 0, failure: null, entries: 2, owned: 1 });
      expect(failed(intake(), { kind: 'ended' }).value).to.equal('reading');
    });

    it('is reported when no time heals it', () => {
      const fold = failed(intake(), { kind: 'lasting' });
      expect(fold.value).to.equal('failed');
      expect(fold.isOver).to.equal(true);
      expect(fold.told).to.deep.equal(['report']);
      expect(fold.paramsOf('report')).to.deep.equal({ error, doing: 'read' });
      expect(fold.context).to.include({ failures: 1 });
    });

    it('that is no failure of Redis is reported', () => {
      const fold = intake().fail('read', new TypeError('a bug'));
      expect(fold.value).to.equal('failed');
      expect(fold.paramsOf('report')).to.deep.equal({
        error: { code: 'TypeError', message: 'a bug' },
        doing: 'read',
      });
    });

    it('is not tried again more often than it may be, and that goes on from the intake before', () => {
      const few = { retry: { ...retry, attempts: 2 } };
      const fold = failed(failed(intake(open, few)).elapse('retryDelay')).elapse('retryDelay');
      expect(fold.value).to.equal('reading');
      for (const last of [failed(fold), failed(intake(open, { ...few, failures: 2 }))]) {
        expect(last.value).to.equal('gaveUp');
        expect(last.isOver).to.equal(true);
        expect(last.told).to.deep.equal(['tellFailure']);
        expect(last.paramsOf('tellFailure')).to.deep.equal({ error });
        expect(last.context).to.deep.include({ failures: 3, failure });
      }
      const elsewhere = failed(intake(open, { ...few, failures: 2 }), { kind: 'elsewhere' });
      expect(elsewhere.value).to.equal('recovering');
      expect(failed(intake(open, { retry: { ...retry, attempts: 0 } })).value).to.equal('gaveUp');
    });

    it('leads to the end when it is to stop', () => {
      const fold = intake().send(stop);
      expect(fold.value).to.equal('reading');
      read(fold, { failure, entries: 2, owned: 1 });
      expect(fold.value).to.equal('stopped');
      expect(fold.context).to.include({ entries: 2, owned: 1 });
      expect(fold.told).to.deep.equal([]);
      expect(fold.context).to.include({ failures: 0 });
      expect(failed(intake().send(stop), { kind: 'lasting' }).value).to.equal('failed');
    });
  });

  describe('recovering', () => {
    const recovering = (wasUp = true) => failed(intake(), { wasUp }, { ...open, isReaderUp: wasUp });

    it('is over when there is a connection again, if there was none', () => {
      const down = { ...open, isReaderUp: false };
      const back = recovering(false).send(changed({ ...open, turn: 'ask' }));
      expect(back.value).to.equal('reading');
      expect(back.asked).to.deep.equal(['invoke read {"turn":"ask"}']);
      expect(recovering(false).send(changed({ ...down, hasRoom: false })).value).to.equal('recovering');
      expect(recovering(true).send(changed(down)).value).to.equal('recovering');
      expect(recovering(true).send(changed(down), changed(open)).value).to.equal('recovering');
    });

    it('is over when reading is not wanted any more', () => {
      expect(recovering().send(changed(closed.paused)).value).to.deep.equal({ waiting: 'paused' });
      expect(recovering().send(changed({ ...closed.full, isPaused: true })).value).to.deep.equal({
        waiting: 'paused',
      });
      expect(recovering().send(stop).value).to.equal('stopped');
    });

    it('goes by the latest outlook when it is over', () => {
      const fold = recovering().send(changed(closed.full));
      expect(fold.value).to.equal('recovering');
      expect(fold.elapse('retryDelay').value).to.deep.equal({ waiting: 'full' });
    });
  });

  describe('a connection that answers', () => {
    const answered: IntakeEvent = { type: 'reader.answered' };

    it('takes back what reading failed with, before anything has been read', () => {
      const fold = failed(intake()).elapse('retryDelay').send(answered);
      expect(fold.context).to.deep.include({ failure: null, failures: 1 });
      expect(fold.value).to.equal('reading');
    });

    it('is heard of in a turn only', () => {
      expect(failed(intake()).send(answered).context.failure).to.deep.equal(failure);
    });
  });

  describe('entries that cannot be adopted', () => {
    it('are what reading fails with, once the turn is over', () => {
      const fold = intake().send(adoptingFailed, {
        type: 'adopting.failed',
        error: { code: 'X', message: 'later' },
      } as IntakeEvent);
      expect(fold.value).to.equal('reading');
      read(fold, { entries: 1 });
      expect(fold.value).to.equal('failed');
      expect(fold.paramsOf('report')).to.deep.equal({ error, doing: 'adopt' });
    });

    for (const [state, outlook] of Object.entries(closed)) {
      it(`are at once where it is ${state}`, () => {
        const fold = intake(outlook).send(adoptingFailed);
        expect(fold.value).to.equal('failed');
        expect(fold.told).to.deep.equal(['report']);
      });
    }

    it('are when it has recovered', () => {
      const fold = failed(intake()).send(adoptingFailed);
      expect(fold.value).to.equal('recovering');
      expect(fold.elapse('retryDelay').value).to.equal('failed');
    });

    it('are not when it is to stop', () => {
      expect(read(intake().send(adoptingFailed, stop)).value).to.equal('stopped');
    });
  });

  describe('what leaves a trace', () => {
    it('are entries that become nobody’s', () => {
      const givenUp = { why: 'unparseable', count: 30, ids: ['1-0', '2-0'] };
      const fold = intake().send({ type: 'entries.givenUp', ...givenUp } as IntakeEvent);
      expect(fold.context.givenUp).to.deep.equal(givenUp);
      expect(fold.value).to.equal('reading');
      expect(
        intake(closed.full).send({ type: 'entries.givenUp', ...givenUp } as IntakeEvent).context.givenUp,
      ).to.deep.equal(givenUp);
    });

    it('are streams of which owners may have died', () => {
      const some = { count: 1, ids: ['1-0'] };
      const fold = intake().send({ type: 'suspects.begun', ...some } as IntakeEvent);
      expect(fold.context.suspects).to.deep.equal({ ...some, state: 'begun' });
      fold.send({ type: 'suspects.outlived', ...some } as IntakeEvent);
      expect(fold.context.suspects).to.deep.equal({ ...some, state: 'outlived' });
      expect(read(fold).context.suspects).to.deep.equal({ ...some, state: 'outlived' });
    });
  });
});
