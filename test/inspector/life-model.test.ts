import { expect } from 'chai';
import { type LifeStep, lifeOf } from '../../src/inspector/page/model/life.js';
import type { FleetStreamReply, OwnerChange } from '../../src/inspector/protocol.js';

const T = 1_790_000_000_000;
const NOTHING: FleetStreamReply = {
  ownership: { state: 'unknown' },
  history: null,
  checkpoint: null,
  pausedAt: null,
  letters: { found: [], looked: 0, areAll: true },
};
const name = 'order-7';
const change = (op: string, at: number, id: string, more: Partial<OwnerChange> = {}): OwnerChange => ({
  op,
  at: T + at,
  id,
  name,
  ...more,
});
const told = ({ what, how }: LifeStep) => `${what}; ${how}`;

describe("a stream's life", () => {
  it('is told from its history: announced, each owner with how that ended, retries, and its end', () => {
    const history = [
      change('acquired', 10, `${T}-0`, { owner: 'a~1' }),
      change('requeued', 2_010, `${T}-0`, {
        from: 'a~1',
        by: 'a~1',
        copy: `${T + 2_010}-0`,
        why: 'handOver',
      }),
      change('acquired', 2_020, `${T + 2_010}-0`, { owner: 'b~1' }),
      change('requeued', 5_000, `${T + 2_010}-0`, {
        from: 'b~1',
        by: 'c~1',
        copy: `${T + 5_000}-0`,
        why: 'dead',
      }),
      change('acquired', 5_010, `${T + 5_000}-0`, { owner: 'c~1' }),
      change('deadLettered', 6_000, `${T + 5_000}-0`, {
        from: 'c~1',
        by: 'c~1',
        copy: '9-0',
        reason: 'rejected',
      }),
    ].toReversed();
    const letter = {
      id: '9-0',
      at: T + 6_000,
      reason: 'rejected',
      retryCount: 1,
      owner: 'c~1',
      error: { name: 'E', message: 'no' },
    };
    const found = { ...NOTHING, history, letters: { found: [letter], looked: 1, areAll: true } };
    const { steps, unknown } = lifeOf(found);
    expect(steps.map(told)).to.deep.equal([
      'Announced; ',
      `Owned by a~1; given to everyone, handed over: no retry spent, as ${T + 2_010}-0`,
      `Owned by b~1; given to everyone, its owner died, as ${T + 5_000}-0`,
      'Owned by c~1; dead-lettered, rejected, as 9-0: E: no',
    ]);
    expect(steps[1]).to.deep.include({ at: T + 10, until: T + 2_010, id: `${T}-0` });
    expect(unknown).to.deep.equal([]);
  });

  it('tells what befell entries that nobody owned', () => {
    const history = [
      change('parked', 5, `${T}-0`, { from: 'a~1', by: 'a~1', copy: 'parked:1-1', why: 'paused' }),
      change('unparked', 50, 'parked:1-1', { by: 'a~1', copy: `${T + 50}-0` }),
      change('acquired', 60, `${T + 50}-0`, { owner: 'a~1' }),
      change('delayed', 70, `${T + 50}-0`, { from: 'a~1', by: 'a~1', copy: 'delayed:1', why: 'handOver' }),
      change('undelayed', 80, 'delayed:1', { by: 'b~1', copy: `${T + 80}-0` }),
      change('requeued', 85, `${T + 80}-0`, { from: 'b~1', by: 'b~1', copy: `${T + 85}-0`, why: 'waiting' }),
      change('acquired', 90, `${T + 85}-0`, { owner: 'b~1' }),
    ].toReversed();
    const { steps } = lifeOf({ ...NOTHING, history });
    expect(steps.map(told)).to.deep.equal([
      'Announced; ',
      'Parked; the name is paused, as parked:1-1',
      `Unparked; as ${T + 50}-0`,
      'Owned by a~1; released, to be given out later, handed over: no retry spent, as delayed:1',
      `Undelayed; as ${T + 80}-0`,
      `Announced anew; it had not been owned yet, as ${T + 85}-0`,
      'Owned by b~1; ',
    ]);
    expect(steps.at(-1)).to.deep.include({ until: null, tone: 'good' });
  });

  it('is told from what Redis has now where there is no history, and says what is not known', () => {
    const owned = {
      state: 'owned',
      owner: 'a~1',
      id: `${T}-0`,
      retryCount: 2,
      mark: null,
      sinceMs: T + 20,
      leaseMs: 900,
      isAlive: true,
    } as const;
    const letter = {
      id: `${T - 9_000}-0`,
      at: T - 9_000,
      reason: null,
      retryCount: 4,
      owner: null,
      error: { name: 'TypeError', message: 'no' },
    };
    const { steps, unknown } = lifeOf({
      ...NOTHING,
      ownership: owned,
      pausedAt: T + 30,
      letters: { found: [letter], looked: 1_000, areAll: false },
    });
    expect(steps.map(told)).to.deep.equal([
      'Dead-lettered; no reason given, 4 retries, TypeError: no',
      'This entry announced; ',
      'Owned by a~1; owns it now, after 2 retries',
      'Paused; nobody is given it',
    ]);
    expect(unknown.join(' ')).to.match(/historyKey.*newest 1,000/);
  });

  it('says of a name that is nowhere that Redis does not say why', () => {
    expect(lifeOf(NOTHING).steps).to.deep.equal([]);
    expect(lifeOf(NOTHING).unknown.join(' ')).to.match(/finished, cancelled, or never announced/);
    const blind = lifeOf({ ...NOTHING, ownership: null, letters: null, history: [] }).unknown;
    expect(blind).to.have.length(3);
  });

  it('tells of entries that wait, and of what is delayed', () => {
    const row = { state: 'waiting', consumer: 'a~1' } as never;
    const entries = [
      { id: `${T}-0`, retryCount: 0, isSuspect: false, pending: null },
      { id: `${T}-1`, retryCount: 1, isSuspect: false, pending: row },
    ];
    const unowned = lifeOf({ ...NOTHING, ownership: { state: 'unowned', entries } });
    expect(unowned.steps.map(told)).to.deep.equal([
      'Announced, and waits; given to nobody yet',
      'Announced, and waits; waiting at a~1, 1 retry spent',
    ]);
    const delayed = [{ id: 'delayed:1', dueMs: T + 99 }];
    const later = lifeOf({ ...NOTHING, ownership: { state: 'delayed', delayed, nowMs: T } });
    expect(later.steps.map(told)).to.deep.equal(['Delayed; is to be given out then']);
  });
});
