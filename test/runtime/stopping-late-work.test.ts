import { expect } from 'chai';
import { compareEntryIds } from '../../src/core/entry-id.js';
import { StreamwardenError } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { useFaultProxy } from '../support/fault-proxy.js';
import { heldCall } from '../support/held-call.js';
import { historyOf, soundHistory } from '../support/history.js';
import { useRedis } from '../support/redis.js';
import { type FleetOptions, type TestRuntime, useFleet } from '../support/runtimes.js';

// What comes to light while a runtime stops: delivered in a reply that got lost, found by a verification, verified a moment too late.
describe('a stop begins no work', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);
  const proxy = useFaultProxy(suite);

  /** Delivers an entry to a consumer that has not heard of it. */
  async function deliverUnheard({ consumer }: TestRuntime): Promise<void> {
    const { names } = fleet();
    await suite.redis().xreadgroup('GROUP', names.group, consumer, 'COUNT', 1, 'STREAMS', names.lbs, '>');
  }

  /** A handler that notes what it is given, and runs until it is told to stop. */
  function working(runtime: TestRuntime): string[] {
    const begun: string[] = [];
    runtime.process(({ name, signal }) => {
      begun.push(name);
      return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    return begun;
  }

  /** Somebody else is given the stream, and no retry was spent. */
  async function goesToAnother(stream: string, ids: readonly string[]): Promise<void> {
    const { log } = await fleet().listening();
    expect(await log.first('StreamAdded', stream)).to.include({ retryCount: 0 });
    await soundHistory(suite.redis(), fleet(), ids);
  }

  it('with what was delivered in a reply that an outage swallowed: it goes back [C-STOP-2, C-STOP-10]', async () => {
    const runtime = fleet().create({ redis: proxy().url });
    const begun = working(runtime);
    const log = fleet().listen(runtime);
    await runtime.start();
    const ids = await fleet().announce(['held']);
    await log.first('StreamAdded', 'held');
    await runtime.pause();
    ids.push(...(await fleet().announce(['late'])));
    proxy().refuse();
    await deliverUnheard(runtime);
    const stopping = runtime.stop();
    proxy().allow();

    const report = await stopping;
    expect(report).to.deep.equal({ mode: 'handOver', handedOver: 2, stragglers: [], abandoned: [] });
    expect(begun).to.deep.equal(['held']);
    expect(log.added).to.deep.equal(['held']);
    await goesToAnother('late', ids);
  });

  it('with what a verification that had begun before it has found [C-STOP-10]', async () => {
    const looked = heldCall('group', 'pending');
    const runtime = fleet().create({}, looked.substitutes);
    const begun = working(runtime);
    const log = fleet().listen(runtime);
    await runtime.start();
    await runtime.pause();
    const ids = await fleet().announce(['late']);
    await deliverUnheard(runtime);
    const looking = looked.next((args) => args[2] === runtime.consumer);
    const line = String(await suite.redis().client('LIST'))
      .split('\n')
      .find((one) => one.includes(`name=streamwarden:${runtime.consumer}:reader`));
    await suite.redis().client('KILL', 'ID', Number(/id=(\d+)/.exec(line ?? '')?.[1]));
    await looking;
    const stopping = runtime.stop({ mode: 'finish' });
    looked.letGo();

    expect(await stopping).to.deep.include({ handedOver: 1, stragglers: [], abandoned: [] });
    expect(begun).to.deep.equal([]);
    expect(log.added).to.deep.equal([]);
    expect((await historyOf(suite.redis(), fleet())).map(({ op }) => op)).to.deep.equal(['requeued']);
    await goesToAnother('late', ids);
  });

  for (const mode of ['handOver', 'finish'] as const) {
    it(`with what was being acquired when it came, which goes back at once (${mode}) [C-STOP-10]`, async () => {
      const acquired = heldCall('lease', 'acquire');
      const runtime = fleet().create(
        { heartbeatMs: 1000 } satisfies FleetOptions<never>,
        acquired.substitutes,
      );
      const begun = working(runtime);
      const log = fleet().listen(runtime);
      await runtime.start();
      const acquiring = acquired.next();
      const ids = await fleet().announce(['late']);
      await acquiring;
      const stopping = runtime.stop({ mode });
      acquired.letGo();

      expect(await stopping).to.deep.equal({ mode, handedOver: 1, stragglers: [], abandoned: [] });
      expect(begun).to.deep.equal([]);
      expect(log.added).to.deep.equal([]);
      await goesToAnother('late', ids);
    });
  }

  it('with what a refused acquisition left pending and a lapse has a verification look at [C-STOP-10]', async () => {
    const looked = heldCall('group', 'pending');
    let refuses = false;
    const runtime = fleet().create(
      {},
      {
        stores: (stores) => {
          const decorated = looked.substitutes.stores?.(stores) ?? stores;
          return {
            ...decorated,
            lease: {
              ...decorated.lease,
              acquire: (batch) => {
                if (!refuses) return decorated.lease.acquire(batch);
                refuses = false;
                const details = { reason: 'lapsed' };
                return Promise.reject(
                  new StreamwardenError('LeaseRefused', 'lapsed', { retriable: true, details }),
                );
              },
            },
          };
        },
      },
    );
    const begun = working(runtime);
    const log = fleet().listen(runtime);
    await runtime.start();
    const { names } = fleet();
    refuses = true;
    const looking = looked.next((args) => args[2] === runtime.consumer);
    await suite.redis().del(names.presence(runtime.consumer));
    const ids = await fleet().announce(['late']);
    await looking;
    const stopping = runtime.stop();
    looked.letGo();

    expect(await stopping).to.deep.include({ handedOver: 1, abandoned: [] });
    expect(begun).to.deep.equal([]);
    expect(log.added).to.deep.equal([]);
    await goesToAnother('late', ids);
  });

  it("gives what it finds back while 'finish' waits for a handler [C-STOP-4, C-STOP-10]", async () => {
    const runtime = fleet().create();
    let finish = () => {};
    runtime.process(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    await runtime.start();
    const ids = await fleet().announce(['held']);
    await eventually('it runs', () => runtime.owned('held') ?? null);
    await runtime.pause();
    ids.push(...(await fleet().announce(['late'])));
    await deliverUnheard(runtime);
    const stopping = runtime.stop({ mode: 'finish' });
    const { log } = await fleet().listening();
    expect(await log.first('StreamAdded', 'late')).to.include({ retryCount: 0 });
    expect(runtime.state).to.equal('draining');
    finish();
    expect(await stopping).to.deep.equal({ mode: 'finish', handedOver: 1, stragglers: [], abandoned: [] });
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('and what it gives back without having heard that it was its own makes no token shrink [C-ADD-7]', async () => {
    const { create, listen, announce } = fleet();
    let verify = () => {};
    const slow = create(
      {},
      {
        stores: (stores) => ({
          ...stores,
          lease: {
            ...stores.lease,
            acquire: async (batch) => {
              await new Promise<void>((resolve) => {
                verify = resolve;
              });
              return stores.lease.acquire(batch);
            },
          },
        }),
      },
    );
    const log = listen(slow);
    await slow.start();
    const ids = await announce(['twin']);
    const isWaiting = verify;
    await eventually('the first is about to be verified', () => verify !== isWaiting);

    let stopping: Promise<unknown> | undefined;
    const deaf: TestRuntime = create(
      {},
      {
        stores: (stores) => ({
          ...stores,
          lease: {
            ...stores.lease,
            acquire: async (batch) => {
              await stores.lease.acquire(batch);
              stopping ??= deaf.stop();
              throw new StreamwardenError('RedisUnavailable', 'no answer', { details: { sent: true } });
            },
          },
        }),
      },
    );
    await deaf.start();
    ids.push(...(await announce(['twin'])));
    await eventually('the second is acquired, unheard', () => stopping !== undefined);
    await stopping;
    verify();
    const acquisitions = async () =>
      (await historyOf(suite.redis(), fleet())).filter(({ op }) => op === 'acquired');
    await eventually('somebody owns it', async () => {
      verify();
      return (await acquisitions()).length > 1;
    });
    expect(compareEntryIds((await acquisitions())[1]?.id as string, ids[1] as string)).to.equal(1);
    expect((await log.first('StreamAdded', 'twin')).retryCount).to.equal(0);
    await soundHistory(suite.redis(), fleet(), ids);
  });

  it('tells Redis nothing once it is told to abandon: nobody is given a stream before its time [C-STOP-5, C-OVL-1]', async () => {
    const given = heldCall('lease', 'giveBack');
    const runtime = fleet().create({ heartbeatMs: 5000 }, given.substitutes);
    const log = fleet().listen(runtime);
    await runtime.start();
    const giving = given.next();
    await fleet().announce(['one']);
    await log.first('StreamAdded', 'one');
    const stopping = runtime.stop();
    await giving;
    await runtime.stop({ mode: 'abandon' });
    given.letGo();
    await stopping;
    expect(await suite.redis().exists(fleet().names.presence(runtime.consumer))).to.equal(1);
  });
});
