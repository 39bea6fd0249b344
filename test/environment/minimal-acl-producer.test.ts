import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { createProducer } from '../../src/index.js';
import { createNames } from '../../src/redis/names.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const DOCUMENT = new URL('../../docs/how-to/minimal-acl-user.md', import.meta.url);
const { lbs, group, owners, announced, parking } = createNames({ service: 'orders' });

describe('the documented minimal ACL user of a producer that ensures, delays, cancels and pauses', () => {
  const suite = useRedis();
  let rules: string[];

  before(async () => {
    const line = /^ACL SETUSER (orders-producer .+)$/m.exec(await readFile(DOCUMENT, 'utf8'))?.[1];
    if (line === undefined) throw new Error('expected a line of orders-producer in the document, got: none');
    rules = line.split(' ');
  });

  async function producerWithout(...left: string[]) {
    expect(rules, 'a rule to leave out is in the document').to.include.members(left);
    await suite.redis().call('ACL', 'SETUSER', ...rules.filter((rule) => !left.includes(rule)));
    const { host, port } = suite.server();
    return createProducer({
      redis: `redis://${rules[0]}:change-me@${host}:${port}`,
      service: 'orders',
      timeoutMs: 2000,
    });
  }

  /** What waits, what is owned, what is gone, and a stream that has begun anew. */
  async function live(left: readonly string[] = []): Promise<void> {
    await using producer = await producerWithout(...left);
    const redis = suite.redis();
    await redis.xgroup('CREATE', lbs, group, '0', 'MKSTREAM');
    await producer.add('plain');
    const { id } = await producer.ensure('one');
    await redis.xreadgroup('GROUP', group, 'a~00000001', 'COUNT', 10, 'STREAMS', lbs, '>');
    await redis.hset(owners, '', 'v1 epoch', 'one', id);
    expect(await producer.ensureMany([{ name: 'one' }, { name: 'plain' }, { name: 'two' }])).to.have.length(
      3,
    );
    await redis.hset(announced, '', 'v1 9999999999999-0');
    expect(await producer.ensure('three')).to.have.property('created', true);
    await producer.add('later', null, { delayMs: 60_000 });
    expect(await producer.ensure('later')).to.have.property('created', false);
    await producer.pause('held');
    expect(await producer.resume('held')).to.deep.equal({ changed: true, parked: 0 });
    const [parked, parkedNames, parkedCounts] = parking;
    await redis.xadd(parked, '7-0', 'name', 'aside', 'lbs-input', '{}');
    await redis.zadd(parkedNames, 0, `5:aside:1${'7'.padStart(20, '0')}-${'0'.padStart(20, '0')}`);
    await redis.zadd(parkedCounts, 1, 'aside');
    expect(await producer.ensure('aside')).to.deep.equal({ id: 'parked:7-0', created: false });
    expect(await producer.cancel('aside')).to.deep.equal({ cancelled: 'waiting', ids: ['parked:7-0'] });
    const cancelled = await producer.cancelMany(['later', 'three', 'one', 'none']);
    expect(cancelled.map((each) => each.cancelled)).to.deep.equal(['delayed', 'waiting', 'owned', 'none']);
  }

  /** The line of one that appends, which goes on top of the others. */
  async function appendingRules(...left: string[]): Promise<string[]> {
    const text = await readFile(DOCUMENT, 'utf8');
    const line = /^ACL SETUSER orders-producer (~order-.+)$/m.exec(text)?.[1] ?? '';
    const more = line.split(' ');
    expect(more).to.include.members(left);
    return more.filter((rule) => !left.includes(rule));
  }

  /** Appends to a stream that waits, and to one that is owned. */
  async function append(...left: string[]): Promise<number> {
    await using producer = await producerWithout();
    const redis = suite.redis();
    await redis.call('ACL', 'SETUSER', 'orders-producer', ...(await appendingRules(...left)));
    await redis.xgroup('CREATE', lbs, group, '0', 'MKSTREAM');
    const { stream } = await producer.append('order-1', { n: 1 });
    await redis.xreadgroup('GROUP', group, 'a~00000001', 'COUNT', 10, 'STREAMS', lbs, '>');
    await redis.hset(owners, '', 'v1 epoch', 'order-1', stream.id);
    await producer.append('order-1', { n: 2 });
    await producer.end('order-1');
    expect(await redis.xlen('order-1')).to.equal(3);
    return await redis.xlen('{orders-input}:wakes:a~00000001');
  }

  it('may append with the rules that are documented for it, and lets owners wait without the last of them', async () => {
    expect(await append()).to.equal(2);
    const pttl = await suite.redis().pttl('{orders-input}:wakes:a~00000001');
    expect(pttl).to.be.within(1, 60_000);
    await suite.redis().flushall();
    await suite.redis().call('ACL', 'DELUSER', 'orders-producer');
    expect(await append('~{orders-input}:wakes:*', '+pexpire')).to.equal(0);
  });

  it('is refused, and says so, without the keys of the data streams', async () => {
    expect(await rejection(append('~order-*'))).to.include({ code: 'PermissionDenied' });
  });

  it('may do all that it takes', async () => {
    await live();
  });

  for (const command of [
    'xadd',
    'xrange',
    'xpending',
    'xinfo|groups',
    'hget',
    'hmget',
    'hset',
    'del',
    'xdel',
    'zadd',
    'zrange',
    'zrem',
    'zscore',
    'exists',
    'hsetnx',
    'hdel',
    'time',
  ]) {
    it(`is refused, and says so, without ${command}`, async () => {
      const error = await rejection(live([`+${command}`]));
      expect(error).to.include({ code: 'PermissionDenied' });
    });
  }

  for (const key of ['announced', 'touches', 'owners', 'cancels', 'delayed*', 'parked*', 'paused']) {
    it(`is refused, and says so, without the key ${key}`, async () => {
      expect(await rejection(live([`~{orders-input}:${key}`]))).to.include({ code: 'PermissionDenied' });
    });
  }
});
