import { expect } from 'chai';
import { StreamwardenError } from '../../src/index.js';
import type { Substitutes } from '../../src/runtime/runtime.js';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { streamNames, useFleet } from '../support/runtimes.js';

const away = () =>
  new StreamwardenError('RedisUnavailable', 'away', { retriable: true, details: { sent: true } });

describe('entries that were delivered in a reply that got lost', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  /** Delivers entries to a consumer that has not heard of it. */
  async function deliverUnheard(consumer: string, count: number): Promise<void> {
    const { names } = fleet();
    await suite.redis().xreadgroup('GROUP', names.group, consumer, 'COUNT', count, 'STREAMS', names.lbs, '>');
  }

  async function cut(consumer: string, role: 'reader' | 'commands'): Promise<void> {
    const line = String(await suite.redis().client('LIST'))
      .split('\n')
      .find((one) => one.includes(`name=streamwarden:${consumer}:${role}`));
    await suite.redis().client('KILL', 'ID', Number(/id=(\d+)/.exec(line ?? '')?.[1]));
  }

  it('are found when the reader connects again, and cost no retry [C-ADD-5, C-LOST-5]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening({ notificationBuffer: 2000 });
    await runtime.pause();
    const ids = await announce(streamNames(700));
    await deliverUnheard(runtime.consumer, 700);
    await cut(runtime.consumer, 'reader');

    const added = await log.count('StreamAdded', 700);
    expect(added.every(({ retryCount }) => retryCount === 0)).to.equal(true);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('are found also when a verification that had begun with them fails after the next one has ended [C-ADD-5]', async () => {
    const { announce, create, listen } = fleet();
    let fail = () => {};
    let calls = 0;
    const substitutes: Substitutes = {
      stores: (stores) => ({
        ...stores,
        lease: {
          ...stores.lease,
          acquire: (batch) => {
            calls += 1;
            if (calls > 1) return stores.lease.acquire(batch);
            return new Promise((_resolve, reject) => {
              fail = () => reject(away());
            });
          },
        },
      }),
    };
    const runtime = create({}, substitutes);
    const log = listen(runtime);
    await runtime.start();
    await runtime.pause();
    await announce(['orphan']);
    await deliverUnheard(runtime.consumer, 1);
    await cut(runtime.consumer, 'reader');
    await eventually('the first verification has begun', () => calls === 1);
    // A new connection begins with a new verification, whatever became of the one before.
    await cut(runtime.consumer, 'commands');
    await eventually('the next one has ended', () => {
      const { state } = runtime.snapshot().lease;
      return state.includes('confirmed');
    });
    expect(log.all).to.deep.equal([]);

    fail();
    expect(await log.first('StreamAdded', 'orphan')).to.include({ retryCount: 0 });
    expect(calls).to.equal(2);
  });
});
