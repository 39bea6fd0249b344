import { expect } from 'chai';
import { ended, expectHandedOver, outputOf, printed, useExamples } from '../support/examples.js';
import { useRedis } from '../support/redis.js';

describe('the example nestjs', () => {
  const { start } = useExamples();
  const { server, redis } = useRedis();

  it('hands over when it is told to stop, and processes what others handed over', async () => {
    const first = start('nestjs', { REDIS_URL: server().url });
    await printed(first, /at work on order-1/);
    first.kill('SIGTERM');
    await ended(first);
    expect(first.stdout).not.to.include('is processed');
    await expectHandedOver(redis(), 'order-1');

    const second = start('nestjs', { REDIS_URL: server().url });
    // What was handed over, and what it announces itself.
    await printed(second, /order-1 is processed[\s\S]*order-1 is processed/);
    second.kill('SIGTERM');
    await ended(second);
    expect(await redis().xlen('orders-input')).to.equal(0);
  });

  it('ends with 1 when it cannot start', async () => {
    await redis().config('SET', 'notify-keyspace-events', 'Kg');
    const example = start('nestjs', { REDIS_URL: server().url });
    const { code } = await example.exit;
    await redis().config('SET', 'notify-keyspace-events', '');
    expect(code, outputOf(example)).to.equal(1);
    expect(outputOf(example)).to.include('KeyspaceConfigConflict');
  });
});
