import { expect } from 'chai';
import { StreamwardenError } from '../../src/index.js';
import type { Substitutes } from '../../src/runtime/runtime.js';
import { eventually } from '../support/eventually.js';
import { soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { streamNames, type TestRuntime, useFleet } from '../support/runtimes.js';

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

  it('and whose payload a tool has deleted since, are pending no longer: the next of that name is begun [C-ADD-8]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening();
    await runtime.pause();
    const [unheard = ''] = await announce(['order-1']);
    await deliverUnheard(runtime.consumer, 1);
    await suite.redis().xdel(names.lbs, unheard);
    await cut(runtime.consumer, 'reader');
    await eventually('nothing is pending', async () => {
      expect(await suite.redis().xpending(names.lbs, names.group)).to.have.property('0', 0);
    });
    runtime.resume();
    const [next] = await announce(['order-1']);
    const [added] = await log.count('StreamAdded', 1);
    expect(added).to.have.property('id', next);
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

  it('are found although no connection is lost: the old read of a half-open connection was answered [C-ADD-8]', async () => {
    const { announce, listening, names } = fleet();
    const { runtime, log } = await listening();
    await runtime.pause();
    const old = suite.redis().duplicate();
    try {
      const parked = old.xreadgroup(
        ...([
          'GROUP',
          names.group,
          runtime.consumer,
          'COUNT',
          1,
          'BLOCK',
          0,
          'STREAMS',
          names.lbs,
          '>',
        ] as const),
      );
      const [id] = await announce(['stuck']);
      expect(await parked).to.have.length(1);
      runtime.resume();
      expect(await log.first('StreamAdded', 'stuck')).to.include({ id, retryCount: 0 });
      await soundHistory(suite.redis(), fleet(), [id as string]);
    } finally {
      old.disconnect();
    }
  });

  it('are found by a scan that meets them while others come and go all the time [C-ADD-8]', async () => {
    const { announce, create, listen } = fleet();
    const runtime: TestRuntime = create({ reconcileEveryMs: 1000 }, {
      stores: (stores) => ({
        ...stores,
        group: {
          ...stores.group,
          // The count says nothing.
          consumers: async () => {
            const all = await stores.group.consumers();
            return all.map((one) => (one.name === runtime.consumer ? { ...one, pending: 0 } : one));
          },
        },
      }),
    } satisfies Substitutes);
    const log = listen(runtime);
    await runtime.start();
    await runtime.pause();
    await announce(['stuck']);
    await deliverUnheard(runtime.consumer, 1);
    expect(await log.first('StreamAdded', 'stuck')).to.include({ retryCount: 0 });
  });

  it('and one that a tool claims for another consumer is found there, and lost here [C-ADD-8, C-LOST-5]', async () => {
    const { announce, listening, names } = fleet();
    const one = await listening();
    const [id] = (await announce(['moved'])) as [string];
    await one.log.first('StreamAdded', 'moved');
    const other = await listening();
    await suite.redis().xclaim(names.lbs, names.group, other.runtime.consumer, 0, id, 'JUSTID');
    expect(await one.log.first('StreamDisowned', 'moved')).to.include({ reason: 'takenOver' });
    // It is found where it is now, waits for the lock of the one before, and goes back to everyone under a new id.
    const again = await eventually(
      'it is given to somebody',
      () => [one, other].flatMap(({ log }) => log.of('StreamAdded')).find((added) => added.id !== id) ?? null,
    );
    expect(again).to.include({ stream: 'moved', retryCount: 0 });
  });
});
