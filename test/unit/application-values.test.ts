/** Whatever the application throws, logs to, listens with or gives: it is described, and what it throws goes nowhere. */
import { expect } from 'chai';
import fc from 'fast-check';
import { systemClock } from '../../src/core/clock.js';
import {
  callOut,
  errorOf,
  isStreamwardenError,
  messageOf,
  StreamwardenError,
  textOf,
} from '../../src/core/errors.js';
import { guardedClock } from '../../src/core/guarded-clock.js';
import { guardedLogger, type Logger } from '../../src/core/logger.js';
import { Seam } from '../../src/core/seam.js';
import { factOf } from '../../src/machines/facts.js';
import { neverSent, redisError } from '../../src/redis/reply-errors.js';
import { toJson } from '../../src/replay/json-safe.js';
import { createInfoCheck } from '../../src/runtime/info-check.js';
import { hostile, refuses, refusesLater } from '../support/hostile-values.js';

describe('whatever the application throws', () => {
  it('can be described, compared, kept and recorded [C-APP-1]', () => {
    fc.assert(
      fc.property(hostile, ({ value: thrown }) => {
        for (const text of [
          textOf(thrown),
          messageOf(thrown),
          factOf(thrown).code,
          factOf(thrown).message,
          redisError(thrown, 'XADD', true).message,
          neverSent('XADD', thrown).message,
        ]) {
          expect(text).to.be.a('string');
        }
        expect(isStreamwardenError(thrown)).to.be.a('boolean');
        expect(errorOf(thrown)).to.be.an.instanceOf(Error);
        expect(JSON.stringify(toJson({ threw: thrown, list: [thrown] }))).to.be.a('string');
        expect(new StreamwardenError('StreamReleased', 'm', { cause: thrown }).cause).to.equal(thrown);
      }),
    );
  });

  it('is cut where its text is long', () => {
    const message = messageOf(new Error('x'.repeat(1_000_000)));
    expect(message.length).to.be.below(9_000);
    expect(message).to.match(/^x+… \(1000000 characters\)$/);
  });

  it('is recorded within bounds where it meets itself again at many places', () => {
    let value: object = { end: 1 };
    for (let level = 0; level < 40; level += 1) value = { left: value, right: value };
    const encoded = JSON.stringify(toJson({ value }));
    expect(encoded).to.include('$tooDeep');
  });
});

describe('a function of the application that throws', () => {
  it('and what it rejects with later are told, and end nothing', async () => {
    const told: unknown[] = [];
    const calls: (() => unknown)[] = [
      () => {
        throw 'at once';
      },
      async () => {
        throw 'later';
      },
      // biome-ignore lint/suspicious/noThenProperty: no promise of ours
      () => ({ then: (_resolve: unknown, reject: (why: string) => void) => reject('thenable') }),
      () => 'nothing wrong',
    ];
    for (const call of calls) callOut(call, (thrown) => told.push(thrown));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).to.have.members(['at once', 'later', 'thenable']);
  });

  it('as a logger loses lines, and nothing else [C-APP-2]', async () => {
    const lines: string[] = [];
    const logger = {
      debug: refuses,
      info: async () => refuses(),
      warn: (_fields: unknown, message: string) => lines.push(message),
      get error(): never {
        return refuses();
      },
    } as unknown as Logger;
    const guarded = guardedLogger(logger);
    for (const level of ['debug', 'info', 'warn', 'error'] as const) guarded[level]({}, level);
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).to.deep.equal(['warn']);
    logger.warn = () => lines.push('another method, as after a change of the level');
    guarded.warn({}, 'x');
    expect(lines).to.have.length(2);
  });

  it('as an observer disturbs no other [C-APP-2]', async () => {
    const told: unknown[] = [];
    const seam = new Seam((error) => told.push(error));
    const heard: string[] = [];
    seam.on('lost', refusesLater);
    seam.on('lost', refuses);
    seam.on('lost', ({ reason }) => heard.push(reason));
    seam.emit('lost', { reason: 'x', name: 'order-7', id: '7-0' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).to.deep.equal(['x']);
    expect(told).to.have.length(2);
  });

  it('as a schema, or gives what throws when it is looked at, is as one that refuses [C-POI-3]', async () => {
    const results = fc.oneof(
      hostile,
      hostile.map(({ value: issues }) => ({ value: { issues } })),
      hostile.map(({ value: message }) => ({ value: { issues: [{ message }] } })),
      hostile.map(({ value: key }) => ({ value: { issues: [{ message: 'm', path: [{ key }] }] } })),
    );
    const ways = fc.constantFrom(
      (value: unknown) => value,
      async (value: unknown) => value,
      (value: unknown) => {
        throw value;
      },
      (value: unknown) => Promise.reject(value),
    );
    await fc.assert(
      fc.asyncProperty(results, ways, async ({ value }, way) => {
        const schema = {
          '~standard': { version: 1 as const, vendor: 'test', validate: () => way(value) as never },
        };
        const checked = await createInfoCheck(schema, 'deadLetter')({ given: true });
        expect(checked.ok).to.be.a('boolean');
        if (!checked.ok) expect(checked.problem).to.match(/^Info does not satisfy the schema/);
        expect(await createInfoCheck(schema, 'deliver')({ given: true })).to.have.property('ok', true);
      }),
    );
  });

  it('as a clock leaves time and chance to the system, and its monotonic time goes on [C-APP-2]', async () => {
    const numbers = fc.oneof(fc.constant(Number.NaN), fc.double()).map((value) => ({ value }));
    const answers = fc.oneof(hostile, numbers);
    fc.assert(
      fc.property(fc.array(fc.option(answers)), (given) => {
        let at = 0;
        const answer = () => {
          const next = given[at % (given.length || 1)];
          at += 1;
          if (next === null || next === undefined) throw new Error('no time');
          return next.value as number;
        };
        const clock = guardedClock({
          now: answer,
          monotonic: answer,
          random: answer,
          setTimeout: refuses,
          clearTimeout: refuses,
        });
        let before = Number.NEGATIVE_INFINITY;
        for (let ask = 0; ask < 5; ask += 1) {
          const now = clock.monotonic();
          expect(now).to.be.at.least(before).and.satisfy(Number.isFinite);
          before = now;
          expect(clock.now()).to.satisfy(Number.isFinite);
          expect(clock.random()).to.be.within(0, 1).and.not.equal(1);
        }
      }),
    );
    const clock = guardedClock({
      ...systemClock,
      setTimeout: refuses,
      randomBytes: refuses,
      setImmediate: refuses,
    });
    const fired: string[] = [];
    clock.clearTimeout(clock.setTimeout(() => fired.push('cleared'), 0));
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 1));
    await new Promise<void>((resolve) => clock.setImmediate?.(resolve));
    expect(fired).to.deep.equal([]);
    expect(clock.randomBytes?.(8)).to.have.length(8);
  });

  it('as a clock that cannot clear a timer leaves none that is heard of', () => {
    const callbacks: (() => void)[] = [];
    const clock = guardedClock({
      ...systemClock,
      setTimeout: (callback) => callbacks.push(callback),
      clearTimeout: refuses,
    });
    const fired: string[] = [];
    clock.clearTimeout(clock.setTimeout(() => fired.push('cleared'), 1));
    clock.setTimeout(() => fired.push('kept'), 1);
    for (const callback of callbacks) callback();
    expect(fired).to.deep.equal(['kept']);
  });
});
