import { expect } from 'chai';
import * as fc from 'fast-check';
import { Bell } from '../../src/core/bell.js';
import { onNextTurn, randomHex, systemClock } from '../../src/core/clock.js';
import { compareEntryIds, compareFencingTokens, isEntryId, nextEntryId } from '../../src/core/entry-id.js';
import { isStreamwardenError, StreamwardenError } from '../../src/core/errors.js';
import { redact } from '../../src/core/logger.js';
import { Seam } from '../../src/core/seam.js';

const half = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const id = fc.tuple(half, half).map(([ms, sequence]) => `${ms}-${sequence}`);

describe('entry ids', () => {
  it('order as numbers, not as text [C-ADD-7]', () => {
    expect(compareFencingTokens('9-0', '10-0')).to.be.below(0);
    expect(compareFencingTokens('10-9', '10-10')).to.be.below(0);
    expect(compareFencingTokens('10-1', '9-2')).to.be.above(0);
    expect(compareFencingTokens('7-7', '7-7')).to.equal(0);
    expect(compareFencingTokens('18446744073709551615-0', '18446744073709551614-0')).to.equal(1);
  });

  it('that are none are refused', () => {
    for (const wrong of ['', '1', '1-', '-1', 'a-b', '1-2-3', ' 1-2', '1-2 ', '-1-2']) {
      expect(isEntryId(wrong), wrong).to.equal(false);
      expect(() => compareFencingTokens(wrong, '1-1'))
        .to.throw()
        .with.property('code', 'InvalidOption');
    }
  });

  it('order the same by the fast way and by the exact one', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(Math.sign(compareEntryIds(a, b))).to.equal(compareFencingTokens(a, b));
      }),
    );
    // Neighbours, which chance seldom makes.
    fc.assert(
      fc.property(id, (a) => {
        const next = nextEntryId(a);
        if (next.startsWith('18446744073709551616')) return;
        expect(compareEntryIds(a, next)).to.be.below(0);
        expect(compareEntryIds(next, a)).to.be.above(0);
        expect(compareEntryIds(a, a)).to.equal(0);
      }),
    );
  });

  it('are followed directly by the next one', () => {
    expect(nextEntryId('5-7')).to.equal('5-8');
    expect(nextEntryId('5-18446744073709551615')).to.equal('6-0');
  });
});

describe('redact', () => {
  it('takes credentials out of URLs and echoed commands, and leaves the rest', () => {
    const cases: Record<string, string> = {
      'redis://user:secret@host:1/2': 'redis://***@host:1/2',
      'rediss://:secret@host': 'rediss://***@host',
      'at redis://u:se/cret@host and on': 'at redis://***@host and on',
      'redis://u:s@cret@host': 'redis://***@host',
      'redis://host:1/2': 'redis://host:1/2',
      'AUTH user secret': 'AUTH ***',
      'auth secret': 'auth ***',
      'HELLO 3 AUTH user secret SETNAME x': 'HELLO 3 AUTH *** SETNAME x',
      'ACL SETUSER me >secret': 'ACL SETUSER ***',
      'nothing to hide': 'nothing to hide',
    };
    for (const [text, shown] of Object.entries(cases)) expect(redact(text)).to.equal(shown);
  });
});

describe('errors', () => {
  it('are known by their code, whichever copy of the package made them', () => {
    const error = new StreamwardenError('RedisUnavailable', 'm', {
      retriable: true,
      cause: 1,
      details: { a: 1 },
    });
    expect(error).to.include({
      name: 'RedisUnavailable',
      code: 'RedisUnavailable',
      retriable: true,
      cause: 1,
    });
    expect(isStreamwardenError(error)).to.equal(true);
    expect(isStreamwardenError(error, 'RedisUnavailable')).to.equal(true);
    expect(isStreamwardenError(error, 'RuntimeStopped')).to.equal(false);
    expect(
      isStreamwardenError(
        Object.assign(new Error('x'), { code: 'RuntimeStopped', retriable: false }),
        'RuntimeStopped',
      ),
    ).to.equal(true);
    for (const other of [
      new Error('x'),
      null,
      'RuntimeStopped',
      { code: 'RuntimeStopped', retriable: false },
    ]) {
      expect(isStreamwardenError(other)).to.equal(false);
    }
    expect(new StreamwardenError('InvalidState', 'm')).to.deep.include({ retriable: false, details: {} });
  });
});

describe('the bell', () => {
  it('wakes all who wait, once', async () => {
    const bell = new Bell();
    let woken = 0;
    const wait = () =>
      bell.rung().then(() => {
        woken += 1;
      });
    bell.ring();
    const waiting = [wait(), wait()];
    bell.ring();
    await Promise.all(waiting);
    expect(woken).to.equal(2);
    void wait();
    await new Promise((resolve) => setImmediate(resolve));
    expect(woken).to.equal(2);
    bell.ring();
  });
});

describe('the seam', () => {
  it('tells every listener, in order, until it is taken off', () => {
    const seam = new Seam(() => {});
    const heard: string[] = [];
    const off = seam.on('lost', ({ reason }) => heard.push(`a ${reason}`));
    seam.on('lost', ({ reason }) => heard.push(`b ${reason}`));
    seam.on('finished', () => heard.push('never'));
    seam.emit('lost', { reason: '1', name: 'order-7', id: '7-0' });
    off();
    off();
    seam.emit('lost', { reason: '2', name: 'order-7', id: '7-0' });
    expect(heard).to.deep.equal(['a 1', 'b 1', 'b 2']);
  });

  it('is not disturbed by a listener that throws', () => {
    const errors: unknown[] = [];
    const seam = new Seam((error) => errors.push(error));
    const heard: string[] = [];
    const problem = new Error('a listener');
    seam.on('lost', () => {
      throw problem;
    });
    seam.on('lost', ({ reason }) => heard.push(reason));
    seam.emit('lost', { reason: 'x', name: 'order-7', id: '7-0' });
    expect(errors).to.deep.equal([problem]);
    expect(heard).to.deep.equal(['x']);
  });

  it('tells of an event those who listened when it happened', () => {
    const seam = new Seam(() => {});
    const heard: string[] = [];
    const off = seam.on('lost', () => {
      off();
      seam.on('lost', () => heard.push('late'));
      heard.push('first');
    });
    seam.emit('lost', { reason: 'x', name: 'order-7', id: '7-0' });
    expect(heard).to.deep.equal(['first']);
    seam.emit('lost', { reason: 'x', name: 'order-7', id: '7-0' });
    expect(heard).to.deep.equal(['first', 'late']);
  });
});

describe('a clock', () => {
  it('decides the turns of the event loop and the bytes of names', () => {
    const turns: (() => void)[] = [];
    const clock = {
      ...systemClock,
      setImmediate: (callback: () => void) => void turns.push(callback),
      randomBytes: (count: number) => new Uint8Array(count).fill(0xab),
    };
    const heard: string[] = [];
    onNextTurn(clock, () => heard.push('turn'));
    expect(heard).to.deep.equal([]);
    for (const turn of turns) turn();
    expect(heard).to.deep.equal(['turn']);
    expect(randomHex(clock, 3)).to.equal('ababab');
  });

  it('without these leaves both to the system, also where its chance is fixed: names have to differ', async () => {
    const { setImmediate: _turn, randomBytes: _bytes, ...clock } = { ...systemClock, random: () => 0.5 };
    await new Promise<void>((resolve) => onNextTurn(clock, resolve));
    expect(randomHex(clock, 4)).to.match(/^[0-9a-f]{8}$/);
    expect(randomHex(clock, 8)).not.to.equal(randomHex(clock, 8));
  });
});
