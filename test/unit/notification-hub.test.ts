import { expect } from 'chai';
import { NotificationHub } from '../../src/runtime/notification-hub.js';
import type { Notification } from '../../src/runtime/notifications.js';

const ref = (id: string) => ({ at: 1, stream: `s${id}`, id, info: null, retryCount: 0 });
const added = (id: string): Notification => ({ type: 'StreamAdded', ...ref(id) });
const uncertain = (id: string, overdueMs = 0): Notification => ({
  type: 'StreamUncertain',
  ...ref(id),
  overdueMs,
});
const confirmed = (id: string): Notification => ({ type: 'StreamConfirmed', ...ref(id) });
const disowned = (id: string): Notification => ({ type: 'StreamDisowned', ...ref(id), reason: 'takenOver' });
const expired = (id: string): Notification => ({
  type: 'StreamExpired',
  ...ref(id),
  owner: 'o',
  autoClaim: true,
  count: 1,
});

const buried = (id: string): Notification => ({
  type: 'StreamDeadLettered',
  at: 1,
  stream: null,
  id,
  retryCount: 0,
  reason: 'unparseable',
  letterId: id,
  count: 1,
});

/** What is waiting for a reader, in short. */
async function take(reader: AsyncIterator<Notification>, count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let taken = 0; taken < count; taken++) {
    const { done, value } = await reader.next();
    if (done) return [...texts, 'end'];
    const what = value.type.replace('Stream', '');
    texts.push(`${what}${'id' in value ? ` ${value.id}` : ''}${'count' in value ? ` x${value.count}` : ''}`);
  }
  return texts;
}

