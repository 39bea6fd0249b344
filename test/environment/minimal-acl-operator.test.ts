import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { openFleetAccess } from '../../src/admin/fleet-access.js';
import { accessService, type ServiceAccess } from '../../src/admin/service-access.js';
import { systemClock } from '../../src/core/clock.js';
import { createAdmin, isStreamwardenError } from '../../src/index.js';
import { selectLetters } from '../../src/redis/dead-letter-selection.js';
import { type GivenService, serviceSettings } from '../../src/runtime/service-settings.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const DOCUMENT = new URL('../../docs/how-to/minimal-acl-user.md', import.meta.url);
const HOW_TO = new URL('../../docs/how-to/administer-from-code.md', import.meta.url);
const INSPECTOR = new URL('../../docs/reference/inspector.md', import.meta.url);
const LBS = 'orders-input';
const GROUP = 'orders-group';
const DLQ = 'orders-input-dlq';
/** Not needed for the work itself: ioredis warns on stderr where it may not look. */
const OPTIONAL = ['+info'];

describe('the documented user of an operator', () => {
  const suite = useRedis();
  let rules: string[];

  before(async () => {
    const line = /^ACL SETUSER (orders-operator .+)$/m.exec(await readFile(DOCUMENT, 'utf8'))?.[1];
    if (line === undefined) throw new Error('expected an ACL SETUSER line in the document, got: none');
    rules = line.split(' ');
  });

  async function visited(given: Pick<GivenService, 'redis'>): Promise<ServiceAccess> {
    const access = accessService(
      serviceSettings({ ...given, service: 'orders', timeoutMs: 2_000 }),
      systemClock,
    );
    await access.up();
    return access;
  }

  /** What `dlq`, `pending`, `owner`, `claim` and `adopt` do. */
  async function work(...left: string[]): Promise<void> {
    const redis = suite.redis();
    await redis.flushall();
    await redis.script('FLUSH');
    await redis.call('ACL', 'SETUSER', ...rules.filter((rule) => !left.includes(rule)));
    for (const name of ['one', 'two', 'three']) {
      await redis.xadd(DLQ, '*', 'lbs-input', JSON.stringify({ DataStreamName: name }), '_retry_count', '4');
    }
    await redis.xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const { host, port } = suite.server();
    using visit = await visited({
      redis: `redis://${rules[0]}:change-me@${host}:${port}`,
    });
    const { deadLetters, pending, owners, claims, stranded } = visit;
    expect(await visit.exists()).to.equal(true);
    expect(await deadLetters.now()).to.be.above(0);
    expect(await deadLetters.length()).to.equal(3);
    const ids: string[] = [];
    for await (const { letters } of selectLetters(deadLetters, {}, { order: 'oldestFirst' })) {
      ids.push(...letters.map(({ id }) => id));
    }
    expect((await deadLetters.list(1, null)).letters).to.have.length(1);
    await deadLetters.delete(ids.slice(0, 1));
    await deadLetters.redrive(ids.slice(1));
    await redis.xreadgroup('GROUP', GROUP, 'a~00000001', 'COUNT', 2, 'STREAMS', LBS, '>');
    for await (const rows of pending.pages()) expect(rows).to.have.length(2);
    const found = await owners.of('two');
    expect(found.state).to.equal('unowned');
    await redis.zadd(`{${LBS}}:delayed:names`, 0, '5:later:5-1');
    await redis.zadd(`{${LBS}}:delayed:due`, 60_000, '5-1');
    expect((await owners.of('later')).state).to.equal('delayed');
    const [held] = (await redis.xpending(LBS, GROUP, '-', '+', 1)) as [[string]];
    await redis.hset(`{${LBS}}:owners`, '', 'v1 x', 'two', held[0]);
    expect((await owners.of('two')).state).to.equal('owned');
    await redis.set(`{${LBS}}:presence:a~00000001`, 'v1:1', 'PX', 60_000);
    expect(await claims.claim(held[0], false)).to.include({ outcome: 'alive' });
    expect(await claims.claim(held[0], true)).to.include({ outcome: 'requeued', retryCount: 1 });
    await redis.xgroup('DELCONSUMER', LBS, GROUP, 'a~00000001');
    const lost: string[] = [];
    for await (const page of stranded.pages()) lost.push(...page);
    expect(lost).to.have.length(1);
    expect(await stranded.adopt(lost)).to.not.include(null);
  }

  it('may do all that the commands do', () => work());

  it('has what it claims go before what is parked of its name [C-NAME-7]', async () => {
    const redis = suite.redis();
    await redis.flushall();
    await redis.call('ACL', 'SETUSER', ...rules);
    await redis.xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const id = String(await redis.xadd(LBS, '*', 'lbs-input', '{"DataStreamName":"hot"}'));
    await redis.xreadgroup('GROUP', GROUP, 'a~00000001', 'COUNT', 1, 'STREAMS', LBS, '>');
    await redis.hset(`{${LBS}}:owners`, '', 'v1 x', 'hot', id);
    await redis.zadd(`{${LBS}}:parked:counts`, 1, 'hot');
    const { host, port } = suite.server();
    using visit = await visited({
      redis: `redis://${rules[0]}:change-me@${host}:${port}`,
    });
    expect(await visit.claims.claim(id, false)).to.include({ outcome: 'requeued' });
    const [[copy] = []] = await redis.xrange(LBS, '-', '+');
    expect(await redis.hget(`{${LBS}}:parked:turns`, 'hot')).to.equal(copy);
  });

  it('may look at the status with the rights that the how-to adds, and with no fewer', async () => {
    const redis = suite.redis();
    const page = await readFile(HOW_TO, 'utf8');
    const more = /`(\+type [^`]+)` for `status\(\)`/.exec(page)?.[1]?.split(' ') ?? [];
    expect(more).to.have.length.above(5);
    const { host, port } = suite.server();
    const options = { redis: `redis://${rules[0]}:change-me@${host}:${port}`, service: 'orders' };
    const look = async (left?: string) => {
      await redis.flushall();
      await redis.script('FLUSH');
      await redis.call('ACL', 'SETUSER', ...rules, ...more.filter((rule) => rule !== left));
      await redis.xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
      await redis.xadd(LBS, '*', 'lbs-input', '{"DataStreamName":"one"}');
      await redis.xreadgroup('GROUP', GROUP, 'a~00000001', 'COUNT', 1, 'STREAMS', LBS, '>');
      await redis.xadd(`{${LBS}}:parked`, '*', 'lbs-input', '{"DataStreamName":"hot"}');
      await redis.zadd(`{${LBS}}:parked:counts`, 1, 'hot');
      await redis.hset(`{${LBS}}:paused`, 'hot', 1);
      await using admin = createAdmin(options);
      const { consumers, parked, paused } = await admin.status();
      return consumers[0]?.owned === 0 && parked?.count === 1 && paused?.count === 1;
    };
    expect(await look()).to.equal(true);
    for (const rule of more) {
      const isWhole = await look(rule).catch((error: unknown) => {
        expect(isStreamwardenError(error, 'PermissionDenied'), `without ${rule}`).to.equal(true);
        return false;
      });
      expect(isWhole, `without ${rule}`).to.equal(false);
    }
  });

  it('may look at the fleet with the right that the reference adds, and not without it', async () => {
    const redis = suite.redis();
    const page = await readFile(INSPECTOR, 'utf8');
    const [, added = ''] = /needs the rights of\n[^`]*`(\+[^`]+)`/.exec(page) ?? [];
    const { host, port } = suite.server();
    const url = `redis://${rules[0]}:change-me@${host}:${port}`;
    const look = async (more: readonly string[]) => {
      await redis.flushall();
      await redis.call('ACL', 'SETUSER', ...rules, ...more);
      await redis.xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
      await redis.xadd(LBS, '*', 'lbs-input', '{"DataStreamName":"one"}');
      await redis.xreadgroup('GROUP', GROUP, 'a~00000001', 'COUNT', 1, 'STREAMS', LBS, '>');
      await redis.rpush(`{${LBS}}:history`, '{"at":1,"op":"acquired","id":"1-0","name":"one","owner":"b"}');
      const settings = serviceSettings({ redis: url, service: 'orders', timeoutMs: 5_000 });
      await using access = openFleetAccess(settings, `{${LBS}}:history`);
      const { members } = await access.look();
      const { rows } = await access.streams('a~00000001', null);
      const { ownership, history } = await access.find('one');
      return [members.length, rows[0]?.name, ownership?.state, history?.length ?? null];
    };
    expect(await look([added])).to.deep.equal([1, 'one', 'unowned', null]);
    expect(await look([added, '+lrange'])).to.deep.equal([1, 'one', 'unowned', 1]);
    const error = await rejection(look([]));
    expect(isStreamwardenError(error, 'PermissionDenied')).to.equal(true);
  });

  it('may do nothing that they do not need', async () => {
    const needed = rules.filter((rule) => /^[+~]/.test(rule) && !OPTIONAL.includes(rule));
    expect(needed).to.have.length.above(15);
    for (const rule of needed) {
      const error = await rejection(work(rule)).catch(() => undefined);
      expect(isStreamwardenError(error, 'PermissionDenied'), `without ${rule}: ${error?.message}`).to.equal(
        true,
      );
      expect(error?.message).to.not.include('change-me');
    }
  });
});
