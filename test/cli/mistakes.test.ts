import { createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

/** How long a command looks for Redis before it says why there is none: on a slow machine it takes longer to learn that. */
const GIVEN_UP_MS = String(keepable(300));

describe('a mistake on the command line', () => {
  const { server, redis } = useRedis({ password: 'pass word/1' });
  const cli = useCli();
  const me = ['--service', 'orders', '--consumer-id', 'me'];
  const nowhere = 'redis://admin:hunter2@127.0.0.1:1';

  const cases: [what: string, args: string[], says: RegExp][] = [
    ['no command', [], /expected a command, got: none/],
    ['an unknown command', ['prodcue'], /unknown command 'prodcue' \(Did you mean produce\?\)/],
    [
      'an unknown option',
      ['produce', '--service', 's', '--coutn', '1'],
      /unknown option '--coutn' \(Did you mean --count\?\)/,
    ],
    [
      'a missing option',
      ['status'],
      /required option '--service <name>' not specified, nor \$STREAMWARDEN_SERVICE set/,
    ],
    ['an option without its value', ['status', '--service'], /option '--service <name>' argument missing/],
    ['an argument too many', ['status', '--service', 's', 'orders'], /too many arguments/],
    [
      'a count that is no number',
      ['produce', '--service', 's', '--count', 'many'],
      /'many' is invalid. Expected a whole number/,
    ],
    ['a count of none', ['produce', '--service', 's', '--count', '0'], /Expected 1 or more/],
    ['bad JSON', ['produce', '--service', 's', '--info', '{"a":'], /--info <json>.*Expected a JSON object: /],
    ['JSON that is no object', ['produce', '--service', 's', '--info', '[1]'], /Expected a JSON object/],
    [
      'options that exclude each other',
      ['produce', '--service', 's', '--name', 'a', '--count', '2'],
      /cannot be used with option/,
    ],
    ['an empty name', ['produce', '--service', 's', '--name', ''], /expected --name to be a non-empty text/],
    ['an empty service', ['status', '--service', ''], /expected service to be a non-empty string/],
    [
      'a URL of something else',
      ['status', '--service', 's', '--redis', 'http://u:hunter2@h'],
      /expected --redis to be a URL.*got: a URL of http:/,
    ],
    ['text that is no URL', ['status', '--service', 's', '--redis', 'hunter2'], /got: text that is no URL/],
    [
      'a password that cuts the URL short',
      ['status', '--service', 's', '--redis', 'redis://u:12/hunter2@h'],
      /whose path is no database number/,
    ],
    [
      'a cluster URL with a database',
      ['topology', '--redis', 'redis-cluster://u:hunter2@h:1,h:2/3'],
      /expected --redis to be a URL such as redis-cluster:\/\/host:port,host:port, got: one of another form/,
    ],
    [
      'a Sentinel URL without the name of the master',
      ['consume', ...me, '--redis', 'rediss-sentinel://u:hunter2@h:1,h:2'],
      /expected --redis to be a URL such as rediss-sentinel:\/\/host:port,host:port\/NAME, got: one of another/,
    ],
    [
      'status of an unreachable cluster',
      ['status', '--service', 's', '--redis', 'redis-cluster://u:hunter2@127.0.0.1:1,127.0.0.1:2'],
      /no node of the cluster answers; 127\.0\.0\.1:1: .*ECONNREFUSED/,
    ],
    [
      'produce to an unreachable cluster',
      ['produce', '--service', 's', '--redis', 'redis-cluster://127.0.0.1:1', '--start-timeout', GIVEN_UP_MS],
      /no node of the cluster answers; 127\.0\.0\.1:1: .*ECONNREFUSED/,
    ],
    [
      'consume from an unreachable cluster',
      ['consume', ...me, '--redis', 'redis-cluster://127.0.0.1:1', '--start-timeout', GIVEN_UP_MS],
      /no node of the cluster answers; 127\.0\.0\.1:1: .*ECONNREFUSED/,
    ],
    [
      'a demo on a given cluster and on one of its own',
      ['demo', '--cluster', '--redis', 'redis-cluster://127.0.0.1:1'],
      /option '--cluster' cannot be used with option '--redis <url>'/,
    ],
    [
      'status of an unreachable server',
      ['status', '--service', 's', '--redis', nowhere],
      /no connection to Redis at 127.0.0.1:1: .*ECONNREFUSED/,
    ],
    [
      'produce to an unreachable server',
      ['produce', '--service', 's', '--redis', nowhere, '--start-timeout', GIVEN_UP_MS],
      new RegExp(`no connection to Redis within ${GIVEN_UP_MS} ms: .*ECONNREFUSED`),
    ],
    [
      'consume from an unreachable server',
      ['consume', ...me, '--redis', nowhere, '--start-timeout', GIVEN_UP_MS],
      new RegExp(`within ${GIVEN_UP_MS} ms: .*ECONNREFUSED`),
    ],
    ['demo on an unreachable server', ['demo', '--redis', nowhere], /no connection to Redis at 127.0.0.1:1/],
    [
      'a heartbeat above the default min-idle',
      ['consume', ...me, '--heartbeat', '40000'],
      /expected minIdleMs to be at least heartbeatMs \(40000\), got: 30000 \(--min-idle\)/,
    ],
    [
      'a heartbeat out of range',
      ['consume', ...me, '--heartbeat', '5'],
      /expected heartbeatMs to be an integer from 200 .*got: 5 \(--heartbeat\)/,
    ],
    [
      'a hold time that is none',
      ['consume', ...me, '--hold', 'long'],
      /Expected milliseconds up to \d+, or 'forever'/,
    ],
    [
      'a value that is none of the choices',
      ['consume', ...me, '--on-uncertain', 'panic'],
      /Allowed choices are continue, abort/,
    ],
    [
      'a history key in another slot',
      ['consume', ...me, '--history-key', 'history'],
      /expected historyKey to be .*\{orders-input\}.*\(--history-key\)/,
    ],
  ];
  for (const [what, args, says] of cases) {
    it(`${what}: one line, exit code 2`, async () => {
      const { code, stdout, stderr } = await cli.run(args);
      expect(stderr).to.match(says);
      expect(stderr).to.match(/^error: [^\n]*\n$/);
      expect(stderr).to.not.contain('hunter2');
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    });
  }

  it('is an Error line as well with --json, and nothing else', async () => {
    const args = ['consume', ...me, '--redis', nowhere, '--start-timeout', GIVEN_UP_MS, '--json'];
    const { code, stdout, stderr } = await cli.run(args);
    const { at, ...line } = JSON.parse(stdout);
    expect(code).to.equal(2);
    expect(at).to.be.a('number');
    expect(line).to.deep.include({ type: 'Error', code: 'StartTimeout' });
    expect(stderr).to.equal(`error: ${line.message}\n`);
  });

  it('may be a wrong password, which is not shown', async () => {
    const wrong = server().url.replace(/:[^:@/]*@/, ':hunter2@');
    for (const args of [
      ['status', '--service', 's'],
      ['produce', '--service', 's'],
      ['consume', ...me],
    ]) {
      const timeout = args[0] === 'status' ? [] : ['--start-timeout', String(keepable(1_000))];
      const { code, stdout, stderr } = await cli.run([...args, ...timeout, '--redis', wrong]);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.match(/^error: [^\n]*(WRONGPASS|NOAUTH)[^\n]*\n$/);
      expect(stderr).to.not.contain('hunter2');
    }
  });

  it('may be a server that never answers: it is given up on', async () => {
    const accepted: Socket[] = [];
    const silent = createServer((socket) => accepted.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    try {
      for (const args of [
        ['status', '--service', 's'],
        ['produce', '--service', 's'],
        ['consume', ...me],
      ]) {
        const where = ['--redis', `redis://127.0.0.1:${port}`, '--start-timeout', '500'];
        const { code, stderr } = await cli.run([...args, ...where]);
        expect({ args, code }).to.deep.equal({ args, code: 2 });
        expect(stderr).to.match(/^error: [^\n]*500 ms[^\n]*\n$/);
      }
    } finally {
      for (const socket of accepted) socket.destroy();
      silent.close();
    }
  });

  it('may be keyspace events that others have set; --keyspace-override widens them', async () => {
    await redis().config('SET', 'notify-keyspace-events', 'lE');
    const args = ['consume', ...me, '--redis', server().url, '--json'];
    const { code, stderr } = await cli.run(args);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: [^\n]*notify-keyspace-events[^\n]*\(--keyspace-override\)\n$/);
    expect(stderr).to.not.contain('pass');

    const consumer = cli.start([...args, '--keyspace-override']);
    await consumer.waitFor(({ type }) => type === 'Ready', { name: 'the consumer is ready' });
    const [, setting = ''] = (await redis().config('GET', 'notify-keyspace-events')) as string[];
    expect([...setting]).to.include.members(['l', 'E', 'K', 'x']);
    await redis().config('SET', 'notify-keyspace-events', '');
  });

  it('may be a key that is no stream', async () => {
    await redis().set('orders-input', 'text');
    const { code, stderr } = await cli.run(['status', '--service', 'orders', '--redis', server().url]);
    expect({ code, stderr }).to.deep.equal({
      code: 2,
      stderr: 'error: expected orders-input to be a stream, got: a string\n',
    });
  });

  it('is none to leave out the service where the environment names it', async () => {
    const env = { STREAMWARDEN_SERVICE: 'payments', REDIS_URL: server().url };
    const says = async (args: readonly string[]) => (await cli.run(args, { env })).stderr;
    expect(await says(['status'])).to.match(/payments-input/);
    expect(await says(['dlq', 'list'])).to.match(/payments-input-dlq/);
    expect(await says(['status', '--service', 'orders'])).to.match(/orders-input/);
    // Commands that work on no service go on as ever, and one that is empty names none.
    expect(await says(['topology'])).to.equal('');
    expect((await cli.run(['status'], { env: { STREAMWARDEN_SERVICE: '' } })).code).to.equal(2);
    const { stdout } = await cli.run(['doctor', '--json'], { env });
    expect(stdout).to.match(/"check":"service".*payments/);
    const { stdout: help } = await cli.run(['pause', '--help'], { env });
    expect(help).to.match(/--service <name>\s+name of the service \(default: \$STREAMWARDEN_SERVICE\)/);
    expect(help).to.match(/default: \$REDIS_URL/);
  });

  it('is none to ask for help or the version', async () => {
    for (const command of [
      [],
      ['produce'],
      ['consume'],
      ['status'],
      ['topology'],
      ['doctor'],
      ['completion'],
      ['demo'],
    ]) {
      const { code, stdout, stderr } = await cli.run([...command, '--help']);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout).to.contain('Usage: streamwarden').and.to.contain('Examples:\n  $ streamwarden');
    }
    const { stdout } = await cli.run(['--version']);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});
