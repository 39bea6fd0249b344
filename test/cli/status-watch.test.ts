import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { startRedis } from '../../src/testing/redis-server.js';
import { heartbeatMs, PROGRAM, ready, useCli } from '../support/cli.js';
import { useCrew } from '../support/crew.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';
import { needTerminals, Terminal } from '../support/terminal.js';

describe('streamwarden status --watch', () => {
  const suite = useRedis();
  const { server, redis } = suite;
  const cli = useCli();
  const crew = useCrew(suite);
  const watchArgs = (...args: string[]) => [
    'status',
    '--redis',
    server().url,
    '--service',
    'orders',
    '--watch',
    '--interval',
    '50',
    ...args,
  ];
  const produce = (count: number) =>
    cli.run(['produce', '--redis', server().url, '--service', 'orders', '--count', String(count)]);

  it('prints a JSON line for each look, with what happened in a second since the last one', async () => {
    await produce(1);
    const watcher = cli.start(watchArgs('--json'));
    const first = await watcher.waitFor(({ type }) => type === 'Status', { name: 'the first look' });
    expect(first.rates).to.equal(null);
    await watcher.waitFor(({ rates }) => (rates as { announced?: number } | null)?.announced === 0, {
      name: 'a look at which nothing had happened',
    });
    await produce(20);
    const busy = await watcher.waitFor(
      ({ rates }) => ((rates as { announced?: number } | null)?.announced ?? 0) > 0,
      { name: 'a look at which something had' },
    );
    expect(busy.rates).to.have.all.keys('announced', 'delivered', 'removed', 'deadLettered');
    expect(busy.stream).to.deep.include({ name: 'orders-input' });
    watcher.kill('SIGINT');
    expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
    expect(watcher.stderr).to.equal('');
  });

  it('says who owns what, and what waits for its name', async () => {
    const worker = cli.startConsumer({ redis: server().url, service: 'orders', args: ['--capacity', '5'] });
    const name = await ready(worker);
    for (let time = 0; time < 2; time += 1) {
      await cli.run(['produce', '--redis', server().url, '--service', 'orders', '--name', 'twice']);
    }
    const watcher = cli.start(watchArgs('--json'));
    const line = await watcher.waitFor(({ parked }) => (parked as { count: number } | null)?.count === 1, {
      name: 'the second one is parked',
    });
    const [consumer] = line.consumers as Record<string, unknown>[];
    expect(consumer).to.deep.include({ name, pending: 1, owned: 1 });
    expect(consumer?.presenceMs).to.be.within(1, heartbeatMs());
    watcher.kill();
    const { stdout } = await eventually('a heartbeat has told that it runs', async () => {
      const once = await cli.run(['status', '--redis', server().url, '--service', 'orders']);
      return once.stdout.includes('running') && once;
    });
    expect(stdout).to.match(/^CONSUMER +STATE +OWNED +WAITING +PENDING +LEASE +IDLE$/m);
    expect(stdout).to.match(new RegExp(`^${name} +running +1 of 5 +0 +1 +[\\d.]+ m?s +`, 'm'));
    expect(stdout).to.match(/^ +1 parked of 1 name, owned or paused: twice 1$/m);
  });

  it('prints a block of text for each look where there is no terminal', async () => {
    await produce(2);
    const watcher = cli.start(watchArgs());
    await eventually('three looks', () => (watcher.stdout.match(/service orders/g) ?? []).length >= 3);
    watcher.kill('SIGTERM');
    expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
    expect(watcher.stdout).to.match(/^\d\d:\d\d:\d\d\.\d{3} {2}service orders\n {2}orders-input: 2 entries/);
    expect(watcher.stdout).to.match(/^PER SECOND +ANNOUNCED +GIVEN OUT +GONE +DEAD-LETTERED\n/m);
    expect(watcher.stdout).to.not.contain('\x1b');
  });

  it('says which process gave streams away, which took them, and how many were to move [C-FLT-3]', async () => {
    const balance = { everyMs: 200, settleMs: 400 };
    const first = await crew.start({ consumerId: 'first', balance, notificationBuffer: 1_000 });
    await crew.announce(...Array.from({ length: 40 }, (_, n) => `s${n}`));
    await first.awaitNews('StreamAdded', 40);
    first.runtime.process(
      ({ signal }) =>
        new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    );
    const lines = cli.start(watchArgs('--json'));
    const words = cli.start(watchArgs(), { onTerminal: true });
    await lines.waitFor(({ type }) => type === 'Status', { name: 'the first look' });
    const second = await crew.start({ consumerId: 'second', balance, weight: 3 });
    const changesOf = (name: string) =>
      lines.lines
        .flatMap(({ moves }) => (moves ?? []) as { consumer: string; before: number; now: number }[])
        .filter(({ consumer }) => consumer === name)
        .reduce((sum, { before, now }) => sum + now - (before ?? 0), 0);
    await eventually('the moves are told', () => changesOf(second.name) >= 25);
    expect(changesOf(first.name)).to.be.at.most(-25);
    const balances = lines.lines.map(({ balance: round }) => round as { ordered: number; imbalance: number });
    expect(balances.some((round) => round?.ordered > 0 && round.imbalance > 0.5)).to.equal(true);
    const onScreen = () => stripVTControlCharacters(words.stdout);
    // A look between the two steps of a move sees one of them.
    await eventually('they stand on the screen', () =>
      [/OWNED\r?\n\d\d:\d\d:\d\d {2}/, `${first.name} -\\d+`, `${second.name} \\+\\d+`].every((row) =>
        new RegExp(row).test(onScreen()),
      ),
    );
    const text = onScreen();
    expect(text).to.match(/CONSUMER +STATE +OWNED +WEIGHT/);
    words.type('q');
    lines.kill('SIGINT');
    expect(await words.exit).to.deep.equal({ code: 0, signal: null });
  });

  it('goes on when Redis has gone and come back, and says so', async () => {
    await using flapping = await startRedis({ appendOnly: true });
    await cli.run(['produce', '--redis', flapping.url, '--service', 'orders']);
    const watcher = cli.start([
      'status',
      '--redis',
      flapping.url,
      '--service',
      'orders',
      '--watch',
      '--interval',
      '50',
      '--json',
    ]);
    await watcher.waitFor(({ type }) => type === 'Status', { name: 'the first look' });
    await flapping.kill();
    const failed = await watcher.waitFor(({ type }) => type === 'StatusFailed', {
      name: 'a look that failed',
    });
    expect(failed.code).to.equal('RedisUnavailable');
    await flapping.restart();
    const since = watcher.lines.length;
    await eventually('it is seen again', () =>
      watcher.lines.slice(since).some(({ type }) => type === 'Status'),
    );
    watcher.kill('SIGINT');
    expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
  });

  it('ends at once also while Redis does not answer', async () => {
    await using frozen = await startRedis();
    await cli.run(['produce', '--redis', frozen.url, '--service', 'orders']);
    const watcher = cli.start([
      'status',
      '--redis',
      frozen.url,
      '--service',
      'orders',
      '--watch',
      '--interval',
      '1',
      '--json',
      '--start-timeout',
      '60000',
    ]);
    await watcher.waitFor(({ rates }) => rates !== null && rates !== undefined, { name: 'two looks' });
    await frozen.pause();
    watcher.kill('SIGINT');
    expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
    frozen.resume();
  });

  it('is an error when there is nothing to watch: exit code 2', async () => {
    const cases: [args: string[], says: RegExp][] = [
      [watchArgs().map((arg) => (arg === 'orders' ? 'ordres' : arg)), /no service ordres here/],
      [
        watchArgs().map((arg) => (arg === server().url ? 'redis://u:hunter2@127.0.0.1:1' : arg)),
        /ECONNREFUSED/,
      ],
      [
        watchArgs().map((arg) =>
          arg === server().url ? server().url.replace('redis:', 'redis-cluster:') : arg,
        ),
        /is a single server/,
      ],
      [watchArgs('--interval', '0'), /Expected 1 or more/],
    ];
    for (const [args, says] of cases) {
      const { code, stdout, stderr } = await cli.run(args);
      expect({ args, code, stdout }).to.deep.equal({ args, code: 2, stdout: '' });
      expect(stderr).to.match(says).and.to.not.contain('hunter2');
    }
  });

  it('is an error without the right to look: exit code 2', async () => {
    await produce(1);
    await redis().call('ACL', 'SETUSER', 'blind', 'reset', 'on', '>change-me', '+ping');
    const url = server().url.replace('//', '//blind:change-me@');
    const { code, stderr } = await cli.run(['status', '--redis', url, '--service', 'orders', '--watch']);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: [^\n]*NOPERM[^\n]*\n$/);
  });
});