describe('the notification hub', () => {
  let rung: number;
  const hubOf = (limit: number) => {
    rung = 0;
    return new NotificationHub(limit, () => {
      rung += 1;
    });
  };

  it('keeps what is told before anybody reads for the first reader, in order [C-BUF-2]', async () => {
    const hub = hubOf(10);
    for (const one of [added('1'), expired('2'), disowned('1')]) hub.tell(one);
    const reader = hub.read();
    hub.tell(added('3'));
    expect(await take(reader, 4)).to.deep.equal(['Added 1', 'Expired 2 x1', 'Disowned 1', 'Added 3']);
  });

  it('gives every reader everything from its beginning on', async () => {
    const hub = hubOf(10);
    hub.tell(added('1'));
    const first = hub.read();
    const second = hub.read();
    hub.tell(added('2'));
    expect(await take(first, 2)).to.deep.equal(['Added 1', 'Added 2']);
    expect(await take(second, 1)).to.deep.equal(['Added 2']);
  });

  it('wakes a reader that waits', async () => {
    const hub = hubOf(10);
    const reader = hub.read();
    const waiting = take(reader, 1);
    hub.tell(added('1'));
    expect(await waiting).to.deep.equal(['Added 1']);
  });

  it('has as much room as its slowest reader, and says when there is more [C-BUF-1]', async () => {
    const hub = hubOf(3);
    expect(hub.room).to.equal(3);
    hub.tell(added('1'));
    expect(hub.room).to.equal(2);
    const slow = hub.read();
    const quick = hub.read();
    hub.tell(added('2'));
    hub.tell(added('3'));
    expect(hub.room).to.equal(0);
    await take(quick, 2);
    expect(hub.room).to.equal(0);
    const before = rung;
    await take(slow, 1);
    expect(hub.room).to.equal(1);
    expect(rung).to.be.above(before);
    await slow.return?.();
    expect(hub.room).to.equal(3);
  });

  it('never drops what must not be lost, room or not [C-BUF-1]', async () => {
    const hub = hubOf(1);
    const reader = hub.read();
    for (const one of [added('1'), disowned('1'), disowned('2')]) hub.tell(one);
    expect(hub.room).to.be.below(0);
    expect(await take(reader, 3)).to.deep.equal(['Added 1', 'Disowned 1', 'Disowned 2']);
    expect(hub.room).to.equal(1);
  });

  it('keeps one piece of news of each lease, the last one, in the place of the first [C-BUF-3]', async () => {
    const hub = hubOf(10);
    const reader = hub.read();
    for (const one of [uncertain('1'), uncertain('2'), added('3'), confirmed('1'), uncertain('1', 7)])
      hub.tell(one);
    expect(hub.room).to.equal(7);
    expect(await take(reader, 3)).to.deep.equal(['Uncertain 1', 'Uncertain 2', 'Added 3']);
    // Once read, the next one is news again.
    hub.tell(confirmed('1'));
    expect(await take(reader, 1)).to.deep.equal(['Confirmed 1']);
  });

  it('counts expiries on the last one waiting when there is no room, and tells them singly when there is [C-BUF-4]', async () => {
    const hub = hubOf(3);
    const reader = hub.read();
    for (const one of [expired('1'), expired('2'), added('3'), expired('4'), expired('5'), expired('6')])
      hub.tell(one);
    expect(await take(reader, 3)).to.deep.equal(['Expired 1 x1', 'Expired 2 x4', 'Added 3']);
    hub.tell(expired('7'));
    expect(await take(reader, 1)).to.deep.equal(['Expired 7 x1']);
  });

  it('counts dead letters likewise, by themselves [C-BUF-4]', async () => {
    const hub = hubOf(3);
    const reader = hub.read();
    for (const one of [buried('1'), expired('2'), added('3'), buried('4'), expired('5'), buried('6')])
      hub.tell(one);
    expect(await take(reader, 3)).to.deep.equal(['DeadLettered 1 x3', 'Expired 2 x2', 'Added 3']);
    hub.tell(buried('7'));
    expect(await take(reader, 1)).to.deep.equal(['DeadLettered 7 x1']);
  });

  it('tells an expiry when there is no room and none is waiting', async () => {
    const hub = hubOf(1);
    const reader = hub.read();
    for (const one of [added('1'), expired('2'), expired('3')]) hub.tell(one);
    expect(await take(reader, 2)).to.deep.equal(['Added 1', 'Expired 2 x2']);
  });

  it('coalesces correctly after many have passed through', async () => {
    const hub = hubOf(20_000);
    const reader = hub.read();
    const keep = added('keep');
    for (let index = 0; index < 10_000; index++) hub.tell(added(String(index)));
    hub.tell(uncertain('a'));
    hub.tell(keep);
    await take(reader, 10_000);
    hub.tell(confirmed('a'));
    hub.tell(uncertain('b'));
    hub.tell(confirmed('b'));
    expect(await take(reader, 3)).to.deep.equal(['Confirmed a', 'Added keep', 'Confirmed b']);
    expect(hub.room).to.equal(20_000);
  });

  it('counts what it tells nobody, where a handler makes reading unnecessary [C-BUF-2]', async () => {
    const hub = hubOf(1);
    hub.tell(added('1'));
    hub.attachProcessor();
    expect(hub.room).to.equal(Number.POSITIVE_INFINITY);
    hub.tell(added('2'));
    hub.tell(added('3'));
    expect(hub.dropped).to.equal(2);
    const reader = hub.read();
    hub.tell(added('4'));
    expect(await take(reader, 1)).to.deep.equal(['Added 4']);
    await reader.return?.();
    hub.tell(added('5'));
    expect(hub.dropped).to.equal(3);
  });

  it('keeps what the last reader left behind for the next one [C-BUF-5]', async () => {
    const hub = hubOf(10);
    const first = hub.read();
    hub.tell(added('1'));
    hub.tell(added('2'));
    await take(first, 1);
    await first.return?.();
    hub.tell(added('3'));
    expect(hub.room).to.equal(8);
    expect(await take(hub.read(), 2)).to.deep.equal(['Added 2', 'Added 3']);
  });

  it('ends its readers when it is closed and they have read everything [C-BUF-5]', async () => {
    const hub = hubOf(10);
    const behind = hub.read();
    const waiting = hub.read();
    const parked = take(waiting, 2);
    hub.tell(added('1'));
    hub.close();
    expect(await parked).to.deep.equal(['Added 1', 'end']);
    expect(await take(behind, 5)).to.deep.equal(['Added 1', 'end']);
    expect(await take(behind, 1)).to.deep.equal(['end']);
    expect(await take(hub.read(), 1)).to.deep.equal(['end']);
  });

  it('tells nothing more once it is closed, also to readers that are behind [C-TERM-1]', async () => {
    const hub = hubOf(10);
    const behind = hub.read();
    expect(hub.tell(added('1'))).to.equal(true);
    hub.close();
    expect(hub.tell(added('2'))).to.equal(false);
    expect(await take(behind, 3)).to.deep.equal(['Added 1', 'end']);
    expect(hub.dropped).to.equal(0);
  });

  it('ends a reader that leaves while it waits', async () => {
    const hub = hubOf(10);
    const reader = hub.read();
    const parked = take(reader, 1);
    await reader.return?.();
    expect(await parked).to.deep.equal(['end']);
  });

  it('is read by for await, which leaves on break', async () => {
    const hub = hubOf(2);
    hub.tell(added('1'));
    hub.tell(added('2'));
    for await (const notification of hub.read()) {
      expect(notification).to.include({ id: '1' });
      break;
    }
    expect(await take(hub.read(), 1)).to.deep.equal(['Added 2']);
  });
});
