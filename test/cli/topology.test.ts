import { expect } from 'chai';
import { type RedisServer, startRedis } from '../../src/testing/redis-server.js';
import { ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { hangingMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

describe('streamwarden topology of a single server', () => {
  const { server, redis, connect } = useRedis({ config: { 'repl-diskless-sync-delay': 0 } });
  const cli = useCli();
  const topology = (...args: string[]) => cli.run(['topology', ...args]);
  const addressOf = ({ host, port }: RedisServer) => `${host}:${port}`;
  let replica: RedisServer;

  before(async () => {
    replica = await startRedis({ config: { replicaof: `${server().host} ${server().port}` } });
    await eventually('the replica follows', async () =>
      /^slave0:.*state=online/m.test(await redis().info('replication')),
    );
  });
  after(async () => await replica?.stop());

  it('shows one master and its replicas in the same form, and who listens', async () => {
    await ready(cli.startConsumer({ redis: server().url, service: 'orders' }));
    // Somebody else's, which does not count.
    await connect({ connectionName: 'cache' }).psubscribe('__keyspace@0__:*');
    const { code, stdout } = await topology('--redis', server().url, '--json');
    const { at, ...picture } = JSON.parse(stdout);
    expect(code).to.equal(0);
    const up = { id: null, state: 'up', error: null };
    const [master] = picture.masters;
    expect(master.keyspaceEvents.suffices).to.equal(true);
    expect(picture).to.deep.equal({
      type: 'Topology',
      kind: 'single',
      settled: true,
      problems: [],
      epoch: null,
      masters: [
        {
          address: addressOf(server()),
          ...up,
          keyspaceEvents: master.keyspaceEvents,
          subscribers: 1,
          slots: null,
          replicas: [
            {
              address: addressOf(replica),
              ...up,
              keyspaceEvents: { setting: '', suffices: false },
              subscribers: 0,
            },
          ],
        },
      ],
      others: [],
      sentinels: [],
    });
    const { stdout: text } = await topology('--redis', server().url);
    expect(text).to.match(/^single server, settled: 1 master, 1 replica\n/);
    expect(text).to.match(/^NODE +ROLE +KEYSPACE EVENTS +SUBSCRIBERS +STATE$/m);
  });

  it('says that a replica is no place for consumers: exit code 1', async () => {
    const { code, stdout } = await topology('--redis', replica.url);
    expect(code).to.equal(1);
    expect(stdout).to.contain(
      `  ${addressOf(replica)} is a replica of ${addressOf(server())}: consumers need the master\n`,
    );
  });

  it('says that the server does not answer: exit code 1', async () => {
    const { code, stdout, stderr } = await topology('--redis', 'redis://u:hunter2@127.0.0.1:1', '--json');
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' });
    expect(stdout).to.not.contain('hunter2');
    const { settled, problems, masters } = JSON.parse(stdout);
    expect({ settled, problems }).to.deep.equal({
      settled: false,
      problems: ['the master 127.0.0.1:1 does not answer'],
    });
    expect(masters[0]).to.deep.include({
      state: 'unreachable',
      error: 'connect ECONNREFUSED 127.0.0.1:1',
      keyspaceEvents: null,
      subscribers: null,
    });
  });

  it('shows what may not be read as unknown', async () => {
    const rules = ['on', '>secret', '~*', '&*', '+@all', '-config', '-client|list'];
    await redis().call('ACL', 'SETUSER', 'limited', 'reset', ...rules);
    const url = `redis://limited:secret@${addressOf(server())}`;
    const { code, stdout } = await topology('--redis', url, '--json');
    expect(code).to.equal(0);
    expect(JSON.parse(stdout).masters[0]).to.deep.include({
      state: 'up',
      keyspaceEvents: null,
      subscribers: null,
    });
    expect((await topology('--redis', url)).stdout).to.match(/^127\.0\.0\.1:\d+ +master +\? +\? +up$/m);
  });

  it('--watch shows the server again when it has come back', async () => {
    await using flapping = await startRedis();
    const watcher = cli.start([
      'topology',
      '--redis',
      flapping.url,
      '--watch',
      '--interval',
      '50',
      '--timeout',
      String(hangingMs()),
    ]);
    const shown = (pattern: RegExp) => eventually(String(pattern), () => pattern.test(watcher.stdout));
    await shown(/single server, settled/);
    await flapping.kill();
    await shown(/not settled[\s\S]*unreachable/);
    await flapping.restart();
    await shown(/not settled[\s\S]*single server, settled/);
    watcher.kill('SIGINT');
    expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
    expect(watcher.stdout.match(/single server/g)).to.have.length(3);
  });

  it('every command is told to take another URL when that of a cluster or of Sentinels leads here', async () => {
    const address = addressOf(server());
    const commands = [
      ['topology'],
      ['status', '--service', 's'],
      ['produce', '--service', 's', '--start-timeout', String(keepable(300))],
      ['consume', '--service', 's', '--consumer-id', 'me', '--start-timeout', String(keepable(300))],
    ];
    for (const url of [`redis-cluster://${address}`, `redis-sentinel://${address}/main`]) {
      for (const args of commands) {
        const { code, stdout, stderr } = await cli.run([...args, '--redis', url]);
        expect({ args, code, stdout, stderr }).to.deep.equal({
          args,
          code: 2,
          stdout: '',
          stderr: `error: ${address} is a single server: use redis://${address}\n`,
        });
      }
    }
  });
});
