import { expect } from 'chai';
import { parseCheckpoint } from '../../src/redis/checkpoints.js';
import type { EntryRef } from '../../src/redis/lease-store.js';
import type { Script } from '../../src/redis/scripts.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { lastRelease } from '../support/release.js';
import { useScriptSets, withScripts } from '../support/script-set.js';
import { useWire, type WireConsumer } from '../support/wire.js';

describe('a checkpoint in Redis', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const makeSet = useScriptSets();
  const { names } = wire;

  async function save(consumer: WireConsumer, ref: EntryRef | undefined, number: number, json: string) {
    if (ref === undefined) throw new Error('expected an entry');
    return await consumer.checkpoints.save([{ ...ref, number, json }]);
  }

  async function kept(name: string) {
    const record = await suite.redis().hget(names.checkpoints, name);
    return record === null ? null : parseCheckpoint(record);
  }

  it('is written by the owner, with its entry, its number and the clock of Redis [C-CHK-1]', async () => {
    const a = await wire.join('a~00000001');
    const batch = await wire.own(a, 'one', 'two');
    const before = Date.now();
    const saving = batch.map((ref, at) => ({ ...ref, number: 1, json: `{"v":${at}}` }));
    expect(await a.checkpoints.save(saving)).to.deep.equal(['saved', 'saved']);
    const record = await kept('two');
    expect(record).to.deep.include({ id: batch[1]?.id, number: 1, content: { v: 1 } });
    expect(record?.at).to.be.within(before - 1000, Date.now() + 1000);
    expect((await wire.history()).at(-1)).to.include({ op: 'saved', name: 'two', owner: a.name, number: 1 });
  });

  it('is not written by who is not the owner [C-CHK-2]', async () => {
    const a = await wire.join('a~00000001');
    const [ref] = await wire.own(a, 'one');
    const b = await wire.join('b~00000002');
    expect(await save(b, ref, 9, '{"v":"b"}')).to.deep.equal(['notMine']);
    expect(await kept('one')).to.equal(null);
    await a.lease.done([ref as EntryRef]);
    expect(await save(a, ref, 1, '{"v":"late"}')).to.deep.equal(['notMine']);
    expect(await kept('one')).to.equal(null);
  });

  it('is not written by a zombie, whose stream somebody else has been given [C-CHK-2]', async () => {
    const a = await wire.join('a~00000001');
    const [ref] = await wire.own(a, 'one');
    await save(a, ref, 1, '{"v":"a"}');
    await a.vanish();
    const b = await wire.join('b~00000002');
    await b.group.requeue(a.name, [ref as EntryRef], { minIdleMs: 0, spendAlways: false, lockKeys: [] });
    const batch = await b.read();
    const [given] = await b.lease.acquire(batch);
    expect(given).to.have.property('result', 'owned');
    expect(parseCheckpoint((given as { checkpoint: string }).checkpoint)).to.deep.include({
      id: ref?.id,
      content: { v: 'a' },
    });
    expect(await rejection(save(a, ref, 2, '{"v":"late"}'))).to.include({ code: 'LeaseRefused' });
    await a.lease.raise(2);
    expect(await save(a, ref, 2, '{"v":"late"}')).to.deep.equal(['notMine']);
    await save(b, batch[0], 1, '{"v":"b"}');
    expect(await kept('one')).to.deep.include({ id: batch[0]?.id, number: 1, content: { v: 'b' } });
  });

  it('is not taken back by a save that is executed late [C-CHK-3]', async () => {
    const a = await wire.join('a~00000001');
    const [ref] = await wire.own(a, 'one');
    expect(await save(a, ref, 8, '{"v":8}')).to.deep.equal(['saved']);
    for (const number of [7, 8]) {
      expect(await save(a, ref, number, '{"v":"late"}')).to.deep.equal(['saved']);
      expect(await kept('one')).to.deep.include({ number: 8, content: { v: 8 } });
    }
    await save(a, ref, 9, '{"v":9}');
    expect(await kept('one')).to.deep.include({ number: 9, content: { v: 9 } });
  });

  it('of the newer of two owners of one name stands, where data was lost [C-CHK-2]', async () => {
    const a = await wire.join('a~00000001');
    const [older] = await wire.own(a, 'one');
    await suite.redis().del(names.owners);
    const b = await wire.join('b~00000002');
    const [newer] = await wire.own(b, 'one');
    await save(a, older, 5, '{"v":"a"}');
    await save(b, newer, 1, '{"v":"b"}');
    expect(await save(a, older, 6, '{"v":"a"}')).to.deep.equal(['notMine']);
    expect(await kept('one')).to.deep.include({ id: newer?.id, content: { v: 'b' } });
    await b.lease.giveBack('handOver', [newer as EntryRef]);
    expect(await save(a, older, 6, '{"v":"a"}')).to.deep.equal(['saved']);
  });

  it('what somebody else has written there is overwritten', async () => {
    const a = await wire.join('a~00000001');
    const [ref] = await wire.own(a, 'one');
    for (const garbage of ['', 'v1', 'v1 7 1 1 {}', 'v2 1-1 9 1 {}', 'v1 99999999999999999999999-1 1 1 {}']) {
      await suite.redis().hset(names.checkpoints, 'one', garbage);
      expect(parseCheckpoint(garbage)).to.equal(undefined);
      expect(await save(a, ref, 1, '{"v":1}')).to.deep.equal(['saved']);
      expect(await kept('one')).to.deep.include({ number: 1 });
    }
  });

  it('comes with the answer that its next owner gets, as far as that has room [C-CHK-4]', async () => {
    const a = await wire.join('a~00000001');
    const large = JSON.stringify({ v: 'x'.repeat(40_000) });
    const batch = await wire.own(a, 'one', 'two', 'three');
    const [one, two] = batch;
    for (const ref of [one, two]) await save(a, ref, 1, large);
    await a.lease.giveBack('handOver', batch);
    const b = await wire.join('b~00000002');
    const results = await b.lease.acquire(await b.read());
    expect(results.map((item) => ('checkpoint' in item ? item.checkpoint?.length : null))).to.deep.equal([
      (await suite.redis().hget(names.checkpoints, 'one'))?.length,
      0,
      null,
    ]);
    expect(await b.checkpoints.read(['two', 'three'])).to.deep.equal([
      await suite.redis().hget(names.checkpoints, 'two'),
      null,
    ]);
    const given = (await wire.history()).filter(({ op, owner }) => op === 'acquired' && owner === b.name);
    expect(given.map(({ checkpoint }) => checkpoint)).to.deep.equal([
      `${one?.id} 1`,
      `${two?.id} 1`,
      undefined,
    ]);
  });

  it('is left behind by a consumer of the last release that finishes its stream, and is there for the next of its name [C-CHK-10]', async () => {
    const { scripts } = makeSet('released', lastRelease().folder);
    const a = await wire.join('a~00000001');
    const [ref] = await wire.own(a, 'one');
    await save(a, ref, 1, '{"v":1}');
    const finished = await withScripts({ done: scripts.done as Script }, () =>
      a.lease.done([ref as EntryRef]),
    );
    expect(finished).to.deep.equal([true]);
    await wire.announce('one');
    const [given] = await a.lease.acquire(await a.read());
    expect(parseCheckpoint((given as { checkpoint: string }).checkpoint)).to.deep.include({
      content: { v: 1 },
    });
  });

  it('of a stream whose entries were removed says only that for a while after it is done [C-DATA-14]', async () => {
    const a = await wire.join('a~00000001');
    const batch = await wire.own(a, 'one', 'two');
    for (const ref of batch) await save(a, ref, 1, '{"v":1,"p":{"one":"removed"}}');
    const leaving = '{"p":{"one":"removed"}}';
    const finish = batch.map((ref, at) => ({
      ...ref,
      isClearing: true,
      leaving: at === 0 ? leaving : undefined,
    }));
    expect(await a.lease.done(finish)).to.deep.equal([true, true]);
    const [record, none] = await a.checkpoints.read(['one', 'two']);
    expect(none).to.equal(null);
    const found = parseCheckpoint(record ?? '');
    expect(found).to.deep.include({ id: batch[0]?.id, number: 0, content: { p: { one: 'removed' } } });
    const finished = (await wire.history()).filter(({ op }) => op === 'finished');
    expect(finished.map(({ checkpoint }) => checkpoint)).to.deep.equal(['removed', 'cleared']);
    const aged = (ms: number, number: number) => `v1 1-1 ${number} ${(found?.at ?? 0) - ms} ${leaving}`;
    await suite.redis().hset(names.checkpoints, {
      young: aged(500_000, 0),
      old: aged(700_000, 0),
      saved: aged(700_000, 1),
    });
    expect(await a.checkpoints.prune(3_600_000)).to.equal(1);
    expect((await suite.redis().hkeys(names.checkpoints)).sort()).to.deep.equal(['one', 'saved', 'young']);
    expect(await a.checkpoints.prune(300_000)).to.equal(2);
  });

  it('goes with the stream that is done, unless it is to be kept [C-CHK-5]', async () => {
    const a = await wire.join('a~00000001');
    const batch = await wire.own(a, 'one', 'two', 'three');
    for (const ref of batch) await save(a, ref, 1, '{"v":1}');
    await suite.redis().hset(names.touches, batch[2]?.id ?? '', 3);
    const finish = batch.map((ref, at) => ({
      ...ref,
      isClearing: at !== 1,
      ifTouches: at === 2 ? 0 : undefined,
    }));
    expect(await a.lease.done(finish)).to.deep.equal([true, true, 3]);
    expect(Object.keys(await suite.redis().hgetall(names.checkpoints)).sort()).to.deep.equal([
      'three',
      'two',
    ]);
    expect(await a.lease.done([{ ...(batch[2] as EntryRef), isClearing: true, ifTouches: 3 }])).to.deep.equal(
      [true],
    );
    expect(await suite.redis().hkeys(names.checkpoints)).to.deep.equal(['two']);
  });
});
