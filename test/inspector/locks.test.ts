import { expect } from 'chai';
import { changedLocks, lockOf } from '../../src/inspector/lock-of.js';
import { Scene } from '../../src/inspector/page/model/scene.js';
import type { Line } from '../../src/replay/format.js';
import { scenario } from '../../src/replay/scenario.js';

const path = 'consumer/ownership/1-0';

describe('the lock of a stream', () => {
  const keeper = { hasLocks: true, odd: { '1-0': 'missing' } };

  it('stands as its ownership and the lock keeper say', () => {
    expect(lockOf(path, 'acquiring', keeper)).to.equal('being taken');
    expect(lockOf(path, 'contended', keeper)).to.equal('waited for');
    expect(lockOf(path, 'releasing', keeper)).to.equal('being released');
    for (const state of ['acquired', 'extending', 'uncertain', 'backingOff', 'acking', 'givingBack']) {
      expect(lockOf(path, state, keeper), state).to.equal('missing');
      expect(lockOf(path, state, { ...keeper, odd: {} }), state).to.equal('held');
    }
    for (const state of ['released', 'lost', 'refused'])
      expect(lockOf(path, state, keeper), state).to.equal(null);
  });

  it('is nothing where there is none, or nothing is known', () => {
    expect(lockOf('consumer/intake', 'reading', keeper)).to.equal(null);
    expect(lockOf(path, 'extending', undefined)).to.equal(null);
    expect(lockOf(path, 'extending', { hasLocks: false, odd: {} })).to.equal(null);
    // What a stranger's recording says may be anything.
    expect(lockOf('consumer/ownership/constructor', 'extending', {})).to.equal('held');
  });

  it('has changed where it is odd, or is so no more', () => {
    const after = { odd: { '2-0': 'foreign', '3-0': 'missing' } };
    expect(changedLocks({ odd: { '1-0': 'missing', '3-0': 'missing' } }, after)).to.deep.equal([
      '1-0',
      '2-0',
    ]);
    expect(changedLocks(undefined, after)).to.deep.equal(['2-0', '3-0']);
    expect(changedLocks(after, after)).to.deep.equal([]);
    expect(changedLocks(undefined, undefined)).to.deep.equal([]);
  });

  it('is in the rows of a recording, and changes when the lock keeper finds that out', () => {
    const { lines } = scenario('locks')
      .actor('consumer/lockKeeper', {
        input: { heartbeatMs: 1000, hasLocks: true, hasForeignConsumers: false },
      })
      .actor(path, { input: { id: '1-0', name: 'one', retryCount: 0 } })
      .send('verified', 'handed')
      .actor('consumer/lockKeeper')
      .elapse('restDelay')
      .send(
        { type: 'round.begun', count: 1, waves: 1, stepMs: 500, waiting: 0 } as { type: string },
        { type: 'wave.sent', restMs: 500 } as { type: string },
        { type: 'wave.answered', odd: { '1-0': 'foreign' }, isLast: true, waiting: 0 } as { type: string },
        { type: 'locks.taken', odd: {} } as { type: string },
      )
      .recording();
    const scene = new Scene();
    const locks: unknown[] = [];
    for (const line of lines as readonly Line[]) {
      scene.apply(line);
      const lock = scene.actors.get(path)?.lock;
      if (lock !== locks.at(-1)) locks.push(lock);
    }
    expect(locks).to.deep.equal(
      [undefined, 'being taken', 'held', 'foreign', 'held'].slice(locks[0] === undefined ? 0 : 1),
    );
  });
});
