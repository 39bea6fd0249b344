import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { useCluster } from '../support/cluster.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { rejection } from '../support/rejection.js';

describe('appending on a cluster', () => {
  const suite = useCluster();
  const crew = useCrew(suite, { heartbeatMs: keepable(1000), minIdleMs: keepable(3000) });

  const producerOf = () =>
    createProducer({ redis: suite.cluster().url, service: crew.service, timeoutMs: keepable(20_000) });
  const numbersOf = async (key: string) =>
    (await suite.redis().xrange(key, '-', '+')).map(([, [, n]]) => Number(n));

  it('adds each entry where its key is, then announces, and wakes owners [C-PRO-9, C-PRO-11, C-WAKE-1]', async () => {
    await using producer = producerOf();
    const { runtime, awaitNews } = await crew.start();
    const entries = Array.from({ length: 300 }, (_, n) => ({ name: `stream-${n % 30}`, fields: { n } }));
    const appended = await producer.appendMany(entries);
    await awaitNews('StreamAdded', 30);
    for (let at = 0; at < 30; at += 1) {
      expect(await numbersOf(`stream-${at}`)).to.deep.equal(
        Array.from({ length: 10 }, (_, n) => 30 * n + at),
      );
    }
    expect(new Set(appended.map(({ stream }) => stream.id)).size).to.equal(30);
    const { stream } = await producer.end('stream-7');
    expect(stream).to.deep.equal({ id: appended[7]?.stream.id, created: false });
    await eventually('it is touched', () => runtime.owned('stream-7')?.touched === 1);
    const wakes = await suite.redis().xrange(`{${crew.lbs}}:wakes:${runtime.snapshot().consumer}`, '-', '+');
    expect(wakes.map(([, fields]) => fields)).to.deep.equal([['stream', 'stream-7']]);
  });

  it('follows slots that move while it appends, and keeps the order [C-PRO-9, C-PRO-11]', async () => {
    const cluster = suite.cluster();
    await using producer = producerOf();
    await producer.append('moving', { n: 0 });
    const from = await cluster.masterOf('moving');
    const to = (await cluster.masters()).find((master) => master !== from);
    if (to === undefined) throw new Error('expected a second master, got: none');
    const migration = await cluster.beginSlotMigration(cluster.slotOf('moving'), to);
    // Of the slot that is on its way a stream that is there stays until it is moved, and one that is not goes where it will be.
    const sameSlot = '{moving}:new';
    await producer.appendMany([
      { name: 'moving', fields: { n: 1 } },
      { name: sameSlot, fields: { n: 0 } },
      { name: sameSlot, fields: { n: 1 } },
    ]);
    await migration.moveKeys();
    await migration.finish();
    await producer.appendMany([
      { name: 'moving', fields: { n: 2 } },
      { name: sameSlot, fields: { n: 2 } },
    ]);
    expect(await numbersOf('moving')).to.deep.equal([0, 1, 2]);
    expect(await numbersOf(sameSlot)).to.deep.equal([0, 1, 2]);
  });

  it('waits for the replica that takes over [C-PRO-8]', async () => {
    const cluster = suite.cluster();
    await using producer = producerOf();
    // A stream on another node than the load balancer stream.
    const home = await cluster.masterOf(crew.lbs);
    const names = Array.from({ length: 50 }, (_, at) => `stream-${at}`);
    const masters = await Promise.all(names.map((name) => cluster.masterOf(name)));
    const at = masters.findIndex((master) => master !== home);
    const name = names[at] as string;
    const node = masters[at] as (typeof masters)[number];
    await producer.append(name, { n: 1 });
    await cluster.kill(node);
    // One that was sent just then has no answer, which only its caller can judge.
    const { stream } = await producer.append(name, { n: 2 }).catch(async (error) => {
      expect(error.details).to.have.property('sent', true);
      return await producer.append(name, { n: 2 });
    });
    expect(stream.created).to.equal(false);
    expect((await numbersOf(name)).at(-1)).to.equal(2);
    await cluster.restart(node);
    await cluster.settled();
  });

  it('says where Redis refuses one of many, and adds the others [C-PRO-9]', async () => {
    await using producer = producerOf();
    await suite.redis().set('text', 'no stream');
    const error = await rejection(
      producer.appendMany([
        { name: 'one', fields: { n: 1 } },
        { name: 'text', fields: { n: 2 } },
        { name: 'two', fields: { n: 3 } },
      ]),
    );
    expect(error).to.include({ code: 'RedisRefused' });
    const { appended } = (error as unknown as { details: { appended: (string | null)[] } }).details;
    expect(appended.map((id) => id === null)).to.deep.equal([false, true, false]);
  });
});
