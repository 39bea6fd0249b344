import { expect } from 'chai';
import { StreamwardenError } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { useFleet } from '../support/runtimes.js';

const away = () =>
  new StreamwardenError('RedisUnavailable', 'away', { retriable: true, details: { sent: false } });

describe('a stream that is assigned', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('is told of and then handed to the handler, when it is pending, locked and recorded [C-ADD-1]', async () => {
    const { announce, create, names } = fleet();
    const runtime = create();
    const order: string[] = [];
    let seen: unknown;
    runtime.seam.on('notification', ({ type }) => order.push(type));
    runtime.process(async ({ name, id, validUntil }) => {
      order.push('handler');
      const redis = suite.redis();
      const [row] = (await redis.xpending(names.lbs, names.group, id, id, 1)) as [string, string][];
      seen = {
        isCertain: validUntil > Date.now(),
        consumer: row?.[1],
        locks: await redis.exists(names.lock(name, id)),
        recorded: await redis.hget(names.owners, name),
      };
    });
    await runtime.start();
    const [id] = await announce(['one']);
    await eventually('it is finished', () => runtime.snapshot().counters.finished === 1);
    expect(order).to.deep.equal(['StreamAdded', 'handler']);
    expect(seen).to.deep.equal({ isCertain: true, consumer: runtime.consumer, locks: 1, recorded: id });
  });

  it('while the lease is overdue is told of when the lease has been confirmed [C-ADD-1]', async () => {
    const { announce, create, listen } = fleet();
    let isAway = false;
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const runtime = create(
      { heartbeatMs: keepable(400) },
      {
        stores: (stores) => ({
          ...stores,
          lease: {
            ...stores.lease,
            refresh: async () => {
              if (isAway) throw away();
              return await stores.lease.refresh();
            },
            async acquire(batch) {
              const result = await stores.lease.acquire(batch);
              isAway = true;
              await answered;
              return result;
            },
          },
        }),
      },
    );
    const log = listen(runtime);
    await runtime.start();
    await announce(['late']);
    await eventually('the lease is overdue', () => isAway && !runtime.snapshot().lease.certain);
    answer();
    await eventually('it is verified', () => runtime.snapshot().streams[0]?.state === 'acquired');
    expect(log.all).to.deep.equal([]);

    isAway = false;
    await log.first('StreamAdded', 'late');
    expect(runtime.owned('late')?.validUntil).to.be.above(Date.now());
  });

  it('when the clock alone says that the lease is overdue is told of all the same [C-ADD-1]', async () => {
    const { announce, create, listen } = fleet();
    let skew = 0;
    const runtime = create(
      { heartbeatMs: keepable(400), clock: { now: () => Date.now() + skew } as never },
      {
        stores: (stores) => ({
          ...stores,
          lease: {
            ...stores.lease,
            async acquire(batch) {
              const result = await stores.lease.acquire(batch);
              // As on a busy event loop: over when this is answered, and renewed before any timer has noticed.
              skew = 3_600_000;
              setImmediate(() => {
                skew = 0;
              });
              return result;
            },
          },
        }),
      },
    );
    const log = listen(runtime);
    await runtime.start();
    await announce(['unnoticed']);
    await log.first('StreamAdded', 'unnoticed');
  });

  it('is told of when start() has resolved, not before [C-ADD-3, C-STA-1]', async () => {
    const { announce, create, listen } = fleet();
    await announce(['early']);
    const runtime = create();
    const log = listen(runtime);
    let isStarted = false;
    const early: boolean[] = [];
    runtime.seam.on('notification', () => early.push(!isStarted));
    await runtime.start().then(() => {
      isStarted = true;
    });
    await log.first('StreamAdded', 'early');
    expect(early).to.deep.equal([false]);
  });

  it('may be owned no longer, or anew, when its notification is read [C-ADD-6]', async () => {
    const { announce, start } = fleet();
    const runtime = await start();
    const notifications = runtime.notifications();
    await announce(['again', 'gone']);
    await eventually('both are owned', () => [...runtime.ownedStreams()].length === 2);
    await Promise.all([...runtime.ownedStreams()].map((stream) => stream.done()));
    const [second] = await announce(['again']);
    await eventually('it is owned anew', () => runtime.owned('again')?.id === second);

    const told: { id: string; ownedId: string | undefined }[] = [];
    while (told.length < 3) {
      const { value } = await notifications.next();
      if (value?.type === 'StreamAdded')
        told.push({ id: value.id, ownedId: runtime.owned(value.stream)?.id });
    }
    expect(told.map(({ id, ownedId }) => ownedId === id)).to.deep.equal([false, false, true]);
    expect(told.map(({ ownedId }) => ownedId)).to.deep.equal([second, undefined, second]);
  });
});