describe('streamwarden status --watch on a terminal', () => {
  const { server } = useRedis();
  const cli = useCli();

  before(function () {
    needTerminals(this);
  });

  const watchArgs = (url: string) => [
    'status',
    '--redis',
    url,
    '--service',
    'orders',
    '--watch',
    '--interval',
    '50',
  ];
  const start = async () => {
    const { url } = server();
    await cli.run(['produce', '--redis', url, '--service', 'orders']);
    const argv = [process.execPath, PROGRAM, ...watchArgs(url)];
    const terminal = await Terminal.start(argv, { columns: 100, rows: 24 });
    await eventually('the screen is drawn', () => terminal.output.includes('service orders'));
    return terminal;
  };
  /** The last picture that was drawn as a whole. */
  const picture = (output: string) =>
    output
      .split('\x1b[?2026h')
      .filter((text) => text.includes('\x1b[?2026l'))
      .at(-1) ?? '';

  async function expectGivenBack(terminal: Terminal): Promise<void> {
    await terminal.closed();
    const after = terminal.output.slice(terminal.output.indexOf('\x1b[?1049l'));
    expect(terminal.output).to.contain('\x1b[?25h\x1b[?1049l');
    expect(after).to.match(/ended 0\r?\n/);
    expect(after)
      .to.match(/[^-]icanon/)
      .and.to.match(/[^-]echo\b/);
  }

  it('is drawn on the second screen, and q gives the terminal back: exit code 0', async () => {
    await using terminal = await start();
    expect(terminal.output).to.contain('\x1b[?1049h\x1b[?25l');
    // Erased as a whole it would flicker.
    expect(terminal.output).to.not.contain('\x1b[2J');
    terminal.type('q');
    await expectGivenBack(terminal);
  });

  it('fits itself to a terminal whose size changes, and Ctrl-C gives it back: exit code 0', async () => {
    await using terminal = await start();
    expect(terminal.output).to.contain('\x1b[?1049h\x1b[?25l');
    await terminal.resize(30, 5);
    await eventually('it is cut', () => picture(terminal.output).includes('more lines'));
    const lines = stripVTControlCharacters(picture(terminal.output)).split('\r\n');
    expect(lines).to.have.length(5);
    for (const line of lines) expect(line.length, line).to.be.at.most(30);
    await terminal.resize(100, 24);
    await eventually('it is whole again', () =>
      picture(terminal.output).includes('orders-input-dlq: 0 dead letters'),
    );
    expect(terminal.output).to.not.contain('\x1b[2J');
    terminal.type('\x03');
    await expectGivenBack(terminal);
  });

  it('keeps what was seen last while Redis is away, and says since when', async () => {
    await using flapping = await startRedis({ appendOnly: true });
    await cli.run(['produce', '--redis', flapping.url, '--service', 'orders']);
    const watcher = cli.start(watchArgs(flapping.url), { onTerminal: true });
    await eventually('the screen is drawn', () => picture(watcher.stdout).includes('service orders'));
    await flapping.kill();
    await eventually('it says so', () =>
      /cannot be looked at since \d\d:\d\d:\d\d/.test(picture(watcher.stdout)),
    );
    expect(picture(watcher.stdout)).to.contain('service orders');
    await flapping.restart();
    await eventually('it is current again', () => !picture(watcher.stdout).includes('cannot be looked at'));
    watcher.type('q');
    expect(await watcher.exit).to.deep.equal({ code: 0, signal: null });
  });
});
