import { expect } from 'chai';
import type { EntryRef, Moved } from '../../src/redis/lease-store.js';
import { ALONE, NOT_BEGUN } from '../../src/redis/marks.js';
import { deadLetters } from '../support/dead-letters.js';
import { useRedis } from '../support/redis.js';
import { useWire, type WireConsumer } from '../support/wire.js';

const HEIR = 'heir~0000000f';
const TAKE = { minIdleMs: 0, spendAlways: false, lockKeys: [] };

describe('an entry that was delivered to a consumer that died before it owned it', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names } = wire;
  let deaths = 0;

  /** A consumer that is given what there is, does something with it, and dies. */
  async function die(
    live: (consumer: WireConsumer, batch: EntryRef[]) => Promise<unknown> = async () => {},
    settings = {},
  ): Promise<readonly Moved[]> {
    deaths += 1;
    const consumer = await wire.join(`c~0000000${deaths}`, settings);
    const batch = await consumer.read();
    await live(consumer, batch);
    await consumer.vanish();
    const result = await wire.stranger(HEIR, settings).group.requeue(consumer.name, batch, TAKE);
    if (result === 'alive') throw new Error('expected it to be dead');
    return result.moved;
  }

  const begunWithAlone = (consumer: WireConsumer, batch: EntryRef[]) =>
    consumer.lease.mark(
      batch.map(({ id }) => id),
      ALONE,
    );

  /** `_delivery_count` of what stands on the stream, by name. */
  async function counts(): Promise<Record<string, string | undefined>> {
    const entries = await wire.entries(names.lbs);
    return Object.fromEntries(
      entries.map(([, fields]) => {
        const at = fields.indexOf('_delivery_count');
        return [JSON.parse(fields[1] as string).DataStreamName, at < 0 ? undefined : fields[at + 1]];
      }),
    );
  }

  beforeEach(() => {
    deaths = 0;
  });

  it('comes closer to the dead-letter stream each time, and no retry is spent [C-POI-6, C-EXP-5]', async () => {
    await wire.announce('poison');
    for (const count of ['1', '2']) {
      expect(
        (await die(begunWithAlone)).map(({ outcome, retryCount }) => [outcome, retryCount]),
      ).to.deep.equal([['requeued', 0]]);
      expect(await counts()).to.deep.equal({ poison: count });
    }
    expect((await die(begunWithAlone)).map(({ outcome, retryCount }) => [outcome, retryCount])).to.deep.equal(
      [['deadLettered', 0]],
    );
    const [letter] = await deadLetters(suite.redis(), names.dlq);
    expect(letter?.fields).to.include({
      _dlq_reason: 'delivery_limit',
      _delivery_count: '3',
      _retry_count: '0',
    });
  });

  it('beside others that its consumer may have died of is allowed three times as many deaths [C-POI-6]', async () => {
    for (const name of ['a', 'b']) await wire.announce(name);
    for (let death = 1; death <= 6; death += 1) {
      await die();
      expect(await counts()).to.deep.equal({ a: `${death}`, b: `${death}` });
    }
    await die();
    expect(await deadLetters(suite.redis(), names.dlq)).to.have.length(2);
  });

  it('is gone before the streams that die with it have used up their retries [C-POI-6, C-EXP-6]', async () => {
    await wire.announce('poison');
    await wire.announce('healthy');
    const own = async (consumer: WireConsumer, batch: EntryRef[]) => {
      await consumer.lease.acquire(batch.filter(({ name }) => name === 'healthy'));
      await begunWithAlone(
        consumer,
        batch.filter(({ name }) => name === 'poison'),
      );
    };
    for (let death = 0; death < 3; death += 1) await die(own);
    expect((await wire.entries(names.lbs)).map(([, fields]) => fields)).to.deep.equal([
      ['lbs-input', '{"DataStreamName":"healthy"}', '_retry_count', '3', '_deaths', '3'],
    ]);
    expect(await deadLetters(suite.redis(), names.dlq)).to.have.length(1);
  });

  it('is counted as well where whoever takes over does not read it [C-POI-6]', async () => {
    await wire.announce('deadly');
    const dead = await wire.join('c~00000001');
    const unread = (await dead.read()).map(({ id }) => ({ id, name: '' }));
    await dead.vanish();
    const taken = await wire.stranger(HEIR).group.requeue(dead.name, unread, { ...TAKE, nameless: 'unread' });
    expect(taken).to.have.nested.property('moved[0].outcome', 'requeued');
    expect(await counts()).to.deep.equal({ deadly: '1' });
  });

  it('and has been owned since is innocent: the count ends [C-POI-6]', async () => {
    await wire.announce('slow', '_delivery_count', '2');
    await die((consumer, batch) => consumer.lease.acquire(batch));
    expect(await counts()).to.deep.equal({ slow: undefined });
  });

  it('and only waited there for its name does not count [C-POI-6, C-NAME-3]', async () => {
    const owner = await wire.join('owner~0000000a');
    await wire.own(owner, 'same');
    await wire.announce('same', 'which', 'second');
    await die((consumer, batch) => consumer.lease.acquire(batch));
    expect(await counts()).to.deep.equal({ same: undefined });
    // Its owner died with it.
    const both = await wire.join('both~0000000b');
    await wire.announce('other');
    await wire.announce('other');
    await die((consumer, batch) => consumer.lease.acquire(batch));
    expect((await counts()).other).to.equal(undefined);
    await both.vanish();
  });

  it('counts alone among those that are held back [C-POI-6]', async () => {
    for (const name of ['a', 'b', 'c']) await wire.announce(name, '_delivery_count', '1');
    await die(async (consumer, batch) => {
      const ids = batch.map(({ id }) => id);
      await consumer.lease.mark(ids, NOT_BEGUN);
      await consumer.lease.mark([ids[1] as string], ALONE);
    });
    expect(await counts()).to.deep.equal({ a: '1', b: '2', c: '1' });
  });

  it('and was not begun with is no poison, however often it has been counted beside others [C-POI-6]', async () => {
    await wire.announce('innocent', '_delivery_count', '4');
    await die((consumer, batch) =>
      consumer.lease.mark(
        batch.map(({ id }) => id),
        NOT_BEGUN,
      ),
    );
    expect(await counts()).to.deep.equal({ innocent: '4' });
  });

  it('is held back without a change of its idle time, and only by whoever has it', async () => {
    await wire.announce('a');
    const consumer = await wire.join('c~00000009');
    const [{ id }] = (await consumer.read()) as [EntryRef];
    await suite
      .redis()
      .call('XCLAIM', names.lbs, names.group, consumer.name, 0, id, 'IDLE', 50_000, 'JUSTID');
    await wire.join('other~0000000c').then((other) => other.lease.mark([id], NOT_BEGUN));
    await consumer.lease.mark([id], NOT_BEGUN);
    const [row] = await consumer.group.pending('-', 1);
    expect(row).to.include({ consumer: consumer.name, deliveries: NOT_BEGUN });
    expect(row?.idleMs).to.be.at.least(50_000);
  });
});

describe('entries with many bytes', () => {
  const suite = useRedis();
  const wire = useWire(suite);

  it('are moved a few at a time: Redis does not stand still for all of them [C-SIZE-3]', async () => {
    const consumer = await wire.join('c~00000001');
    for (let n = 0; n < 10; n += 1) await wire.announce(`s${n}`, 'filling', 'x'.repeat(300_000));
    const batch = await consumer.read();
    const { moved } = await consumer.lease.giveBack('handOver', batch);
    expect(moved.map(({ outcome }) => outcome)).to.deep.equal(Array(4).fill('requeued'));
    expect(await wire.pendingIds()).to.deep.equal(batch.slice(4).map(({ id }) => id));
    await consumer.vanish();
    const result = await wire.stranger(HEIR).group.requeue(consumer.name, batch.slice(4), TAKE);
    expect(result).to.have.property('moved').that.has.length(4);
  });
});
