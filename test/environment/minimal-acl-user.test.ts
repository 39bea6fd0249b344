import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { isStreamwardenError } from '../../src/index.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';
import { rejection } from '../support/rejection.js';

const DOCUMENT = new URL('../../docs/how-to/minimal-acl-user.md', import.meta.url);

/** The rules of the documented user. */
async function documentedRules(): Promise<string[]> {
  const line = /^ACL SETUSER (.+)$/m.exec(await readFile(DOCUMENT, 'utf8'))?.[1];
  if (line === undefined) throw new Error('expected an ACL SETUSER line in the document, got: none');
  return line.split(' ');
}

describe('the documented minimal ACL user', () => {
  const suite = useRedis();
  const crew = useCrew(suite, { historyKey: undefined as unknown as string });
  let rules: string[];

  before(async () => {
    rules = await documentedRules();
  });

  // As the administrator does.
  beforeEach(() => suite.redis().config('SET', 'notify-keyspace-events', 'KEx'));

  /** Sets the user up without some of its rules; answers the URL to connect with. */
  async function userWithout(...left: string[]): Promise<string> {
    const redis = suite.redis();
    expect(rules, 'a rule to leave out is in the document').to.include.members(left);
    await redis.call('ACL', 'SETUSER', ...rules.filter((rule) => !left.includes(rule)));
    await redis.call('ACL', 'LOG', 'RESET');
    const { host, port } = suite.server();
    return `redis://${rules[0]}:change-me@${host}:${port}`;
  }

  /** Of what ioredis says of the connection a refusal changes nothing; how many are in the group a consumer asks once, and does without. */
  const optional = ['client|setname', 'xinfo|groups'];

  async function refusals(): Promise<string[]> {
    const rows = (await suite.redis().call('ACL', 'LOG')) as unknown[][];
    return rows
      .map((row) => String(row[row.indexOf('object') + 1]))
      .filter((name) => !optional.includes(name));
  }

  it('lives a full life: sharing, finishing, recovery from a crash, dead letters, hand-over', async () => {
    const redis = await userWithout();
    const options = {
      redis,
      maxRetries: 0,
      reconcileEveryMs: 300,
      handlerBackoff: { initialMs: 1, maxMs: 1 },
    };
    const left = await crew.start(options);
    const right = await crew.start(options);
    await crew.announce(...Array.from({ length: 20 }, (_, index) => `stream-${index}`));
    await suite.redis().xadd(crew.lbs, '*', 'lbs-input', 'cannot be parsed');
    const added = () => [...left.told('StreamAdded'), ...right.told('StreamAdded')];
    await eventually('all are owned', () => added().length === 20);

    await [...right.runtime.ownedStreams()][0]?.done();
    await [...right.runtime.ownedStreams()][0]?.release();
    await eventually('what was released is owned again', () => added().length === 21);
    const held = [...left.runtime.ownedStreams()].length;
    await left.runtime.stop({ mode: 'abandon' });
    await eventually(
      'what the dead one held is dead-lettered, as is what cannot be parsed',
      async () => (await suite.redis().xlen(crew.dlq)) === held + 1,
    );
    await eventually('the dead one is removed from the group', async () => {
      const rows = (await suite.redis().xinfo('CONSUMERS', crew.lbs, crew.group)) as unknown[][];
      return rows.every((row) => row[1] !== left.name);
    });
    await eventually('a scan has ended', () => right.runtime.snapshot().reconciler.scans >= 2);

    await right.runtime.pause();
    const report = await right.runtime.stop();
    expect(report).to.deep.include({ stragglers: [], abandoned: [] });
    expect(report.handedOver).to.be.above(0);
    expect(right.runtime.snapshot().failures).to.deep.equal([]);
    expect(await refusals()).to.deep.equal([]);
  });

  it('hears keyspace events', async () => {
    const member = await crew.start({ redis: await userWithout() });
    const stranger = `{${crew.lbs}}:presence:somebody~00000000`;
    await suite.redis().set(stranger, 'v1:1', 'PX', 1);
    await eventually('the expiry is heard', async () => {
      await suite.redis().exists(stranger);
      return member.runtime.snapshot().counters.keyspaceEvents === 1;
    });
    expect(member.runtime.snapshot().recovery).to.equal('events');
  });

  for (const command of ['xgroup|create', 'info', 'eval', 'evalsha', 'client|id', 'client|unblock']) {
    refusedWithout(`+${command}`, command.replace('|', ' ').toUpperCase());
  }
  for (const command of [
    'xadd',
    'xreadgroup',
    'xinfo|consumers',
    'xgroup|delconsumer',
    'hscan',
    'pttl',
    'del',
    'time',
  ]) {
    refusedWithout(`+${command}`, command.replace('|', ' ').toUpperCase());
  }
  refusedWithout('+psubscribe', 'PSUBSCRIBE');
  refusedWithout('&__keyspace@0__:{orders-input}:presence:*', 'PSUBSCRIBE');
  refusedWithout('~orders-input-dlq', 'orders-input-dlq');
  refusedWithout('~{orders-input}:*', '{orders-input}:owners');
  refusedWithout('~*<MUTEX_KEY_SEP>*', '<MUTEX_KEY_SEP>');

  function refusedWithout(rule: string, named: string): void {
    it(`is refused at start without ${rule}, and told so [C-STA-3]`, async () => {
      const redis = await userWithout(rule);
      const { runtime } = crew.make({ redis });
      const error = await rejection(runtime.start());
      expect(isStreamwardenError(error, 'PermissionDenied'), `${error.name}: ${error.message}`).to.equal(
        true,
      );
      expect(error.message).to.include(named);
      expect(error.message).not.to.include('change-me');
      expect(runtime.state).to.equal('failed');
    });
  }

  it('leaves idle times as they are, says so once, and is in no trouble [C-GO-1]', async () => {
    const redis = await userWithout();
    const warnings: string[] = [];
    const logger = {
      debug: () => {},
      info: () => {},
      warn: (_fields: object, message: string) => void warnings.push(message),
      error: () => {},
    };
    // Rounds of touching need not be waited for.
    const clock = {
      now: () => Date.now(),
      monotonic: () => performance.now() * 8,
      random: () => Math.random(),
      setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms / 8),
      clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
    };
    const heartbeatMs = keepable(3000);
    const { runtime, name, awaitNews } = await crew.start({
      redis,
      logger,
      clock,
      heartbeatMs,
      minIdleMs: 60_000,
    });
    const ids = await crew.announce('one');
    await awaitNews('StreamAdded');
    await suite.redis().xclaim(crew.lbs, crew.group, name, 0, ...ids, 'IDLE', 60_000, 'JUSTID');
    await eventually('it says so', () => warnings.some((one) => one.includes('XCLAIM is not permitted')));
    expect(runtime.state).to.equal('running');
    expect(runtime.snapshot().failures).to.deep.equal([]);
    await runtime.owned('one')?.done();
  });

  it('names everything that is refused at once', async () => {
    const left = ['+info', '+client|id', '+hset', '+xpending', '+xgroup|create', '~*<MUTEX_KEY_SEP>*'];
    const redis = await userWithout(...left);
    const error = await rejection(crew.make({ redis }).runtime.start());
    const refused = ['INFO', 'CLIENT ID', 'key probe<MUTEX_KEY_SEP>0-0', 'XPENDING', 'XGROUP CREATE', 'HSET'];
    expect(error.message).to.equal(`Redis does not permit this user: ${refused.join(', ')}`);
    expect(error).to.have.property('details').that.deep.equals({ refused });
  });

  it('needs no key or channel of locks without lock keys and events', async () => {
    const left = rules.filter((rule) => rule.includes('MUTEX') || rule.startsWith('&'));
    const redis = await userWithout(...left, '+config|get', '+psubscribe');
    const member = await crew.start({ redis, lockKeys: false, keyspaceEvents: 'off' });
    await crew.announce('one');
    await member.awaitNews('StreamAdded');
    await member.runtime.owned('one')?.done();
    expect(await refusals()).to.deep.equal(['config|get']);
  });
});
