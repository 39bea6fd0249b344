import { expect } from 'chai';
import { Redis } from 'ioredis';
import { useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { isAlive } from '../support/process-alive.js';
import { useRedis } from '../support/redis.js';

describe('streamwarden demo', () => {
  const { server, redis } = useRedis();
  const cli = useCli();

  it('kills one consumer, stops another, and its summary shows that nothing was lost, and no entry skipped', async () => {
    const { code, stdout, stderr } = await cli.run(['demo', '--json', '--streams', '60']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const summary = lines.at(-1);
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    expect(Object.keys(summary)).to.deep.equal([
      'type',
      'produced',
      'finished',
      'recovered',
      'handedOver',
      'finishedTwice',
      'ownedByTwo',
      'lost',
      'reownMs',
    ]);
    expect(summary).to.deep.include({
      type: 'Summary',
      produced: 60,
      finished: 60,
      finishedTwice: 0,
      ownedByTwo: 0,
      lost: 0,
    });
    expect(summary.recovered).to.be.greaterThan(0);
    expect(summary.handedOver).to.be.greaterThan(0);
    const { p50, p99, max } = summary.reownMs;
    expect(p50).to.be.greaterThan(0);
    expect(p99).to.be.within(p50, max);
    const entries = lines.at(-2);
    expect(entries).to.deep.include({ type: 'Entries', appended: 60 * 20, skipped: 0, wrong: 0 });
    expect(entries.handled).to.equal(60 * 20 + entries.repeated);
    expect(lines.filter(({ type }) => type === 'EntryHandled')).to.have.length(entries.handled);
    expect(lines.filter(({ type }) => type === 'Killed')).to.have.length(1);
    expect(lines.filter(({ type }) => type === 'Ready')).to.have.length(3);
  });

  it('leaves nothing behind when it is interrupted: no process, no key, no setting', async () => {
    const demo = cli.start(['demo', '--json', '--redis', server().url]);
    await eventually('three consumers are ready', () => readyPids().length === 3);
    await demo.waitFor(({ type }) => type === 'StreamAdded', { name: 'the fleet is at work' });
    const pids = readyPids();

    demo.kill('SIGINT');
    expect(await demo.exit).to.deep.equal({ code: 1, signal: null });
    expect(demo.stderr).to.equal('error: interrupted\n');
    expect(pids.filter(isAlive)).to.deep.equal([]);
    await eventually('presence and locks have expired', async () => (await redis().keys('*')).length === 0);
    expect((await redis().config('GET', 'notify-keyspace-events')) as string[]).to.deep.equal([
      'notify-keyspace-events',
      '',
    ]);

    function readyPids(): number[] {
      return demo.lines.filter(({ type }) => type === 'Ready').map(({ pid }) => Number(pid));
    }
  });

  it('says in one line why a consumer cannot start, in its own words, and leaves nothing behind', async () => {
    await redis().call(
      'ACL',
      'SETUSER',
      'visitor',
      'reset',
      'on',
      '>secret',
      '~*',
      '&*',
      '+@all',
      '-xreadgroup',
    );
    const { host, port } = server();
    const { code, stdout, stderr } = await cli.run(['demo', '--json'], {
      env: { REDIS_URL: `redis://visitor:secret@${host}:${port}` },
    });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: demo-\d could not start: [^\n]*XREADGROUP[^\n]*\n$/i);
    const lines = stdout.trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).to.deep.include({ type: 'Error', code: 'PermissionDenied' });
    await eventually('presence has expired', async () => (await redis().keys('*')).length === 0);
  });

  it('says in one line of what a consumer died that could not say it itself', async () => {
    const broken = encodeURIComponent('throw new TypeError("expected a heart, got: none")');
    const { code, stderr } = await cli.run(['demo'], {
      env: { REDIS_URL: server().url, NODE_OPTIONS: `--import data:text/javascript,${broken}` },
    });
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^error: demo-\d ended before it was ready: TypeError: expected a heart, got: none\n$/,
    );
  });

  it('stops its own server as well', async () => {
    const demo = cli.start(['demo', '--json']);
    const started = await demo.waitFor(({ type }) => type === 'Started', { name: 'the demo has a server' });
    demo.kill('SIGTERM');
    expect(await demo.exit).to.deep.include({ code: 1 });
    const client = new Redis(`redis://${String(started.server)}`, {
      lazyConnect: true,
      retryStrategy: () => null,
    });
    client.on('error', () => undefined);
    const reached = await client.connect().then(
      () => true,
      () => false,
    );
    client.disconnect();
    expect(reached).to.equal(false);
  });
});
