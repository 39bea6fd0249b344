import { expect } from 'chai';
import { checkHistory } from '../../src/testing/history.js';
import { readHistory } from '../../src/testing/history-records.js';
import { historyKeyOf, ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

describe('streamwarden consume', () => {
  const { server, redis } = useRedis();
  const cli = useCli();
  const service = 'orders';
  const produce = async (...args: string[]) => {
    const { code, stderr } = await cli.run([
      'produce',
      '--redis',
      server().url,
      '--service',
      service,
      ...args,
    ]);
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
  };
  const typeIs = (type: string) => (line: { type: string }) => line.type === type;

  it('prints Ready, each stream that it is given, and each that it has finished', async () => {
    const consumer = cli.startConsumer({ redis: server().url, service, consumerId: 'me', hold: 20 });
    expect(await ready(consumer)).to.match(/^me~[0-9a-f]{8}$/);
    await produce('--name', 'one', '--info', '{"region":"eu"}');

    const done = await consumer.waitFor(typeIs('StreamDone'), { name: 'the stream is done' });
    const [, added] = consumer.lines;
    expect(consumer.lines.map(({ type }) => type)).to.deep.equal(['Ready', 'StreamAdded', 'StreamDone']);
    expect(added).to.deep.include({ stream: 'one', id: done.id, retryCount: 0, info: { region: 'eu' } });
    expect(added?.at).to.be.closeTo(Date.now(), 60_000);
    expect(await redis().xlen(`${service}-input`)).to.equal(0);
  });

  it('reads the entries of each stream with --entries, and finishes it at the end mark [C-DATA-4]', async () => {
    const consumer = cli.start([
      ...['consume', '--json', '--entries', '--redis', server().url],
      ...['--service', service, '--consumer-id', 'me'],
    ]);
    await ready(consumer);
    const append = ['--redis', server().url, '--service', service];
    expect((await cli.run(['append', ...append, 'one', 'item=book', 'n=1'])).code).to.equal(0);
    expect((await cli.run(['end', ...append, 'one'])).code).to.equal(0);
    const ended = await consumer.waitFor(typeIs('EntriesEnded'), { name: 'the stream has ended' });
    expect(ended).to.deep.include({ stream: 'one', handled: 1 });
    const [entry] = consumer.lines.filter(typeIs('EntryHandled'));
    expect(entry).to.deep.include({ stream: 'one', attempt: 1, fields: { item: 'book', n: '1' } });
    await eventually('it is finished', async () => (await redis().xlen(`${service}-input`)) === 0);
  });

  it('goes on past what is nested without end, and prints what is nested as deep as is allowed [C-POI-7]', async () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const announce = (name: string, depth: number) =>
      redis().xadd(
        `${service}-input`,
        '*',
        'lbs-input',
        `{"DataStreamName":"${name}","Info":${nested(depth)}}`,
      );
    const consumer = cli.startConsumer({ redis: server().url, service, hold: 20 });
    await ready(consumer);
    await announce('endless', 10_000);
    await announce('deep', 63);
    await consumer.waitFor(typeIs('StreamDone'), { name: 'the stream is done' });
    const added = consumer.lines.filter(typeIs('StreamAdded'));
    expect(added.map(({ stream }) => stream)).to.deep.equal(['deep']);
    expect(JSON.stringify(added[0]?.info)).to.equal(nested(63));
    await eventually(
      'the other one is a dead letter',
      async () => (await redis().xlen(`${service}-input-dlq`)) === 1,
    );
    const lettered = ['--redis', server().url, '--service', service];
    const { code, stdout } = await cli.run(['dlq', 'list', ...lettered]);
    expect({ code, stdout }).to.have.property('code', 0);
    expect(stdout).to.contain('unparseable').and.to.contain('nested at most 64 deep');
    consumer.kill('SIGTERM');
    expect(await consumer.exit).to.deep.equal({ code: 0, signal: null });
  });

  it('gives integers that no number can hold as they are told to be given [C-POI-8]', async () => {
    const payload = '{"DataStreamName":"one","Info":{"id":9007199254740993}}';
    for (const [how, id] of [
      ['text', '9007199254740993'],
      ['round', 9_007_199_254_740_992],
    ] as const) {
      await redis().xadd(`${service}-input`, '*', 'lbs-input', payload);
      const args = how === 'text' ? ['--large-integers', how] : [];
      const consumer = cli.startConsumer({ redis: server().url, service, hold: 20, args });
      const added = await consumer.waitFor(typeIs('StreamAdded'), { name: 'the stream is given' });
      expect(added.info).to.deep.equal({ id });
      await consumer.waitFor(typeIs('StreamDone'), { name: 'the stream is done' });
      consumer.kill('SIGTERM');
      await consumer.exit;
    }
  });

  it('hands its streams over on SIGTERM, to one that says so, and exits with 0 [C-STOP-2]', async () => {
    const first = cli.startConsumer({ redis: server().url, service });
    await ready(first);
    await produce('--count', '5');
    await eventually('the first owns all', () => first.lines.filter(typeIs('StreamAdded')).length === 5);
    const second = cli.startConsumer({ redis: server().url, service, hold: 20 });
    await ready(second);

    first.kill('SIGTERM');
    expect(await first.exit).to.deep.equal({ code: 0, signal: null });
    expect(first.stderr).to.equal('');
    expect(first.lines.slice(-2).map(({ type }) => type)).to.deep.equal(['StreamTerminated', 'Stopped']);
    expect(first.lines.at(-2)).to.deep.include({ reason: 'stopped', error: null });
    expect(first.lines.at(-1)).to.deep.include({ mode: 'handOver', handedOver: 5, abandoned: [] });

    await eventually('the second finishes all', () => second.lines.filter(typeIs('StreamDone')).length === 5);
    expect(second.lines.filter(typeIs('StreamAdded')).every(({ retryCount }) => retryCount === 0)).to.equal(
      true,
    );
    const report = checkHistory({ records: await readHistory(redis(), historyKeyOf(service)) });
    expect(report.violations).to.deep.equal([]);
    expect(report).to.deep.include({ handedOver: 5, recovered: 0 });
  });

  it('abandons its streams on the second signal, and says so with exit code 1', async () => {
    const consumer = cli.spawnConsumer({ redis: server().url, service });
    await ready(consumer);
    await produce('--name', 'one');
    await consumer.waitFor(typeIs('StreamAdded'), { name: 'the stream is owned' });
    // A server that does not answer keeps the hand-over from being done before the second signal comes.
    await server().pause();
    try {
      consumer.kill('SIGTERM');
      consumer.kill('SIGINT');
      expect(await consumer.exit).to.deep.equal({ code: 1, signal: null });
      expect(consumer.lines.at(-1)).to.deep.include({
        type: 'Stopped',
        mode: 'abandon',
        handedOver: 0,
        abandoned: ['one'],
      });
    } finally {
      server().resume();
    }
  });

  it('owns no more than its capacity, and takes its name from $POD_NAME', async () => {
    await produce('--count', '5');
    const args = ['consume', '--redis', server().url, '--service', service, '--capacity', '2', '--json'];
    const consumer = cli.start(args, { env: { POD_NAME: 'pod-7' } });
    expect(await ready(consumer)).to.match(/^redis-consumer-pod-7~/);
    await eventually('two are owned', () => consumer.lines.filter(typeIs('StreamAdded')).length === 2);
    const [pending] = await redis().xpending(`${service}-input`, `${service}-group`);
    expect(pending).to.equal(2);
    consumer.kill('SIGTERM');
    await consumer.exit;
    expect(consumer.lines.filter(typeIs('StreamAdded'))).to.have.length(2);
  });

  it('is named after its host and process where there is no pod', async () => {
    const consumer = cli.start(['consume', '--json'], {
      env: { REDIS_URL: server().url, STREAMWARDEN_SERVICE: service },
    });
    expect(await ready(consumer)).to.match(new RegExp(`^redis-consumer-.*-${process.pid}~`));
  });

  it('prints readable lines without --json', async () => {
    const args = [
      'consume',
      '--redis',
      server().url,
      '--service',
      service,
      '--consumer-id',
      'me',
      '--hold',
      '0',
    ];
    const consumer = cli.start(args);
    await eventually('it is ready', () => /ready +me~\S+ reads orders/.test(consumer.stdout));
    await produce('--name', 'one', '--info', '{"a":1}');
    await eventually('the stream is done', () => /done +one/.test(consumer.stdout));
    expect(consumer.stdout).to.match(/added +one +\d+-0 +\{"a":1\}/);
    consumer.kill('SIGINT');
    expect(await consumer.exit).to.deep.equal({ code: 0, signal: null });
    expect(consumer.stdout).to.match(/terminated stopped\n.*stopped +0 streams handed over\n$/);
  });

  it('is recovered by another one when it is killed [C-EXP-2]', async () => {
    const args = ['--heartbeat', String(keepable(400))];
    const victim = cli.spawnConsumer({ redis: server().url, service, args });
    await ready(victim);
    await produce('--count', '3');
    await eventually('the victim owns all', () => victim.lines.filter(typeIs('StreamAdded')).length === 3);
    const other = cli.startConsumer({ redis: server().url, service, hold: 20, args });
    await ready(other);
    victim.kill('SIGKILL');
    await eventually('all are finished', () => other.lines.filter(typeIs('StreamDone')).length === 3);
    expect(other.lines.filter(typeIs('StreamAdded')).map(({ retryCount }) => retryCount)).to.deep.equal([
      1, 1, 1,
    ]);
  });
});
