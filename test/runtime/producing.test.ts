import { expect } from 'chai';
import { createProducer, type Producer } from '../../src/index.js';
import { type FaultProxy, startFaultProxy } from '../../src/testing/fault-proxy.js';
import { addsOnce } from '../support/adds-once.js';
import { eventually } from '../support/eventually.js';
import { allowedMs } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { skipWithout } from '../support/skip.js';
import { streamNames } from '../support/runtimes.js';

const LBS = 'orders-input';

describe('a producer', () => {
  const suite = useRedis();
  let proxy: FaultProxy;
  let producer: Producer;

  beforeEach(async () => {
    const { host, port } = suite.server();
    proxy = await startFaultProxy({ host, port });
    producer = createProducer({ redis: proxy.url, service: 'orders', timeoutMs: 300 });
  });

  afterEach(async () => {
    await producer.close();
    await proxy.close();
  });

  const many = (count: number) => streamNames(count).map((name) => ({ name }));
  const isXadd = ([command = '']: readonly string[]) => /^xadd$/i.test(command);

  it('refuses what consumers would dead-letter for its size, nesting or name, before anything is sent [C-PRO-1, C-POI-5, C-POI-7]', async () => {
    await using strict = createProducer({ redis: proxy.url, service: 'orders', maxEntryBytes: 2000 });
    let deep: object = {};
    for (let at = 0; at < 10_000; at += 1) deep = { deep };
    const refused = [
      strict.add('large', { filling: 'x'.repeat(2000) }),
      strict.addMany([{ name: 'fine' }, { name: 'large', info: { filling: 'x'.repeat(2000) } }]),
      producer.add('large', { filling: 'x'.repeat(1_048_576) }),
      producer.add('deep', deep as Record<string, unknown>),
      producer.add('deep', JSON.parse(`${'{"a":'.repeat(64)}{}${'}'.repeat(64)}`)),
      producer.add('n'.repeat(65_537)),
    ];
    for (const error of await Promise.all(refused.map((one) => rejection(one)))) {
      expect(error).to.have.property('code', 'InvalidOption');
      expect((error as Error).message).to.have.length.below(10_000);
    }
    expect(await suite.redis().exists(LBS)).to.equal(0);
    await strict.add('fits', { filling: 'x'.repeat(1900) });
  });

  it('sends many large entries a few at a time [C-PRO-4]', async () => {
    const filling = 'x'.repeat(300_000);
    const ids = await producer.addMany(many(10).map(({ name }) => ({ name, info: { filling } })));
    expect(await suite.redis().xlen(LBS)).to.equal(ids.length);
  });

  it('resolves with the ids of what Redis has acknowledged, in order [C-PRO-1]', async () => {
    const one = await producer.add('one', { colour: 'green' });
    const ids = await producer.addMany(many(3));
    const entries = await suite.redis().xrange(LBS, '-', '+');
    expect(entries.map(([id]) => id)).to.deep.equal([one, ...ids]);
    expect(entries[0]?.[1]).to.deep.equal([
      'lbs-input',
      '{"DataStreamName":"one","Info":{"colour":"green"}}',
    ]);
  });

  it('refuses names and infos that are none before it connects [C-PRO-1]', async () => {
    for (const name of ['', 7, null, undefined, {}] as string[]) {
      expect(await rejection(producer.add(name))).to.include({ code: 'InvalidOption' });
    }
    for (const info of [[], 'text', 7] as unknown as Record<string, unknown>[]) {
      expect(await rejection(producer.add('one', info))).to.include({ code: 'InvalidOption' });
    }
    expect(await rejection(producer.addMany([...many(700), { name: '' }]))).to.include({
      code: 'InvalidOption',
    });
    expect(proxy.connections).to.equal(0);
    expect(await suite.redis().exists(LBS)).to.equal(0);
  });

  it('says that nothing was sent when there was no connection in time [C-PRO-2, C-PRO-3]', async () => {
    proxy.refuse();
    const began = performance.now();
    const error = await rejection(producer.add('one'));
    expect(performance.now() - began).to.be.within(295, allowedMs(300));
    expect(error).to.include({ code: 'RedisUnavailable', retriable: true });
    expect(error).to.have.nested.property('details.sent', false);
    proxy.allow();
    await producer.add('one');
    expect(await suite.redis().xlen(LBS)).to.equal(1);
  });

  it('says that it does not know when the answer was lost, and sends nothing twice [C-PRO-2]', async function () {
    if (addsOnce(suite.server()))
      skipWithout(this, { missing: 'a server before Redis 8.6', remedy: '$REDIS_SERVER_BIN' });
    await producer.add('one');
    const armed = proxy.arm({ fault: 'cutReply', matches: isXadd });
    const error = await rejection(producer.add('two'));
    expect(armed.struck).to.equal(1);
    expect(error).to.include({ code: 'RedisUnavailable', retriable: true });
    expect(error).to.have.nested.property('details.sent', true);
    await producer.add('three');
    const entries = await suite.redis().xrange(LBS, '-', '+');
    expect(entries.map(([, [, payload]]) => JSON.parse(String(payload)).DataStreamName)).to.deep.equal([
      'one',
      'two',
      'three',
    ]);
  });

  it('sends what has no answer again where the server adds it once all the same [C-PRO-6]', async function () {
    if (!addsOnce(suite.server()))
      skipWithout(this, { missing: 'Redis 8.6', remedy: 'name one in $REDIS_SERVER_BIN' });
    await using patient = createProducer({ redis: proxy.url, service: 'orders', timeoutMs: 10_000 });
    const one = await patient.add('one');
    for (const fault of ['cutReply', 'cutBefore'] as const) {
      const armed = proxy.arm({ fault, matches: isXadd });
      await patient.add(fault);
      expect(armed.struck).to.equal(1);
    }
    proxy.arm({
      fault: 'cutReply',
      matches: (args) => isXadd(args) && args.join(' ').includes('stream-250"'),
    });
    const ids = await patient.addMany(many(700));
    const entries = await suite.redis().xrange(LBS, '-', '+');
    expect(entries.map(([, [, payload]]) => JSON.parse(String(payload)).DataStreamName)).to.deep.equal([
      'one',
      'cutReply',
      'cutBefore',
      ...streamNames(700),
    ]);
    expect(entries.map(([id]) => id).slice(3)).to.deep.equal(ids);

    // Finished and deleted meanwhile: it is not announced again.
    proxy.arm({ fault: 'cutReply', matches: isXadd });
    const adding = patient.add('finished');
    await eventually('it is there', async () => (await suite.redis().xlen(LBS)) === 704);
    const [last] = await suite.redis().xrevrange(LBS, '+', '-', 'COUNT', 1);
    await suite.redis().xdel(LBS, String(last?.[0]));
    expect(await adding).to.equal(last?.[0]);
    expect(await suite.redis().xlen(LBS)).to.equal(703);
    expect(one).to.equal(entries[0]?.[0]);
  });

  it('waits a second for an answer, however short its timeout is [C-PRO-3]', async () => {
    await producer.add('one');
    proxy.freeze();
    const began = performance.now();
    const error = await rejection(producer.add('two'));
    expect(performance.now() - began).to.be.within(995, allowedMs(1000));
    expect(error).to.have.nested.property('details.sent', true);
    proxy.thaw();
  });

  it('stops at the first batch of 500 that fails; those before it are announced [C-PRO-4]', async () => {
    // However often it is tried.
    proxy.arm({
      fault: 'cutBefore',
      matches: (args) => isXadd(args) && args.join(' ').includes('stream-701"'),
      times: Number.POSITIVE_INFINITY,
    });
    const error = await rejection(producer.addMany(many(1400)));
    expect(error).to.include({ code: 'RedisUnavailable' });
    const entries = await suite.redis().xrange(LBS, '-', '+');
    const announced = entries.map(([, [, payload]]) => JSON.parse(String(payload)).DataStreamName);
    expect(announced.length).to.be.within(500, 700);
    expect(announced).to.deep.equal(streamNames(announced.length));
  });

  it('rejects after close() [C-PRO-5]', async () => {
    await producer.add('one');
    await producer.close();
    expect(await rejection(producer.add('two'))).to.include({ code: 'RuntimeStopped' });
    expect(await rejection(producer.addMany(many(2)))).to.include({ code: 'RuntimeStopped' });
    expect(await suite.redis().xlen(LBS)).to.equal(1);
  });
});
