import { expect } from 'chai';
import { type Admin, createAdmin, type LetterChoice } from '../../src/index.js';
import { type FaultProxy, startFaultProxy } from '../../src/testing/fault-proxy.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const LBS = 'orders-input';
const DLQ = 'orders-input-dlq';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("an admin's dead letters", () => {
  const suite = useRedis();
  let proxy: FaultProxy;
  let admin: Admin;

  beforeEach(async () => {
    const { host, port } = suite.server();
    proxy = await startFaultProxy({ host, port });
    admin = createAdmin({ redis: proxy.url, service: 'orders', timeoutMs: keepable(2_000) });
  });
  afterEach(async () => {
    await admin.close();
    await proxy.close();
  });

  async function bury(count: number, reason = 'rejected'): Promise<string[]> {
    const pipeline = suite.redis().pipeline();
    for (let n = 0; n < count; n += 1) {
      const payload = JSON.stringify({ DataStreamName: `order-${n}`, Info: { n } });
      pipeline.xadd(DLQ, '*', 'lbs-input', payload, '_retry_count', '4', '_dlq_reason', reason);
    }
    return ((await pipeline.exec()) ?? []).map(([, id]) => String(id));
  }
  const ids = async (items: AsyncIterable<{ readonly id: string }>) => (await all(items)).map(({ id }) => id);
  const left = async () => (await suite.redis().xrange(DLQ, '-', '+')).map(([id]) => id);

  it('are listed, shown and exported, whole where that is asked for [C-ADM-6]', async () => {
    const { deadLetters } = admin;
    expect(await deadLetters.summary()).to.include({ count: 0, newest: null });
    const buried = await bury(250);
    const [other] = await bury(1, 'unparseable');
    const summary = await deadLetters.summary();
    expect(summary).to.include({ count: 251, newest: other });
    expect(summary.nowMs).to.be.above(1_700_000_000_000);
    expect(await ids(deadLetters.list())).to.deep.equal([other, ...buried.toReversed()]);
    expect(await ids(deadLetters.list({ order: 'oldestFirst', limit: 120 }))).to.deep.equal(
      buried.slice(0, 120),
    );
    expect(await ids(deadLetters.list({ reason: 'unparseable' }))).to.deep.equal([other]);
    expect(await ids(deadLetters.list({ name: 'order-7', newest: buried[100] as string }))).to.deep.equal([
      buried[7],
    ]);
    expect(await ids(deadLetters.list({ fromMs: summary.nowMs + 60_000 }))).to.deep.equal([]);
    expect(await deadLetters.get(buried[3] as string)).to.deep.include({
      name: 'order-3',
      info: { n: 3 },
      reason: 'rejected',
      retryCount: 4,
    });
    expect(await deadLetters.get('1-1')).to.equal(null);

    const binary = await suite.redis().xadd(DLQ, '*', 'lbs-input', Buffer.from([0xff, 0x00]));
    await suite.redis().xadd(DLQ, '*', 'filling', 'x'.repeat(9_000_000));
    const lines = (await all(deadLetters.export({ fromMs: Number(binary?.split('-', 1)[0]) }))).map((line) =>
      JSON.parse(line),
    );
    expect(lines.at(-2)).to.deep.include({ id: binary, fields: [['lbs-input', { base64: '/wA=' }]] });
    expect(lines.at(-1).fields[0][1]).to.have.length(9_000_000);
    const [cut] = await all(deadLetters.list({ limit: 1 }));
    expect(cut?.isWhole).to.equal(false);
  });

  it('are announced anew or deleted, those that were chosen, and each is told [C-ADM-7]', async () => {
    const { deadLetters } = admin;
    const [one, two, three, ...others] = (await bury(130)) as [string, string, string, ...string[]];
    const redriven = await all(deadLetters.redrive({ ids: [one, '1-1', two] }));
    const entries = (await suite.redis().xrange(LBS, '-', '+')).map(([id]) => id);
    expect(redriven).to.deep.equal([
      { id: one, entry: entries[0] },
      { id: '1-1', entry: null },
      { id: two, entry: entries[1] },
    ]);
    expect(await all(deadLetters.delete({ ids: [three, one] }))).to.deep.equal([
      { id: three, deleted: true },
      { id: one, deleted: false },
    ]);
    expect(await left()).to.deep.equal(others);
    expect(await ids(deadLetters.delete({ all: true, name: 'order-50' }))).to.have.length(1);
    const [late] = await bury(1);
    const rest = others.filter((_id, index) => index !== 47);
    const chosen = { all: true, newest: rest.at(-1) as string } as const;
    expect(await ids(deadLetters.redrive(chosen))).to.deep.equal(rest);
    expect(await left()).to.deep.equal([late]);
  });

  it('that come once it has begun are left alone [C-ADM-7]', async () => {
    const buried = await bury(150);
    const deleted = admin.deadLetters.delete({ all: true });
    await deleted.next();
    const [late] = await bury(1);
    expect(await ids({ [Symbol.asyncIterator]: () => deleted })).to.deep.equal(buried.slice(1));
    expect(await left()).to.deep.equal([late]);
  });

  it('are changed a batch at a time, and none after a loop that was left, or a signal [C-ADM-4, C-ADM-7]', async () => {
    const buried = await bury(350);
    for await (const _first of admin.deadLetters.delete({ all: true })) break;
    expect(await left()).to.deep.equal(buried.slice(100));

    const stop = new AbortController();
    const reason = new Error('enough');
    const told: string[] = [];
    const error = await rejection(
      (async () => {
        for await (const { id } of admin.deadLetters.redrive({ all: true }, { signal: stop.signal })) {
          told.push(id);
          stop.abort(reason);
        }
      })(),
    );
    expect(error).to.equal(reason);
    expect(told).to.deep.equal(buried.slice(100, 200));
    expect(await left()).to.deep.equal(buried.slice(200));
    expect(await suite.redis().xlen(LBS)).to.equal(100);
  });

  it('that may have been changed are told of as such: the answer is lost [C-ADM-3]', async () => {
    const [one] = (await bury(1)) as [string];
    await admin.exists();
    const fault = proxy.arm({
      fault: 'swallowReply',
      matches: ([command = '']) => /^xdel$/i.test(command),
    });
    const error = await rejection(all(admin.deadLetters.delete({ ids: [one] })));
    expect(error).to.deep.include({ code: 'RedisUnavailable' });
    expect(error).to.have.nested.property('details.sent', true);
    fault.disarm();
    expect(await left()).to.deep.equal([]);
  });

  it('are refused a wrong choice before any I/O [C-ADM-2]', async () => {
    await using nowhere = createAdmin({ redis: 'redis://127.0.0.1:1', service: 'orders' });
    const { deadLetters } = nowhere;
    const wrong: [call: () => unknown, message: RegExp][] = [
      [
        () => deadLetters.redrive({} as LetterChoice),
        /^expected choice to be an object with ids or all, got/,
      ],
      [
        () => deadLetters.delete({ all: false } as unknown as LetterChoice),
        /^expected all to be true, got: false/,
      ],
      [() => deadLetters.delete({ ids: ['-'] }), /^expected ids to be a list of entry ids such as/],
      [() => deadLetters.delete({ ids: [], all: true } as LetterChoice), /^unknown option all/],
      [() => deadLetters.list({ oder: 'oldestFirst' } as object), /did you mean order\?$/],
      [() => deadLetters.list({ newest: '5' }), /^expected newest to be an entry id such as/],
      [() => deadLetters.export({ limit: 5 } as object), /^unknown option limit/],
    ];
    for (const [call, message] of wrong) {
      expect(call).to.throw(message);
    }
    expect(await rejection(deadLetters.get('-'))).to.have.property('code', 'InvalidOption');
  });
});
