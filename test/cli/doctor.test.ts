import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { startRedis } from '../../src/testing/redis-server.js';
import { heartbeatMs, ready, useCli } from '../support/cli.js';
import { findings, UNHURRIED, useDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

/** The documented minimal user, with its password. */
const MINIMAL_USER = /^ACL SETUSER (.+)$/m.exec(
  readFileSync(new URL('../../docs/how-to/minimal-acl-user.md', import.meta.url), 'utf8'),
)?.[1] as string;

describe('streamwarden doctor of a server that is fit', () => {
  const { server, redis } = useRedis({ appendOnly: true, config: { 'notify-keyspace-events': 'KEx' } });
  const cli = useCli();
  const doctor = useDoctor(cli);

  it('finds everything good: exit code 0, a line for each check', async () => {
    const { code, stdout, stderr } = await cli.run([
      'doctor',
      '--redis',
      server().url,
      '--json',
      ...UNHURRIED,
    ]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const line of lines) {
      expect(Object.keys(line)).to.deep.equal(['at', 'type', 'check', 'result', 'found', 'remedy']);
      expect(line).to.deep.include({ type: 'Check', result: 'good', remedy: null });
    }
    expect(lines.map(({ check }) => check)).to.include.members([
      'server-version',
      'permissions',
      'eviction',
      'latency',
    ]);
  });

  it('says it to people in a line for each, and a summary', async () => {
    const { stdout } = await cli.run(['doctor', '--redis', server().url, ...UNHURRIED]);
    expect(stdout).to.match(/^good {5}server-version {6}(Redis|Valkey) \d/m);
    expect(stdout).to.match(/^\d+ good, 0 warnings, 0 bad\n$/m);
  });

  it('leaves no trace', async () => {
    const before = await redis().config('GET', '*');
    await doctor(server().url, '--service', 'orders');
    expect(await redis().dbsize()).to.equal(0);
    expect(await redis().config('GET', '*')).to.deep.equal(before);
  });

  it('looks at a service that is at work, and finds it good', async () => {
    const names = await Promise.all(
      ['a', 'b'].map((consumerId) =>
        ready(cli.startConsumer({ redis: server().url, service: 'orders', consumerId })),
      ),
    );
    await cli.run(['produce', '--redis', server().url, '--service', 'orders', '--count', '4']);
    await eventually('all are owned', async () => (await redis().hlen('{orders-input}:owners')) === 5);
    const { code, checks } = await doctor(server().url, '--service', 'orders');
    expect(findings(checks, 'warning')).to.deep.equal([]);
    expect(code).to.equal(0);
    expect(names).to.have.length(2);
    expect(checks.consumers?.found).to.equal('2 consumers');
    expect(checks.service?.found).to.match(/^orders-input: 4 entries, 4 pending/);
  });

  it('sees consumers that are configured differently', async () => {
    const start = (consumerId: string, ...args: string[]) =>
      ready(
        cli.startConsumer({
          redis: server().url,
          service: 'orders',
          consumerId,
          args: [...args, '--capacity', '2'],
        }),
      );
    const longer = String(5 * heartbeatMs());
    const [odd] = await Promise.all([
      start('odd', '--heartbeat', longer, '--min-idle', longer, '--no-lock-keys', '--keyspace-events', 'off'),
      start('usual'),
    ]);
    await cli.run(['produce', '--redis', server().url, '--service', 'orders', '--count', '4']);
    await eventually('all are owned', async () => (await redis().hlen('{orders-input}:owners')) === 5);
    const { checks } = await doctor(server().url, '--service', 'orders');
    const { result, found } = checks['consumer-settings'] ?? {};
    expect(result).to.equal('warning');
    expect(found).to.match(new RegExp(`heartbeats differ: of ${odd} at least .*, of usual~`));
    expect(found).to.match(new RegExp(`lockKeys differ: ${odd} keep none, usual~`));
    expect(found).to.match(new RegExp(`${odd} listen to no expiries`));
  });

  it('tells what the dead have left, Go consumers, and dead letters', async () => {
    await redis().xgroup('CREATE', 'orders-input', 'orders-group', '0', 'MKSTREAM');
    await redis().xadd('orders-input', '*', 'lbs-input', '{"DataStreamName":"a"}');
    await redis().xreadgroup(
      'GROUP',
      'orders-group',
      'gone~0123abcd',
      'COUNT',
      1,
      'STREAMS',
      'orders-input',
      '>',
    );
    await redis().xgroup('CREATECONSUMER', 'orders-input', 'orders-group', 'go-consumer');
    await redis().xadd('orders-input-dlq', '*', 'a', 'b');
    const { code, checks } = await doctor(server().url, '--service', 'orders');
    expect(code).to.equal(1);
    expect(checks['dead-owners']).to.deep.include({ result: 'bad' });
    expect(checks['dead-owners']?.found).to.match(/^gone~0123abcd: 1 pending/);
    expect(checks['go-consumers']).to.deep.include({ result: 'warning' });
    expect(checks['go-consumers']?.found).to.contain('go-consumer');
    expect(checks['dead-letters']?.found).to.equal('orders-input-dlq: 1 dead letter');

    expect(checks['dead-owners']?.remedy).to.equal('start a consumer');
    await ready(cli.startConsumer({ redis: server().url, service: 'orders' }));
    const [, remove = ''] = /: (XGROUP DELCONSUMER .*)$/.exec(checks['go-consumers']?.remedy ?? '') ?? [];
    const [command = '', ...args] = remove.split(' ');
    await redis().call(command, ...args);
    const healed = await eventually('it is taken over', async () => {
      const next = await doctor(server().url, '--service', 'orders');
      return next.checks['dead-owners']?.result === 'good' ? next.checks : null;
    });
    expect(healed['go-consumers']).to.deep.include({ result: 'good', found: 'none' });
  });

  it('tells of delays that nobody ends: a consumer does [C-DLY-2, C-DLY-5, C-DLY-6]', async () => {
    const delays = async () => (await doctor(server().url, '--service', 'orders')).checks.delays;
    await cli.run([
      'produce',
      '--redis',
      server().url,
      '--service',
      'orders',
      '--count',
      '2',
      '--delay',
      '1h',
    ]);
    expect((await delays())?.found).to.match(/^2 delayed, the next one for (60 min|1 h) more$/);
    const due = '{orders-input}:delayed:due';
    const [first = ''] = await redis().zrange(due, '0', '0');
    await redis().zadd(due, Date.now() - 10_000, first);
    const found = await delays();
    expect(found).to.deep.include({ result: 'bad', remedy: 'start a consumer of this version' });
    expect(found?.found).to.match(
      /^2 delayed, of which the first has been due for 1\d\.\d s; and nobody lives/,
    );

    const consumer = cli.startConsumer({ redis: server().url, service: 'orders' });
    await consumer.waitFor(({ type }) => type === 'StreamAdded', { name: 'it is given out' });
    expect(await delays()).to.deep.include({ result: 'good' });
  });

  it('tells of Go consumers beside one without lock keys, and of what heals that', async () => {
    const start = (...args: string[]) =>
      cli.startConsumer({ redis: server().url, service: 'orders', consumerId: 'ours', args });
    const examined = async () => (await doctor(server().url, '--service', 'orders')).checks['go-consumers'];
    const without = start('--no-lock-keys');
    await ready(without);
    await redis().xgroup('CREATECONSUMER', 'orders-input', 'orders-group', 'go-consumer');
    await cli.run(['produce', '--redis', server().url, '--service', 'orders', '--count', '2']);
    await eventually('all are owned', async () => (await redis().hlen('{orders-input}:owners')) >= 2);
    const check = await examined();
    expect(check).to.deep.include({ result: 'bad', remedy: 'lockKeys: true in every process' });
    expect(check?.found).to.match(/; ours~[0-9a-f]+ keep no lock keys/);
    without.kill('SIGTERM');
    await without.exit;
    await ready(start());
    await eventually('it has lock keys', async () => (await redis().keys('*<MUTEX_KEY_SEP>*')).length === 2);
    expect(await examined()).to.deep.include({ result: 'warning' });
  });

  it('says that a service is unknown, and what to look for', async () => {
    const { code, checks } = await doctor(server().url, '--service', 'ordres');
    expect(code).to.equal(0);
    expect(checks.service).to.deep.include({ result: 'warning' });
    expect(checks.service?.found).to.equal('no service ordres here: there is no stream ordres-input');
  });
});

describe('streamwarden doctor of a server that is not fit', () => {
  const { server, redis } = useRedis({
    config: {
      'maxmemory-policy': 'allkeys-lru',
      timeout: 1,
      'tcp-keepalive': 0,
      'notify-keyspace-events': 'lE',
    },
  });
  const cli = useCli();
  const doctor = useDoctor(cli);

  it('names every mistake, with its remedy: exit code 1', async () => {
    const { code, checks } = await doctor(server().url);
    expect(code).to.equal(1);
    expect(findings(checks, 'bad')).to.have.members([
      'keyspace-events',
      'eviction',
      'persistence',
      'idle-timeout',
    ]);
    expect(checks.eviction?.remedy).to.contain('CONFIG SET maxmemory-policy noeviction');
    expect(checks.persistence?.remedy).to.contain('CONFIG SET appendonly yes');
    expect(checks['keyspace-events']?.remedy).to.contain('keyspaceOverride: true');
    expect(checks['idle-timeout']?.remedy).to.contain('CONFIG SET timeout 0');
    expect(checks['tcp-keepalive']).to.deep.include({ result: 'warning' });
  });

  it('has remedies that heal', async () => {
    const { checks } = await doctor(server().url);
    const commands = Object.values(checks).flatMap(
      ({ remedy }) => /CONFIG SET (\S+) (\S+),/.exec(remedy ?? '')?.slice(1, 3) ?? [],
    );
    expect(commands).to.have.length.above(6);
    const before = new Map<string, string>();
    for (let index = 0; index < commands.length; index += 2) {
      const [setting = '', value = ''] = commands.slice(index, index + 2);
      before.set(setting, ((await redis().config('GET', setting)) as string[])[1] ?? '');
      await redis().config('SET', setting, value);
    }
    const healed = await doctor(server().url);
    for (const [setting, value] of before) await redis().config('SET', setting, value);
    expect(findings(healed.checks, 'bad')).to.deep.equal([]);
    expect(findings(healed.checks, 'warning')).to.deep.equal([]);
    expect(healed.code).to.equal(0);
  });
});

describe('streamwarden doctor for a user with few rights', () => {
  const { server, redis } = useRedis({ appendOnly: true, config: { 'notify-keyspace-events': 'KEx' } });
  const cli = useCli();
  const doctor = useDoctor(cli);

  async function setUser(rules: string): Promise<string> {
    await redis().call('ACL', 'SETUSER', ...rules.split(' '));
    const { host, port } = server();
    return `redis://${rules.split(' ')[0]}:change-me@${host}:${port}`;
  }

  it('finds that the documented minimal user may do all that is needed', async () => {
    await setUser(MINIMAL_USER);
    const { checks } = await doctor(server().url, '--service', 'orders', '--acl-user', 'orders-consumer');
    expect(checks.permissions).to.deep.equal({
      result: 'good',
      found: 'every command, key and channel is permitted',
      remedy: null,
    });
  });

  it('names every rule that is missing, and its remedy gives them', async () => {
    const rules = MINIMAL_USER.split(' ');
    const left = [
      '+xadd',
      '+xgroup|create',
      '~orders-input-dlq',
      '~{orders-input}:*',
      '~*<MUTEX_KEY_SEP>*',
      '+psubscribe',
    ];
    const channel = '&__keyspace@0__:{orders-input}:presence:*';
    await setUser(rules.filter((rule) => ![...left, channel].includes(rule)).join(' '));
    const asked = ['--service', 'orders', '--acl-user', 'orders-consumer'];
    const { code, checks } = await doctor(server().url, ...asked);
    expect(code).to.equal(1);
    expect(checks.permissions).to.deep.include({ result: 'bad' });
    const remedy = checks.permissions?.remedy ?? '';
    expect(remedy.split(' ')).to.include.members(left);

    await redis().call('ACL', 'SETUSER', 'orders-consumer', ...remedy.split(' ').slice(3));
    // What a refused command would have been refused besides is seen now.
    const next = (await doctor(server().url, ...asked)).checks.permissions;
    expect(next?.remedy).to.equal(`ACL SETUSER <user> ${channel}`);
    await redis().call('ACL', 'SETUSER', 'orders-consumer', channel);
    expect((await doctor(server().url, ...asked)).checks.permissions).to.deep.include({ result: 'good' });
  });

  it('says that there is no such user', async () => {
    const { checks } = await doctor(server().url, '--service', 'orders', '--acl-user', 'nobody');
    expect(checks.permissions).to.deep.include({ result: 'bad', found: 'there is no such user' });
  });

  it('tries as that user what changes nothing, and says what could not be told', async () => {
    const url = await setUser(MINIMAL_USER);
    const { checks, stdout } = await doctor(url, '--service', 'orders');
    expect(checks.permissions).to.deep.include({ result: 'warning' });
    expect(checks.permissions?.found).to.match(
      /^what changes nothing is permitted; the rest could not be told/,
    );
    expect(checks.eviction).to.deep.include({ result: 'good' });
    expect(await redis().dbsize()).to.equal(0);
    expect(stdout).to.not.match(/change-me/);
  });

  it('says of a user who may do nothing what could not be told: exit code 1', async () => {
    const url = await setUser('powerless reset on >change-me');
    const { code, checks, stdout, stderr } = await doctor(url, '--service', 'orders');
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' });
    expect(checks.permissions?.found).to.match(/^refused: INFO, TIME, /);
    for (const check of ['topology', 'server-version', 'memory', 'service']) {
      expect(checks[check]).to.deep.include({ result: 'warning' });
      expect(checks[check]?.found).to.match(/^could not be told/);
    }
    expect(stdout).to.not.match(/change-me/);
  });

  it('says that CONFIG is forbidden, which is bad only where it is required', async () => {
    const url = await setUser('managed reset on >change-me ~* &* +@all -config');
    const required = await doctor(url);
    expect(required.code).to.equal(1);
    expect(findings(required.checks, 'bad')).to.deep.equal(['permissions', 'keyspace-events']);
    expect(required.checks.eviction).to.deep.include({ result: 'good', found: 'noeviction' });
    const preferred = await doctor(url, '--keyspace-events', 'prefer');
    expect(preferred.code).to.equal(0);
    expect(findings(preferred.checks, 'warning')).to.include.members(['permissions', 'keyspace-events']);
    const off = await doctor(url, '--keyspace-events', 'off');
    expect(off.checks['keyspace-events']).to.deep.include({ result: 'good' });
    expect(off.checks.permissions).to.deep.include({ result: 'good' });
  });
});

describe('streamwarden doctor without a server', () => {
  const cli = useCli();
  const refuses = async (url: string, says: RegExp, ...args: string[]) => {
    const { code, stdout, stderr } = await cli.run(['doctor', '--redis', url, ...args]);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(says).and.to.not.contain('hunter2');
  };

  it('is an error: exit code 2', async () => {
    await refuses(
      'redis://u:hunter2@127.0.0.1:1',
      /^error: no connection to Redis at 127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/,
    );
    await refuses(
      'redis-cluster://u:hunter2@127.0.0.1:1',
      /^error: no node of the cluster answers; 127\.0\.0\.1:1: /,
    );
    await refuses(
      'redis-sentinel://u:hunter2@127.0.0.1:1/main',
      /^error: no Sentinel answers; 127\.0\.0\.1:1: /,
    );
    await refuses('http://u:hunter2@h', /^error: expected --redis to be a URL/);
  });

  it('is an error when one listens and never answers', async () => {
    const accepted: Socket[] = [];
    const silent = createServer((socket) => accepted.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    try {
      await refuses(`redis://127.0.0.1:${port}`, /^error: no connection to Redis at/, '--timeout', '300');
    } finally {
      for (const socket of accepted) socket.destroy();
      silent.close();
    }
  });

  it('is an error when the password is wrong, and when the URL is that of a cluster', async () => {
    await using one = await startRedis({ password: 'right' });
    await refuses(one.url.replace('right', 'hunter2'), /^error: .*refused the credentials: (WRONGPASS|ERR)/);
    const { host, port } = one;
    await refuses(`redis-cluster://:right@${host}:${port}`, /^error: .* is a single server: use redis:\/\//);
  });
});
