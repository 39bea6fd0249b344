import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createProducer, type Producer } from '../../src/index.js';
import { createNames } from '../../src/redis/names.js';
import { type FaultProxy, startFaultProxy } from '../../src/testing/fault-proxy.js';
import { startRedis } from '../../src/testing/index.js';
import { addsOnce } from '../support/adds-once.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useFleet } from '../support/runtimes.js';
import { skipWithout } from '../support/skip.js';

const names = createNames({ service: 'orders' });
interface Fates {
  readonly sent: boolean;
  readonly appended: readonly (string | null)[];
  readonly unknown: readonly number[];
}

const isXadd = ([command = '']: readonly string[]) => /^xadd$/i.test(command);
const isScript = ([command = '']: readonly string[]) => /^eval/i.test(command);

describe('appending to data streams', () => {
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

  const entriesOf = (key: string) => suite.redis().xrange(key, '-', '+');
  const fieldsOf = async (key: string) => (await entriesOf(key)).map(([, fields]) => fields.join(' '));

  it('adds the entry and announces its stream, or touches its owner [C-PRO-7]', async () => {
    const first = await producer.append('one', { amount: 7, currency: 'EUR' }, { info: { region: 'eu' } });
    expect(await entriesOf('one')).to.deep.equal([[first.id, ['amount', '7', 'currency', 'EUR']]]);
    expect(first.stream.created).to.equal(true);
    expect(await fieldsOf(names.lbs)).to.deep.equal([
      'lbs-input {"DataStreamName":"one","Info":{"region":"eu"}}',
    ]);
    const second = await producer.append('one', { amount: -0.5 });
    expect(second.stream).to.deep.equal({ id: first.stream.id, created: false });
    expect(await fieldsOf('one')).to.deep.equal(['amount 7 currency EUR', 'amount -0.5']);
    expect(await suite.redis().xlen(names.lbs)).to.equal(1);
  });

  it('keeps bytes as they are, and adds to the key and up to the length that it is told [C-PRO-7]', async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    for (let at = 0; at < 300; at += 1) {
      await producer.append(
        'one',
        { bytes, view: new Uint8Array([1, 2]) },
        { key: 'elsewhere', maxLen: 100 },
      );
    }
    const length = await suite.redis().xlen('elsewhere');
    expect(length).to.be.within(100, 250);
    const [entry] = (await suite.redis().xrangeBuffer('elsewhere', '-', '+', 'COUNT', 1)) as [
      Buffer,
      Buffer[],
    ][];
    expect(entry?.[1]).to.deep.equal([Buffer.from('bytes'), bytes, Buffer.from('view'), Buffer.from([1, 2])]);
    expect(await suite.redis().exists('one')).to.equal(0);
    expect(await suite.redis().xlen(names.lbs)).to.equal(1);
  });

  it('adds an end mark as an entry like any other [C-PRO-10]', async () => {
    const { id, stream } = await producer.end('one');
    expect(stream.created).to.equal(true);
    expect(await entriesOf('one')).to.deep.equal([[id, ['_end', '1']]]);
    await producer.end('two', { key: 'elsewhere' });
    expect(await fieldsOf('elsewhere')).to.deep.equal(['_end 1']);
  });

  it('keeps the order of many, of one stream and of several, in batches [C-PRO-9]', async () => {
    const entries = Array.from({ length: 1203 }, (_, n) => ({ name: `stream-${n % 3}`, fields: { n } }));
    const appended = await producer.appendMany(entries);
    for (let at = 0; at < 3; at += 1) {
      const own = await entriesOf(`stream-${at}`);
      expect(own.map(([, [, n]]) => Number(n))).to.deep.equal(
        Array.from({ length: 401 }, (_, n) => 3 * n + at),
      );
      expect(own.map(([id]) => id)).to.deep.equal(
        appended.filter((_, n) => n % 3 === at).map(({ id }) => id),
      );
    }
    expect(new Set(appended.map(({ stream }) => stream.id)).size).to.equal(3);
    expect(await suite.redis().xlen(names.lbs)).to.equal(3);
    expect(await producer.appendMany([])).to.deep.equal([]);
  });

  it('refuses what is no entry before it connects [C-PRO-7]', async () => {
    const circle = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    const refused: unknown[] = [
      {},
      [],
      null,
      'text',
      { _end: '1' },
      { a: undefined },
      { a: null },
      { a: Number.NaN },
      { a: Number.POSITIVE_INFINITY },
      { a: true },
      { a: {} },
      { a: 7n },
      { a: '\ud800' },
      { '\ud800': 'a' },
      { a: 'x'.repeat(1_048_576) },
      circle,
    ];
    for (const fields of refused) {
      const error = await rejection(producer.append('one', fields as { a: string }));
      expect(error, String(fields)).to.include({ code: 'InvalidOption' });
      expect((error as Error).message).to.have.length.below(10_000);
    }
    const fields = { a: 'b' };
    const wrong: Promise<unknown>[] = [
      producer.append('', fields),
      producer.append('\ud800', fields),
      producer.append('one', fields, { key: '' }),
      producer.append('one', fields, { key: 7 as unknown as string }),
      producer.append('one', fields, { maxLen: 0 }),
      producer.append('one', fields, { maxLen: 1.5 }),
      producer.append('one', fields, { maxlen: 1 } as object),
      producer.append('one', fields, { info: [] as unknown as object }),
      producer.append('one', fields, { key: names.lbs }),
      producer.append('orders-input', fields),
      producer.append('one', fields, { key: names.owners }),
      producer.append('one', fields, { key: names.wakes('me') }),
      producer.appendMany([
        { name: 'one', fields },
        { name: 'two' } as { name: string; fields: object },
      ] as never),
      producer.end(''),
      producer.end('one', { maxLen: 7 } as object),
    ];
    for (const [at, one] of wrong.entries()) {
      expect(await rejection(one), `${at}`).to.include({ code: 'InvalidOption' });
    }
    expect(proxy.connections).to.equal(0);
    await producer.append('other:{orders-input}:mine', { a: '', ' ': '' });
  });

  it('says that nothing was sent when there was no connection in time [C-PRO-8]', async () => {
    proxy.refuse();
    const error = await rejection(producer.append('one', { n: 1 }));
    expect(error).to.include({ code: 'RedisUnavailable', retriable: true });
    expect(error).to.have.nested.property('details.sent', false);
    expect(error).to.have.deep.nested.property('details.appended', [null]);
    expect(error).to.have.deep.nested.property('details.unknown', []);
    proxy.allow();
    await producer.append('one', { n: 1 });
    expect(await suite.redis().xlen('one')).to.equal(1);
  });

  it('says that the entry may be there when the answer was lost, and sends it once [C-PRO-8]', async function () {
    if (addsOnce(suite.server()))
      skipWithout(this, { missing: 'a server before Redis 8.6', remedy: '$REDIS_SERVER_BIN' });
    await producer.append('one', { n: 0 });
    const armed = proxy.arm({ fault: 'cutReply', matches: isXadd });
    const error = await rejection(producer.append('one', { n: 1 }));
    expect(armed.struck).to.equal(1);
    expect(error).to.include({ code: 'RedisUnavailable', retriable: true });
    expect(error).to.have.nested.property('details.sent', true);
    expect(error).to.have.deep.nested.property('details.unknown', [0]);
    await producer.append('one', { n: 2 });
    expect(await fieldsOf('one')).to.deep.equal(['n 0', 'n 1', 'n 2']);
  });

  it('sends what has no answer again where the server adds it once all the same, in its place [C-PRO-8]', async function () {
    if (!addsOnce(suite.server()))
      skipWithout(this, { missing: 'Redis 8.6', remedy: 'name one in $REDIS_SERVER_BIN' });
    await using patient = createProducer({ redis: proxy.url, service: 'orders', timeoutMs: 10_000 });
    for (const fault of ['cutReply', 'cutBefore'] as const) {
      const armed = proxy.arm({ fault, matches: isXadd });
      await patient.append('one', { fault });
      expect(armed.struck).to.equal(1);
    }
    const isThe250th = (args: readonly string[]) => isXadd(args) && args.at(-1) === '250';
    proxy.arm({ fault: 'cutReply', matches: isThe250th });
    const entries = Array.from({ length: 700 }, (_, n) => ({ name: 'one', fields: { n } }));
    const appended = await patient.appendMany(entries);
    const there = await entriesOf('one');
    expect(there.map(([, [, value]]) => value)).to.deep.equal([
      'cutReply',
      'cutBefore',
      ...entries.map((_, n) => String(n)),
    ]);
    expect(there.slice(2).map(([id]) => id)).to.deep.equal(appended.map(({ id }) => id));
  });

  it('announces again until it is answered, and sends no entry again for it [C-PRO-8]', async () => {
    await using patient = createProducer({ redis: proxy.url, service: 'orders', timeoutMs: 10_000 });
    await patient.append('one', { n: 0 });
    for (const fault of ['cutReply', 'cutBefore'] as const) {
      const armed = proxy.arm({ fault, matches: isScript });
      const { stream } = await patient.append(fault, { n: 1 }).catch((error) => {
        // The entry has no answer either where the connection breaks before both are read.
        expect(error.details.sent).to.equal(true);
        return { stream: undefined };
      });
      expect(armed.struck).to.equal(1);
      if (stream === undefined) await patient.ensure(fault);
      expect(await fieldsOf(fault)).to.deep.equal(['n 1']);
    }
    const announced = (await fieldsOf(names.lbs)).map((text) => JSON.parse(text.slice(10)).DataStreamName);
    expect(announced).to.deep.equal(['one', 'cutReply', 'cutBefore']);
  });

  it('tells of an entry that is there whose announcing was refused [C-PRO-8]', async () => {
    await suite.redis().hset(names.announced, '', 'v2 1-1');
    const error = await rejection(producer.append('one', { n: 1 }));
    const [[id] = ['']] = await entriesOf('one');
    expect(error).to.include({ code: 'ProtocolMismatch' });
    expect(error).to.have.deep.nested.property('details.appended', [id]);
    expect(error).to.have.nested.property('details.sent', true);
  });

  it('tells which of many are there when one is refused [C-PRO-9]', async () => {
    await suite.redis().set('text', 'no stream');
    const error = await rejection(
      producer.appendMany([
        ...Array.from({ length: 500 }, (_, n) => ({ name: 'one', fields: { n } })),
        { name: 'two', fields: { n: 500 } },
        { name: 'text', fields: { n: 501 } },
        { name: 'two', fields: { n: 502 } },
      ]),
    );
    expect(error).to.include({ code: 'RedisRefused' });
    const { appended } = (error as unknown as { details: { appended: (string | null)[] } }).details;
    const there = [...(await entriesOf('one')), ...(await entriesOf('two'))].map(([id]) => id);
    expect(there).to.have.length(502);
    expect(appended).to.deep.equal([...there.slice(0, 501), null, there[501]]);
    // It was refused: it is not there.
    expect(error).to.have.deep.nested.property('details.unknown', []);
  });

  it('tells which of many are there, which are not, and of which nobody knows [C-PRO-9]', async function () {
    if (addsOnce(suite.server()))
      skipWithout(this, { missing: 'a server before Redis 8.6', remedy: '$REDIS_SERVER_BIN' });
    const entries = Array.from({ length: 1600 }, (_, n) => ({ name: 'one', fields: { n } }));
    const armed = proxy.arm({
      fault: 'cutReply',
      matches: (args: readonly string[]) => isXadd(args) && args.at(-1) === '700',
    });
    const error = await rejection(producer.appendMany(entries));
    expect(armed.struck).to.equal(1);
    const { sent, appended, unknown } = (error as unknown as { details: Fates }).details;
    expect(sent).to.equal(true);
    const known = appended.filter((id) => id !== null);
    expect(known.length).to.be.within(500, 999);
    expect(known).to.deep.equal((await entriesOf('one')).slice(0, known.length).map(([id]) => id));
    // The batch that was cut off, and none of the one that was not sent.
    expect(unknown).to.deep.equal(
      appended.flatMap((id, at) => (id === null && at >= 500 && at < 1000 ? [at] : [])),
    );
    const missing = entries.filter((_, at) => appended[at] === null && !unknown.includes(at));
    await producer.appendMany(missing);
    const numbers = (await entriesOf('one')).map(([, [, n]]) => Number(n));
    expect(new Set(numbers).size).to.equal(numbers.length);
  });

  it('adds where the data are, and announces where the service is [C-PRO-11]', async () => {
    await using other = await startRedis();
    await using apart = createProducer({
      redis: proxy.url,
      service: 'orders',
      data: { host: other.host, port: other.port, keyPrefix: 'data:' },
      timeoutMs: 5000,
    });
    const redis = new Redis(other.port, other.host);
    const { id, stream } = await apart.append('one', { n: 1 });
    expect(stream.created).to.equal(true);
    expect(await redis.xrange('data:one', '-', '+')).to.deep.equal([[id, ['n', '1']]]);
    expect(await suite.redis().xlen(names.lbs)).to.equal(1);
    expect(await suite.redis().exists('one', 'data:one')).to.equal(0);
    await apart.end('one');
    expect(await redis.xlen('data:one')).to.equal(2);
    redis.disconnect();
  });

  it('refuses a place of the data that is none [C-PRO-11]', () => {
    for (const data of ['http://here', 7, {}, () => proxy.url] as unknown as string[]) {
      expect(() => createProducer({ redis: proxy.url, service: 'orders', data }))
        .to.throw()
        .that.includes({ code: 'InvalidOption' })
        .and.nested.property('details.option', 'data');
    }
  });

  it('rejects after close() [C-PRO-5]', async () => {
    await producer.append('one', { n: 1 });
    await producer.close();
    expect(await rejection(producer.append('one', { n: 2 }))).to.include({ code: 'RuntimeStopped' });
    expect(await suite.redis().xlen('one')).to.equal(1);
  });
});

describe('appending to a stream that is owned', () => {
  const suite = useRedis();
  const fleet = useFleet(suite);

  it('touches its owner, and wakes it [C-PRO-7, C-WAKE-1]', async () => {
    await using producer = createProducer({ redis: suite.server().url, service: fleet().service });
    const { runtime } = await fleet().listening();
    const { stream } = await producer.append('one', { n: 1 });
    await eventually('it is owned', () => runtime.owned('one') !== undefined);
    const after = await producer.append('one', { n: 2 });
    expect(after.stream).to.deep.equal({ id: stream.id, created: false });
    const keys = await suite.redis().keys('*:wakes:*');
    expect(keys).to.have.length(1);
    const woken = await suite.redis().xrange(keys[0] as string, '-', '+');
    expect(woken.map(([, fields]) => fields)).to.deep.equal([['stream', 'one']]);
    await eventually('it hears of the touch', () => runtime.owned('one')?.touched === 1);
    await runtime.stop();
    expect(await suite.redis().exists(...keys)).to.equal(0);
  });
});
