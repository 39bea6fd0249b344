import { expect } from 'chai';
import { FailureLog } from '../../src/actors/supervision/failure-log.js';
import type { Logger } from '../../src/core/logger.js';
import type { Failure } from '../../src/machines/standing.js';
import { manualClock } from '../support/manual-clock.js';

describe('the log of children that fail', () => {
  function failing(child: string, code = 'RedisRefused') {
    const clock = manualClock();
    const lines: unknown[][] = [];
    const write = (level: string) => (fields: Record<string, unknown>, message: string) =>
      lines.push([Math.round(clock.monotonic() / 1000), level, message, fields.failures]);
    const logger = { info: write('info'), error: write('error') } as unknown as Logger;
    const log = new FailureLog(logger, clock);
    let count = 0;
    const fail = () => {
      count += 1;
      log.failed({ child, count, restartInMs: 1000, error: { code, message: 'no' } } as unknown as Failure);
    };
    return { clock, lines, log, fail };
  }

  it('has a line when it begins, one a minute while it goes on, and one when it is over [C-LOG-1]', () => {
    const { clock, lines, log, fail } = failing('reconciler');
    for (let second = 0; second <= 150; second += 1) {
      fail();
      clock.advance(1000);
    }
    log.over('reconciler');
    log.over('reconciler');
    fail();
    expect(lines).to.deep.equal([
      [0, 'error', 'a child failed', undefined],
      [60, 'error', 'a child goes on failing', 61],
      [120, 'error', 'a child goes on failing', 121],
      [151, 'info', 'a child works again', 151],
      [151, 'error', 'a child failed', undefined],
    ]);
  });

  it('has no error of a subscription that was cut once, one where it fails again, and then one a minute [C-LOG-1]', () => {
    const { clock, lines, log, fail } = failing('masterSubscription/127.0.0.1:1', 'RedisUnavailable');
    fail();
    log.over('masterSubscription/127.0.0.1:1');
    for (let second = 0; second <= 62; second += 1) {
      fail();
      clock.advance(1000);
    }
    expect(lines).to.deep.equal([
      [0, 'info', 'a child failed', undefined],
      [0, 'info', 'a child failed', undefined],
      [1, 'error', 'a child goes on failing', 2],
      [61, 'error', 'a child goes on failing', 62],
    ]);
  });
});
