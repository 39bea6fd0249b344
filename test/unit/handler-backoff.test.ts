import { expect } from 'chai';
import { Ownership } from '../../src/actors/ownership.js';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { silentLogger } from '../../src/core/logger.js';
import { HandlerBackoff } from '../../src/runtime/handler-backoff.js';
import type { HandlerDelay } from '../../src/runtime/handler-options.js';

describe('the back-off of a handler', () => {
  interface Planned {
    readonly callback: () => void;
    readonly ms: number;
  }
  const planned = new Set<Planned>();
  const problems: unknown[] = [];
  const clockWith = (chance: number): Clock => ({
    ...systemClock,
    random: () => chance,
    setTimeout: (callback, ms) => {
      const timer = { callback, ms };
      planned.add(timer);
      return timer;
    },
    clearTimeout: (timer) => void planned.delete(timer as Planned),
  });
  const logger = {
    ...silentLogger,
    warn: (fields: Readonly<Record<string, unknown>>) => void problems.push(fields.problem),
  };
  const backoffWith = (chance: number, delay?: HandlerDelay) =>
    new HandlerBackoff({ clock: clockWith(chance), logger, delay, initialMs: 1000, maxMs: 30_000 });
  const stream = (retryCount: number) =>
    new Ownership({ id: '1-1', name: 'n', info: null, retryCount, failures: retryCount, deaths: 0 }, 'lock');
  const failure = new Error('no');
  const begun = (backoff: HandlerBackoff, retryCount: number) => {
    const delayMs = backoff.begin(stream(retryCount), failure, () => {});
    expect([...planned].at(-1)?.ms).to.equal(delayMs);
    return delayMs;
  };

  beforeEach(() => {
    planned.clear();
    problems.splice(0);
  });

  it('doubles with the retry count up to its longest, and chance takes away up to half [C-HAND-3]', () => {
    const [most, least] = [backoffWith(0.999999), backoffWith(0)];
    const delays = [0, 1, 2, 3, 4, 5, 6, 1000].map((count) => begun(most, count));
    expect(delays).to.deep.equal([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect([0, 1, 5].map((count) => begun(least, count))).to.deep.equal([500, 1000, 15_000]);
  });

  it('is what a function says for the attempt and the error [C-HAND-3]', () => {
    const backoff = backoffWith(0, (attempt, error) => (error === failure ? attempt * 7 : -1));
    expect(begun(backoff, 2)).to.equal(21);
    for (const delayMs of [0, 3_600_000])
      expect(
        begun(
          backoffWith(0, () => delayMs),
          0,
        ),
      ).to.equal(delayMs);
    expect(problems).to.deep.equal([]);
  });

  it('is the default, and the log says why, where the function gives nothing to wait for [C-HAND-3]', () => {
    const thrower: HandlerDelay = () => {
      throw new Error('not now');
    };
    const wrong = [() => Number.NaN, () => -1, () => 3_600_001, () => '5' as never, thrower];
    for (const delay of wrong) expect(begun(backoffWith(0, delay), 1)).to.equal(1000);
    const range = 'expected milliseconds from 0 to 3600000, got';
    expect(problems).to.deep.equal([
      `${range}: NaN`,
      `${range}: -1`,
      `${range}: 3600001`,
      `${range}: 5`,
      'it threw: not now',
    ]);
  });

  it('does what was planned when it is over, once', () => {
    const backoff = backoffWith(0.5);
    const one = stream(0);
    let done = 0;
    backoff.begin(one, failure, () => {
      done += 1;
    });
    for (const { callback } of [...planned]) callback();
    expect(done).to.equal(1);
    backoff.cancel(one);
  });

  it('is cancelled for one, and for all', () => {
    const backoff = backoffWith(0.5);
    const [one, two, three] = [stream(0), stream(0), stream(0)];
    for (const each of [one, two, three]) backoff.begin(each, failure, () => {});
    backoff.cancel(one);
    backoff.cancel(one);
    expect(planned.size).to.equal(2);
    backoff.cancelAll();
    expect(planned.size).to.equal(0);
  });
});
