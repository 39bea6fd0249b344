import { hostname } from 'node:os';
import { expect } from 'chai';
import { PACKAGE_VERSION } from '../../src/core/package-version.js';
import { heartbeatMs, ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

describe('streamwarden produce', () => {
  const { server, redis } = useRedis();
  const cli = useCli();
  const produce = (...args: string[]) =>
    cli.run(['produce', '--redis', server().url, '--service', 'orders', ...args]);
  const jsonLines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('announces one stream with its Info, as the wire protocol has it', async () => {
    const { code, stdout } = await produce('--name', 'order-1', '--info', '{"region":"eu"}', '--json');
    const [entry] = await redis().xrange('orders-input', '-', '+');
    expect(code).to.equal(0);
    expect(entry?.[1]).to.deep.equal(['lbs-input', '{"DataStreamName":"order-1","Info":{"region":"eu"}}']);
    const [line] = jsonLines(stdout);
    expect(Object.keys(line ?? {})).to.deep.equal(['at', 'type', 'stream', 'id']);
    expect(line).to.deep.include({ type: 'Produced', stream: 'order-1', id: entry?.[0] });
  });

  it('announces more than one batch, in order', async () => {
    const { stdout } = await produce('--count', '1203', '--prefix', 'p-', '--json');
    const lines = jsonLines(stdout);
    const ids = (await redis().xrange('orders-input', '-', '+')).map(([id]) => id);
    expect(lines.map(({ id }) => id)).to.deep.equal(ids);
    expect([lines[0]?.stream, lines.at(-1)?.stream]).to.deep.equal(['p-1', 'p-1203']);
  });

  it('prints ids and names for people', async () => {
    const { stdout } = await produce('--count', '2');
    expect(stdout).to.match(/^\d+-0 {2}stream-1\n\d+-\d+ {2}stream-2\n2 streams announced\n$/);
  });

  it('announces only what is not there, and says so [C-ENS-1]', async () => {
    await produce('--count', '2');
    const { stdout } = await produce('--ensure', '--count', '3', '--json');
    const lines = jsonLines(stdout);
    expect(lines.map(({ created }) => created)).to.deep.equal([false, false, true]);
    expect(Object.keys(lines[0] ?? {})).to.deep.equal(['at', 'type', 'stream', 'id', 'created']);
    const words = await produce('--ensure', '--count', '4');
    expect(words.stdout).to.match(/stream-3 {2}is there already\n\d+-\d+ {2}stream-4\n/);
    expect(words.stdout).to.match(/\n1 stream announced, 3 there already\n$/);
    expect(await redis().xlen('orders-input')).to.equal(4);
  });

  it('is quiet when its output is read by nobody any more', async () => {
    const one = cli.spawn(['produce', '--redis', server().url, '--service', 'orders', '--count', '5000']);
    one.stopReading();
    expect(await one.exit).to.deep.equal({ code: 0, signal: null });
    expect(one.stderr).to.equal('');
  });
});

describe('streamwarden status', () => {
  const { server, redis } = useRedis();
  const cli = useCli();
  const status = (...args: string[]) => cli.run(['status', '--redis', server().url, ...args]);

  it('shows stream, group, consumers and dead letters', async () => {
    await redis().xadd('orders-input-dlq', '*', 'a', 'b');
    const consumer = cli.startConsumer({ redis: server().url, service: 'orders', args: ['--capacity', '1'] });
    const name = await ready(consumer);
    await cli.run(['produce', '--redis', server().url, '--service', 'orders', '--count', '3']);
    await consumer.waitFor(({ type }) => type === 'StreamAdded', { name: 'a stream is owned' });

    const { code, stdout } = await status('--service', 'orders', '--json');
    const found = JSON.parse(stdout);
    expect(code).to.equal(0);
    expect(found).to.deep.include({
      type: 'Status',
      service: 'orders',
      dlq: { name: 'orders-input-dlq', length: 1 },
    });
    expect(found.stream).to.deep.equal({ name: 'orders-input', length: 3 });
    expect(found.group).to.deep.include({ name: 'orders-group', created: true, pending: 1, undelivered: 2 });
    expect(found.consumers).to.have.length(1);
    expect(found.consumers[0]).to.deep.include({ name, pending: 1 });
    expect(found.consumers[0].presenceMs).to.be.within(1, heartbeatMs());

    const { stdout: text } = await eventually('a heartbeat has told that it runs', async () => {
      const once = await status('--service', 'orders');
      return once.stdout.includes('running') && once;
    });
    expect(text).to.contain('orders-input: 3 entries (1 pending, 2 not given to anybody yet)');
    expect(text).to.contain('orders-input-dlq: 1 dead letter\n');
    expect(text).to.match(new RegExp(`^${name} +running +1 of 1 +0 +1 `, 'm'));
  });

  it('says of each process who it is, since when, and where its inspector is [C-FLT-1, C-FLT-2]', async () => {
    const consumer = cli.startConsumer({ redis: server().url, service: 'orders', args: ['--inspect'] });
    const { url } = await consumer.waitFor(({ type }) => type === 'Inspector', { name: 'the page' });
    const name = await ready(consumer);
    await cli.run(['produce', '--redis', server().url, '--service', 'orders', '--count', '2']);
    const line = await eventually('a heartbeat has told', async () => {
      const found = JSON.parse((await status('--service', 'orders', '--json')).stdout);
      const [one] = found.consumers;
      return one?.process?.inspector === url && one.process.owned === 2 && found;
    });
    expect(line.consumers[0].process).to.deep.include({
      state: 'running',
      version: PACKAGE_VERSION,
      host: hostname(),
      pid: process.pid,
      capacity: 10_000,
      weight: 1,
    });
    expect(line.balance).to.deep.include({ imbalance: 0, ordered: 0, waits: null });
    const { stdout } = await status('--service', 'orders');
    expect(stdout).to.match(/^ {2}balance: at most 0 % from the fair share$/m);
    expect(stdout).to.match(/^CONSUMER +VERSION +SINCE +HOST +INSPECTOR$/m);
    const told = new RegExp(`^${name} +${PACKAGE_VERSION} +[\\d.]+ m?s ago +${hostname()} +${url}$`, 'm');
    expect(stdout).to.match(told);
    for (const text of stdout.split('\n')) expect(text.length, text).to.be.at.most(100);
  });

  it('shows a consumer without presence, and one that is not ours, as such', async () => {
    await redis().xgroup('CREATE', 'orders-input', 'orders-group', '0', 'MKSTREAM');
    await redis().xgroup('CREATECONSUMER', 'orders-input', 'orders-group', 'go-consumer');
    const found = JSON.parse((await status('--service', 'orders', '--json')).stdout);
    expect(found.consumers[0]).to.deep.include({ name: 'go-consumer', pending: 0, presenceMs: null });
  });

  it('shows a service that no consumer has joined yet', async () => {
    await cli.run(['produce', '--redis', server().url, '--service', 'orders']);
    const { code, stdout } = await status('--service', 'orders');
    expect(code).to.equal(0);
    expect(stdout).to.contain('no group orders-group yet').and.to.contain('no consumers');
  });

  it('says that there is no such service', async () => {
    const { code, stdout, stderr } = await status('--service', 'ordres');
    expect({ code, stdout, stderr }).to.deep.equal({
      code: 2,
      stdout: '',
      stderr: 'error: no service ordres here: there is no stream ordres-input\n',
    });
  });
});

describe('streamwarden produce --delay, cancel, and what status says of them', () => {
  const { server, redis } = useRedis();
  const cli = useCli();
  const run = (command: string, ...args: string[]) =>
    cli.run([command, '--redis', server().url, '--service', 'orders', ...args]);

  it('delays what it announces, which status counts [C-DLY-1, C-DLY-5]', async () => {
    const { stdout } = await run('produce', '--name', 'order-1', '--delay', '2h', '--json');
    expect(JSON.parse(stdout))
      .to.have.property('id')
      .that.matches(/^delayed:\d+-\d+$/);
    expect(await redis().xlen('orders-input')).to.equal(0);
    const found = JSON.parse((await run('status', '--json')).stdout);
    expect(found.delayed).to.include({ count: 1, lateMs: 0 });
    expect(found.delayed.nextMs).to.be.within(7_000_000, 7_200_000);
    expect((await run('status')).stdout).to.match(/\n {2}1 delayed: the next is due in \d+ (min|h)\n/);
    await redis().zadd('{orders-input}:delayed:due', 'XX', 0, JSON.parse(stdout).id.slice('delayed:'.length));
    expect((await run('status')).stdout).to.match(/\n {2}1 delayed: the first is \d+ h late\n/);
  });

  it('refuses a time that is none, and one beside --ensure', async () => {
    expect((await run('produce', '--name', 'order-1', '--delay', 'soon')).code).to.equal(2);
    expect((await run('produce', '--name', 'order-1', '--delay', '1h', '--ensure')).code).to.equal(2);
  });

  it('cancels what is there, and says what is not [C-CAN-1]', async () => {
    await run('produce', '--name', 'order-1', '--delay', '2h');
    await run('produce', '--name', 'order-2');
    const { code, stdout } = await run('cancel', 'order-1', 'order-2', 'order-3', '--json');
    expect(code).to.equal(1);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ stream, cancelled }) => [stream, cancelled])).to.deep.equal([
      ['order-1', 'delayed'],
      ['order-2', 'waiting'],
      ['order-3', 'none'],
    ]);
    await run('produce', '--name', 'order-4');
    expect(await run('cancel', 'order-4')).to.include({ code: 0, stdout: 'order-4 waited, and is gone\n' });
    expect((await run('cancel', '')).code).to.equal(2);
  });

  it('has a consumer stop for what is cancelled, and finish it [C-CAN-2]', async () => {
    const consumer = cli.startConsumer({ redis: server().url, service: 'orders' });
    await ready(consumer);
    await run('produce', '--name', 'order-1');
    await consumer.waitFor(({ type }) => type === 'StreamAdded', { name: 'the stream is owned' });
    const { code, stdout } = await run('cancel', 'order-1');
    expect({ code, stdout }).to.deep.equal({
      code: 0,
      stdout: 'order-1 is owned: its owner is told to stop, and finishes it\n',
    });
    const line = await consumer.waitFor(({ type }) => type === 'StreamCancelled', { name: 'it is told' });
    expect(line).to.include({ stream: 'order-1' });
    await eventually('it is finished', async () => (await redis().xlen('orders-input')) === 0);
  });

  it('pauses and resumes, which status shows [C-PAUSE-1, C-PAUSE-3]', async () => {
    await run('produce', '--name', 'order-1');
    expect(await run('pause', 'order-1')).to.include({
      code: 0,
      stdout: 'order-1 is paused: nobody is given it\n',
    });
    expect((await run('pause', 'order-1')).stdout).to.equal('order-1 was paused already\n');
    const found = JSON.parse((await run('status', '--json')).stdout);
    expect(found.paused).to.have.property('count', 1);
    expect(found.paused.names[0]).to.have.property('name', 'order-1');
    expect(found.parked).to.deep.equal({ count: 0, names: 0, hottest: [] });
    expect((await run('status')).stdout).to.match(/\n {2}1 paused: order-1\n/);
    const { stdout } = await run('resume', 'order-1', '--json');
    expect(JSON.parse(stdout)).to.deep.include({
      type: 'Resumed',
      stream: 'order-1',
      changed: true,
      parked: 0,
    });
    expect((await run('resume', 'order-1')).stdout).to.equal('order-1 was not paused\n');
    expect((await run('pause', '')).code).to.equal(2);
  });
});
