import { expect } from 'chai';
import { ensureEntries } from '../../src/redis/announcing.js';
import { addDelayed, createDelayedStore, type DelayedStore } from '../../src/redis/delaying.js';
import { encodePayload } from '../../src/redis/entry.js';
import type { EntryRef } from '../../src/redis/lease-store.js';
import { useRedis } from '../support/redis.js';
import { useWire } from '../support/wire.js';

const HOUR_MS = 3_600_000;

describe('delayed streams', () => {
  const suite = useRedis();
  const wire = useWire(suite);
  const { names, join, own, announce } = wire;
  let delayed: DelayedStore;
  beforeEach(() => {
    delayed = createDelayedStore(wire.commands(), names, {
      consumer: 'a~00000001',
      historyKey: wire.historyKey,
    });
  });

  const add = (delayMs: number, ...streams: string[]) =>
    addDelayed(
      wire.commands(),
      names,
      streams.map((name) => ({ name, payload: encodePayload(name), delayMs })),
      undefined,
    );
  const one = ([ref]: readonly EntryRef[]) => ref as EntryRef;
  /** As if so much time had passed. */
  async function age(ms: number): Promise<void> {
    const due = await suite.redis().zrange(names.delayedDue, '0', '-1', 'WITHSCORES');
    for (let at = 0; at < due.length; at += 2) {
      await suite.redis().zadd(names.delayedDue, Number(due[at + 1]) - ms, due[at] as string);
    }
  }

  it('are named for people, those that are due first', async () => {
    expect(await delayed.first(10)).to.deep.equal([]);
    await add(HOUR_MS, 'gone');
    const [id = ''] = await suite.redis().zrange(names.delayedDue, '0', '0');
    await suite.redis().xdel(names.delayed, id);
    await add(2 * HOUR_MS, 'late');
    await add(60_000, 'early');
    const first = await delayed.first(3);
    expect(first.map(({ name }) => name)).to.deep.equal(['early', null, 'late']);
    expect(first[0]?.dueInMs).to.be.within(1, 60_000);
    await age(60_000 + 1);
    const [late] = await delayed.first(1);
    expect(late?.name).to.equal('early');
    expect(late?.dueInMs).to.be.below(0);
  });

  it('are on no stream until they are due, and then once, in the order in which they are due [C-DLY-1, C-DLY-2]', async () => {
    await add(2 * HOUR_MS, 'late');
    await add(HOUR_MS, 'early', 'early too');
    expect(await suite.redis().xlen(names.lbs)).to.equal(0);
    const before = await delayed.end();
    expect(before).to.include({ count: 0, lateMs: 0 });
    expect(before.nextMs).to.be.within(HOUR_MS - 60_000, HOUR_MS);
    await age(HOUR_MS);
    const first = await delayed.end();
    expect(first.count).to.equal(2);
    expect(first.nextMs).to.be.within(HOUR_MS - 60_000, HOUR_MS);
    await age(HOUR_MS + 5_000);
    const second = await delayed.end();
    expect(second).to.include({ count: 1, nextMs: undefined });
    expect(second.lateMs).to.be.within(5_000, 60_000);
    expect(await delayed.end()).to.deep.equal({ count: 0, lateMs: 0, nextMs: undefined });
    const entries = await wire.entries(names.lbs);
    expect(entries.map(([, fields]) => fields)).to.deep.equal(
      ['early', 'early too', 'late'].map((name) => ['lbs-input', encodePayload(name)]),
    );
    expect(await suite.redis().exists(names.delayedDue, names.delayedNames)).to.equal(0);
    expect(await suite.redis().xlen(names.delayed)).to.equal(0);
  });

  it('come back with their fields and counts, byte for byte, under a larger id [C-DLY-3, C-ADD-7]', async () => {
    const counts = ['_retry_count', '2', '_failures', '1', '_deaths', '1', '_trial', '1000000'];
    await announce('one', 'traceparent', 'kept', 'more', 'é', ...counts);
    const a = await join('a~00000001');
    const held = await a.read();
    await a.lease.acquire(held);
    const { moved } = await a.lease.delay(held, HOUR_MS);
    expect(moved[0]).to.include({ outcome: 'delayed', retryCount: 2 });
    expect(moved[0]?.copyId).to.match(/^delayed:\d+-\d+$/);
    expect(await wire.pendingIds()).to.deep.equal([]);
    expect(await suite.redis().hget(names.owners, 'one')).to.equal(null);
    await age(HOUR_MS);
    await delayed.end();
    const [[id, fields] = ['', []]] = await wire.entries(names.lbs);
    expect(id).not.to.equal(one(held).id);
    expect(fields).to.deep.equal([
      'lbs-input',
      JSON.stringify({ DataStreamName: 'one' }),
      'traceparent',
      'kept',
      'more',
      'é',
      ...counts,
    ]);
    expect(await a.lease.acquire(await a.read())).to.deep.equal([{ result: 'owned' }]);
    const ops = (await wire.history()).map(({ op, id: from, copy }) => [op, from, copy]);
    expect(ops.slice(1, 3)).to.deep.equal([
      ['delayed', one(held).id, moved[0]?.copyId],
      ['undelayed', moved[0]?.copyId, id],
    ]);
  });

  it('are not taken from whoever has lost them, nor under an old generation [C-DLY-3]', async () => {
    const a = await join('a~00000001');
    const held = await own(a, 'one');
    await suite.redis().xack(names.lbs, names.group, one(held).id);
    const { moved } = await a.lease.delay(held, HOUR_MS);
    expect(moved[0]).to.include({ outcome: 'notMine' });
    expect(await suite.redis().xlen(names.delayed)).to.equal(0);
  });

  it('are announced as far as ensure is concerned [C-DLY-4]', async () => {
    const ensure = (name: string) =>
      ensureEntries(wire.commands(), names, [{ name, payload: encodePayload(name) }]);
    const [id] = await add(HOUR_MS, 'one');
    expect(await ensure('one')).to.deep.equal([{ id, created: false }]);
    const [other] = await ensure('on');
    expect(other?.created).to.equal(true);
    await age(HOUR_MS);
    await delayed.end();
    const [[entry] = ['']] = (await wire.entries(names.lbs)).slice(-1);
    expect(await ensure('one')).to.deep.equal([{ id: entry, created: false }]);
  });

  it('of which somebody has deleted something are forgotten, and stand in nobody’s way', async () => {
    const [gone] = await add(0, 'gone');
    await add(0, 'there');
    await suite.redis().xdel(names.delayed, String(gone).replace('delayed:', ''));
    expect(await delayed.end()).to.include({ count: 1, nextMs: undefined });
    const [ensured] = await ensureEntries(
      wire.commands(),
      names,
      [{ name: 'gone', payload: encodePayload('gone') }],
      undefined,
    );
    expect(ensured?.created).to.equal(true);
  });

  it('are told of by every heartbeat: when the next one is due [C-DLY-2]', async () => {
    const a = await join('a~00000001');
    await a.lease.refresh();
    expect(a.lease.dueInMs()).to.equal(undefined);
    await add(HOUR_MS, 'one');
    await a.lease.refresh();
    expect(a.lease.dueInMs()).to.be.within(HOUR_MS - 60_000, HOUR_MS);
    await age(2 * HOUR_MS);
    await a.lease.refresh();
    expect(a.lease.dueInMs()).to.be.below(1);
    await delayed.end();
    await a.lease.refresh();
    expect(a.lease.dueInMs()).to.equal(undefined);
  });

  it('are moved a part at a time, and counted [C-DLY-5]', async () => {
    const streams = Array.from({ length: 250 }, (_, index) => `stream-${index}`);
    await add(0, ...streams);
    expect(await delayed.survey()).to.have.property('count', 250);
    expect(await delayed.end()).to.include({ count: 128 });
    expect((await delayed.survey()).nextMs).to.be.at.most(0);
    expect(await delayed.end()).to.include({ count: 122, nextMs: undefined });
    expect(await delayed.survey()).to.deep.equal({ count: 0, nextMs: null });
  });
});
