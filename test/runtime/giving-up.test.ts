import { expect } from 'chai';
import { StreamwardenError } from '../../src/index.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';

const away = () => Promise.reject(new StreamwardenError('RedisUnavailable', 'away', { retriable: true }));

describe('giving up', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('reading, where readRetry says so, hands over and ends the runtime, also when nobody finishes anything [C-OUT-2, C-OUT-4, C-TERM-1]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening({
      heartbeatMs: keepable(300),
      handOverGraceMs: 100,
      readRetry: { attempts: 0, initialMs: 1, maxMs: 1 },
    });
    await announce(['unfinished']);
    await log.first('StreamAdded', 'unfinished');
    await endConnection(`${runtime.consumer}:reader`);

    const { reason, error } = await log.first('StreamTerminated');
    expect({ reason, code: error?.code }).to.deep.equal({ reason: 'failed', code: 'ReadRetriesExhausted' });
    expect((await runtime.closed).error).to.equal(error);
    expect(runtime.state).to.equal('failed');
    expect(runtime.health()).to.include({ live: false, ready: false });
    expect(await runtime.stop()).to.deep.include({ mode: 'handOver', handedOver: 1, abandoned: [] });
    const next = await listening();
    expect(await next.log.first('StreamAdded', 'unfinished')).to.include({ retryCount: 0 });
  });

  it('reading does not happen where readRetry does not say so [C-OUT-2]', async () => {
    const { announce, listening } = fleet();
    const { runtime, log } = await listening();
    for (const round of [1, 2, 3]) {
      await endConnection(`${runtime.consumer}:reader`);
      await announce([`after-${round}`]);
      await log.first('StreamAdded', `after-${round}`);
    }
    expect(runtime.state).to.equal('running');
  });

  it('starting happens in time when Redis goes away before the lease is confirmed [C-STA-2, C-STA-4, C-STA-5]', async () => {
    const { create } = fleet();
    const runtime = create(
      { heartbeatMs: keepable(200), startTimeoutMs: 400 },
      {
        stores: (stores) => ({ ...stores, lease: { ...stores.lease, raise: away } }),
      },
    );
    expect(await rejection(runtime.start())).to.include({ code: 'StartTimeout', retriable: true });
    expect(runtime.state).to.equal('failed');
    expect(await rejection(runtime.start())).to.include({ code: 'RuntimeStopped' });
  });

  it('starting happens as well when that comes after the time was over already [C-STA-2]', async () => {
    const { create } = fleet();
    const runtime = create(
      { heartbeatMs: keepable(200), startTimeoutMs: 50 },
      {
        stores: (stores) => ({
          ...stores,
          lease: { ...stores.lease, raise: away },
          group: {
            ...stores.group,
            async create() {
              const isNew = await stores.group.create();
              await new Promise((resolve) => setTimeout(resolve, 100));
              return isNew;
            },
          },
        }),
      },
    );
    expect(await rejection(runtime.start())).to.include({ code: 'StartTimeout', retriable: true });
  });

  it('its place in the fleet leaves no sign of life, however long the leaving takes', async () => {
    const { create, names } = fleet();
    let beats = 0;
    let beatsBefore = 0;
    const heartbeatMs = keepable(200);
    const runtime = create(
      { heartbeatMs },
      {
        stores: (stores) => ({
          ...stores,
          lease: {
            ...stores.lease,
            refresh: () => {
              beats += 1;
              return stores.lease.refresh();
            },
            async leave() {
              beatsBefore = beats;
              const left = await stores.lease.leave();
              // The answer is long in coming: two beats would fall into this time.
              await new Promise((resolve) => setTimeout(resolve, heartbeatMs));
              return left;
            },
          },
        }),
      },
    );
    await runtime.start();
    await runtime.stop();
    expect(beats).to.equal(beatsBefore);
    expect(await suite.redis().exists(names.presence(runtime.consumer))).to.equal(0);
  });

  async function endConnection(name: string): Promise<void> {
    const line = String(await suite.redis().client('LIST'))
      .split('\n')
      .find((one) => one.includes(`name=streamwarden:${name}`));
    await suite.redis().client('KILL', 'ID', Number(/id=(\d+)/.exec(line ?? '')?.[1]));
  }
});
