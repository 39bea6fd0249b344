import { expect } from 'chai';
import fc from 'fast-check';
import { serviceOptions } from '../../src/runtime/options.js';
import { serviceSettings } from '../../src/runtime/service-settings.js';

/** What it comes to, or what is wrong with it. */
function outcomeOf(work: () => unknown): unknown {
  try {
    return JSON.stringify(work());
  } catch (error) {
    const { code, message, details } = error as { code: string; message: string; details: unknown };
    return { code, message, details };
  }
}

describe('settings of a service, from the command line', () => {
  const redis = fc.constantFrom(
    'redis://127.0.0.1:6379',
    'redis://127.0.0.1:6379/3',
    'rediss://user:secret@host',
    'redis://a b',
    'redis-cluster://a:1,b:2',
    'redis-cluster://a:1/3',
    'redis-sentinel://a:1/main',
    'redis-sentinel://a:1',
    'http://host',
    '/run/redis.sock',
    '',
  );
  const text = fc.oneof(fc.constantFrom('', 'orders', '{tag}x', 'a}b', 'orders-input'), fc.string());
  const timeoutMs = fc.oneof(
    fc.constantFrom(0, 1, -1, 1.5, 3_600_000, 3_600_001, Number.NaN, Number.POSITIVE_INFINITY),
    fc.integer(),
  );

  it('obey the rules of the options, and say the same of what breaks them', () => {
    fc.assert(
      fc.property(
        redis,
        text,
        fc.option(text, { nil: undefined }),
        timeoutMs,
        (url, service, dlqStream, ms) => {
          const given = {
            redis: url,
            service,
            timeoutMs: ms,
            ...(dlqStream === undefined ? {} : { dlqStream }),
          };
          expect(outcomeOf(() => serviceSettings(given))).to.deep.equal(
            outcomeOf(() => serviceOptions(given)),
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
