import { expect } from 'chai';
import { type Ensured, ensureEntries } from '../../src/redis/announcing.js';
import { encodePayload } from '../../src/redis/entry.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';
import { useWire } from '../support/wire.js';

describe('ensuring that a stream is announced', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names, announce, join, own, stranger } = wire;

  const ensure = async (...streams: string[]) => {
    const entries = streams.map((name) => ({ name, payload: encodePayload(name) }));
    const ensured: Ensured[] = [];
    while (ensured.length < entries.length) {
      ensured.push(...(await ensureEntries(wire.commands(), names, entries.slice(ensured.length))));
    }
    return ensured;
  };
  const ensureOne = async (name: string) => {
    const [ensured] = await ensure(name);
    if (ensured === undefined) throw new Error('expected an answer, got: none');
    return ensured;
  };
  const touches = (field: string) => suite.redis().hget(names.touches, field);

  it('announces a name that is not there, once, and a name that is given twice as well [C-ENS-1]', async () => {
    const [one, again, two] = await ensure('one', 'one', 'two');
    expect(one).to.have.property('created', true);
    expect(again).to.deep.equal({ id: one?.id, created: false });
    expect(two).to.have.property('created', true);
    expect(await ensureOne('one')).to.deep.equal({ id: one?.id, created: false });
    expect((await wire.entries(names.lbs)).map(([id]) => id)).to.deep.equal([one?.id, two?.id]);
  });

  it('knows what waits, whoever added it, and however it was written [C-ENS-1, C-ENS-3]', async () => {
    const written: [name: string, payload: string][] = [
      ['plain', encodePayload('plain')],
      ['with info', encodePayload('with info', { a: { DataStreamName: 'other' } })],
      [
        '<&> "quoted" \\ \u{1F600}',
        '{"DataStreamName":"\\u003c\\u0026\\u003e \\"quoted\\" \\\\ \\ud83d\\ude00"}',
      ],
      ['turned', '{"Info":{"a":[1]},"datastreamname":"turned"}'],
      ['spaced', ' { "DataStreamName" : "spaced" } '],
      ['long', encodePayload('long', { filling: 'x'.repeat(100_000), more: 'DataStreamName' })],
    ];
    for (const [, payload] of written) await suite.redis().xadd(names.lbs, '*', 'lbs-input', payload);
    for (const [name] of written) expect(await ensureOne(name), name).to.have.property('created', false);
    expect(await suite.redis().xlen(names.lbs)).to.equal(written.length);
  });

  it('knows which of many wait still, in whatever order they are asked for, large ones among them [C-ENS-1, C-ENS-3]', async () => {
    const filling = (n: number) => (n % 7 === 0 ? { filling: 'x'.repeat(50_000) } : null);
    const all = Array.from({ length: 120 }, (_, n) => `stream-${n}`);
    const first: Ensured[] = [];
    const entries = all.map((name, n) => ({ name, payload: encodePayload(name, filling(n)) }));
    while (first.length < all.length) {
      first.push(...(await ensureEntries(wire.commands(), names, entries.slice(first.length))));
    }
    expect(first.every(({ created }) => created)).to.equal(true);
    const isGone = (n: number) => n % 3 === 1 || (n > 40 && n < 60);
    const gone = first.filter((_, n) => isGone(n)).map(({ id }) => id);
    await suite.redis().xdel(names.lbs, ...gone);
    const places = [...all.keys()];
    const asked = [...places.filter((n) => n % 2 === 0), ...places.filter((n) => n % 2 === 1).reverse()];
    const found = await ensure(...asked.map((n) => all[n] as string));
    asked.forEach((n, at) => {
      expect(found[at]?.created, all[n]).to.equal(isGone(n));
      if (!isGone(n)) expect(found[at]?.id, all[n]).to.equal(first[n]?.id);
    });
  });

  it('takes nothing for a name that is none [C-ENS-3]', async () => {
    const payloads = ['none', '[]', '{"DataStreamName":7}', '{"DataStreamName":""}', '{"Info":{}}'];
    for (const payload of payloads) await suite.redis().xadd(names.lbs, '*', 'lbs-input', payload);
    await suite.redis().xadd(names.lbs, '*', 'other', 'field');
    for (const name of ['', 'none', '7']) {
      if (name !== '') expect(await ensureOne(name)).to.have.property('created', true);
    }
  });

  it('announces it again when it is finished [C-ENS-1]', async () => {
    const { id } = await ensureOne('one');
    const owner = await join('a~00000001');
    const [held] = await owner.read();
    await owner.lease.acquire([held as { id: string; name: string }]);
    expect(await ensureOne('one')).to.deep.equal({ id, created: false });
    await owner.lease.done([{ id, name: 'one' }]);
    const again = await ensureOne('one');
    expect(again.created).to.equal(true);
    expect(again.id).not.to.equal(id);
  });

  it('follows a stream that is requeued, by whatever version [C-ENS-3]', async () => {
    await ensureOne('one');
    const owner = await join('a~00000001');
    const [held] = await owner.read();
    await owner.lease.acquire([held as { id: string; name: string }]);
    const { moved } = await owner.lease.giveBack('handOver', [held as { id: string; name: string }]);
    expect(await ensureOne('one')).to.deep.equal({ id: moved[0]?.copyId, created: false });
  });

  it('is not deceived by records of what is gone: acknowledged, deleted, stranded, due for the dead-letter stream [C-ENS-3]', async () => {
    const { redis } = suite;
    const gone: ((id: string) => Promise<unknown>)[] = [
      (id) => redis().xack(names.lbs, names.group, id),
      (id) => redis().xdel(names.lbs, id),
      (id) => redis().xclaim(names.lbs, names.group, 'dead-letters:rejected~00000000', 0, id),
    ];
    for (const [index, end] of gone.entries()) {
      const name = `stream-${index}`;
      const { id } = await ensureOne(name);
      await stranger('go-consumer').read();
      expect(await ensureOne(name), 'it is pending').to.deep.equal({ id, created: false });
      await end(id);
      expect(await ensureOne(name), name).to.have.property('created', true);
    }
    const { id } = await ensureOne('waiting');
    await redis().xdel(names.lbs, id);
    expect(await ensureOne('waiting')).to.have.property('created', true);
    await redis().xgroup('DESTROY', names.lbs, names.group);
    expect(await ensureOne('waiting'), 'all is undelivered without a group').to.have.property(
      'created',
      false,
    );
    await redis().del(names.lbs);
    expect(await ensureOne('waiting')).to.have.property('created', true);
  });

  it('counts touches of what is owned, for its entry and for its owner [C-ENS-4]', async () => {
    const owner = await join('a~00000001');
    const [one, two] = await own(owner, 'one', 'two');
    expect(await ensure('one', 'two', 'one')).to.deep.equal(
      [one, two, one].map((ref) => ({ id: ref?.id, created: false })),
    );
    expect(await touches(one?.id ?? '')).to.equal('2');
    expect(await touches(two?.id ?? '')).to.equal('1');
    expect(await touches(owner.name)).to.equal('3');
  });

  it('knows what waits though the record of its owner is stale, or is none, beside what is owned [C-ENS-3, C-ENS-4]', async () => {
    const owner = await join('a~00000001');
    const [held, gone] = await own(owner, 'held', 'stale');
    await suite.redis().xack(names.lbs, names.group, gone?.id ?? '');
    const waiting = await ensure('stale', 'garbage');
    expect(waiting.map(({ created }) => created)).to.deep.equal([true, true]);
    await suite.redis().hset(names.owners, 'garbage', 'nonsense');
    expect(await ensure('garbage', 'held', 'stale', 'held')).to.deep.equal(
      [waiting[1]?.id, held?.id, waiting[0]?.id, held?.id].map((id) => ({ id, created: false })),
    );
    expect(await touches(held?.id ?? '')).to.equal('2');
    expect(await touches(owner.name)).to.equal('2');
    expect(await suite.redis().hlen(names.touches)).to.equal(2);
  });

  it('touches nobody for what waits, or is pending and not owned: a consumer of the Go client, say [C-ENS-7]', async () => {
    await ensureOne('one');
    await ensureOne('one');
    await stranger('go-consumer').read();
    await ensureOne('one');
    expect(await suite.redis().exists(names.touches)).to.equal(0);
  });

  it('reads what others have added in pieces, and asks for the rest [C-ENS-2]', async () => {
    const pipeline = suite.redis().pipeline();
    for (let at = 0; at < 2_500; at += 1) {
      pipeline.xadd(names.lbs, '*', 'lbs-input', encodePayload(`stream-${at}`));
    }
    await pipeline.exec();
    const entries = [{ name: 'stream-2499', payload: encodePayload('stream-2499') }];
    const asked = () => ensureEntries(wire.commands(), names, entries);
    expect([await asked(), await asked()]).to.deep.equal([[], []]);
    const [ensured] = await asked();
    expect(ensured).to.have.property('created', false);
    expect(await ensureOne('stream-0')).to.have.property('created', false);
  });

  it('does not stand still over what is large [C-ENS-2]', async () => {
    for (let at = 0; at < 4; at += 1) await announce(`large-${at}`, 'filling', 'x'.repeat(700_000));
    const entries = ['large-3'].map((name) => ({ name, payload: encodePayload(name) }));
    expect(await ensureEntries(wire.commands(), names, entries)).to.deep.equal([]);
    const all = [0, 1, 2, 3].map((at) => ({ name: `large-${at}`, payload: encodePayload(`large-${at}`) }));
    await ensure('large-3');
    const some = await ensureEntries(wire.commands(), names, all);
    expect(some.length).to.be.within(1, 3);
    expect((await ensure(...all.map(({ name }) => name))).map(({ created }) => created)).to.deep.equal([
      false,
      false,
      false,
      false,
    ]);
  });

  it('begins anew where the stream was deleted and its ids went back', async () => {
    await suite.redis().xadd(names.lbs, '9999999999999-0', 'lbs-input', encodePayload('far ahead'));
    await ensureOne('far ahead');
    await suite.redis().del(names.lbs);
    await announce('unseen');
    expect(await ensureOne('other')).to.have.property('created', true);
    expect(await ensureOne('unseen')).to.have.property('created', false);
    expect(await ensureOne('other')).to.have.property('created', false);
  });

  it('marks what it adds with where it comes from', async () => {
    const entries = [{ name: 'one', payload: encodePayload('one') }];
    const trace = { traceparent: 'p', tracestate: 's' };
    await ensureEntries(wire.commands(), names, entries, { trace });
    const [[, fields] = ['', []]] = await wire.entries(names.lbs);
    expect(fields).to.deep.equal(['lbs-input', encodePayload('one'), 'traceparent', 'p', 'tracestate', 's']);
  });

  it('refuses records in another format', async () => {
    await suite.redis().hset(names.announced, '', 'v2 1-1');
    expect(await rejection(ensure('one'))).to.include({ code: 'ProtocolMismatch' });
    await suite.redis().del(names.announced);
    await suite.redis().hset(names.owners, '', 'v2 something');
    expect(await rejection(ensure('one'))).to.include({ code: 'ProtocolMismatch' });
  });

  it('forgets what is gone, and nothing else, when it is pruned [C-ENS-5]', async () => {
    const owner = await join('a~00000001');
    const [held, finished] = await own(owner, 'held', 'finished');
    await ensure('held', 'finished', 'waiting');
    await owner.lease.done([finished as { id: string; name: string }]);
    await suite.redis().hset(names.touches, 'gone~00000009', '1');
    await suite.redis().hset(names.announced, 'garbage', 'no id');
    expect(await owner.group.pruneOwners()).to.include({ hasAnnounced: true });
    expect(await owner.group.pruneAnnounced()).to.equal(4);
    expect(Object.keys(await suite.redis().hgetall(names.announced))).to.have.members([
      '',
      'held',
      'waiting',
    ]);
    expect(Object.keys(await suite.redis().hgetall(names.touches))).to.have.members([owner.name, held?.id]);
    expect(await ensureOne('waiting')).to.have.property('created', false);
  });
});
