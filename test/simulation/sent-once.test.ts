import { expect } from 'chai';
import fc from 'fast-check';
import { isStreamwardenError, type Producer } from '../../src/index.js';
import { SentOnce } from '../../src/redis/sent-once.js';
import { composeProducer } from '../../src/runtime/producer.js';
import type { Connection } from '../../src/simulation/network.js';
import { World } from '../../src/simulation/world.js';

const LBS = 'orders-input';

interface Stand {
  readonly world: World;
  readonly producer: Producer;
  /** Cuts its connection when this XADD of its life, counted from 1, has been executed. */
  loseAnswer(nth: number): void;
  entries(): string[];
  run(ms: number): Promise<void>;
}

function stand(version: string): Stand {
  const world = new World({
    seed: 1,
    latencyMs: 2,
    version,
    onThrown: (error) => {
      throw error;
    },
    hooks: { executed() {} },
  });
  const process = world.process('producer');
  const redis = world.redisFor(process);
  const producer = composeProducer(
    { redis, service: 'orders', telemetry: false, timeoutMs: 5_000 },
    process.clock,
  );
  return {
    world,
    producer,
    loseAnswer(nth) {
      const hit = (connection: Connection) => {
        connection.cut();
        return undefined;
      };
      world.errands.aim(process, { label: 'XADD', nth, phase: 'executed', hit });
    },
    entries: () =>
      (world.server.redis.look(['XRANGE', LBS, '-', '+']) as [string, string[]][]).map(
        ([, fields]) => JSON.parse(fields[1] ?? '').DataStreamName,
      ),
    run: (ms) => world.timeline.run(world.timeline.now + ms),
  };
}

const outcomeOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error: unknown) => (isStreamwardenError(error) ? `${error.code} ${String(error.details.sent)}` : error),
  );

describe('what a producer sends and has no answer to', () => {
  it('is announced once on Redis 8.6, and the producer has its id [C-PRO-6]', async () => {
    const { producer, loseAnswer, entries, run } = stand('8.6.3');
    loseAnswer(1);
    const adding = outcomeOf(producer.add('order-1'));
    await run(2_000);
    expect(await adding).to.match(/^\d+-0$/);
    expect(entries()).to.deep.equal(['order-1']);
    await producer.close();
  });

  it('is not sent again before it [C-PRO-2]', async () => {
    const { producer, loseAnswer, entries, run } = stand('8.4.0');
    loseAnswer(1);
    const adding = outcomeOf(producer.add('order-1'));
    await run(2_000);
    expect(await adding).to.equal('RedisUnavailable true');
    expect(entries()).to.deep.equal(['order-1']);
    await producer.close();
  });

  it('is not sent again when its time is over [C-PRO-6]', async () => {
    const { world, producer, loseAnswer, entries, run } = stand('8.6.3');
    await Promise.all([producer.add('first'), run(500)]);
    loseAnswer(2);
    const adding = outcomeOf(producer.add('order-1'));
    await run(3);
    world.server.stall(20_000);
    await run(15_000);
    expect(await adding).to.equal('RedisUnavailable true');
    await run(10_000);
    expect(entries()).to.deep.equal(['first', 'order-1']);
    await producer.close();
  });

  it('has a mark of its own among the last hundred of a producer, whatever is sent at the same time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.nat()), { maxLength: 50 }),
        (calls) => {
          const once = new SentOnce(() => 'p');
          /** Of each producer the ids since the oldest that has no answer. */
          const sent = new Map<string, string[]>();
          const seen = new Set<string>();
          const open: ReturnType<SentOnce['take']>[] = [];
          for (const [count, which] of calls) {
            const taken = once.take(count);
            open.push(taken);
            expect(taken.marks).to.have.length(count);
            for (const [, producer, id] of taken.marks) {
              expect(seen.has(`${producer} ${id}`)).to.equal(false);
              seen.add(`${producer} ${id}`);
              sent.set(producer, [...(sent.get(producer) ?? []), id]);
            }
            for (const { marks } of open) {
              for (const [, producer, id] of marks) {
                const ids = sent.get(producer) ?? [];
                expect(ids.length - ids.indexOf(id)).to.be.at.most(100);
              }
            }
            if (which % 2 === 0) open.splice(which % open.length, 1)[0]?.free();
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
