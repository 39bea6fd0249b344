import { expect } from 'chai';
import type { RedisClusterNode } from '../../src/testing/redis-cluster.js';
import { ready, useCli } from '../support/cli.js';
import { useCluster } from '../support/cluster.js';
import { eventually } from '../support/eventually.js';
import { hangingMs, keepable } from '../support/pace.js';

const LBS = 'orders-input';
const DLQ = 'orders-input-dlq';
const POISON = ['_retry_count', '4', '_dlq_reason', 'max_retries_exceeded'];

describe('what operators do on a cluster', () => {
  const password = 'pass word/1';
  const { cluster, redis } = useCluster({ password });
  const cli = useCli();
  const run = (...args: string[]) =>
    cli.run([...args, '--service', 'orders'], { env: { REDIS_URL: cluster().url } });
  const jsonLines = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  async function writeMany(count: number, dlq = DLQ): Promise<void> {
    for (let at = 0; at < count; at += 500) {
      const pipeline = redis().pipeline();
      for (let n = at; n < Math.min(count, at + 500); n += 1) {
        const payload = JSON.stringify({ DataStreamName: `stream-${n}` });
        pipeline.xadd(dlq, '*', 'lbs-input', payload, 'raw', Buffer.from([0xff, n % 256]), ...POISON);
      }
      await pipeline.exec();
    }
  }

  async function expectApart(): Promise<void> {
    const [home, elsewhere] = [await cluster().masterOf(LBS), await cluster().masterOf(DLQ)];
    expect(home.address).to.not.equal(elsewhere.address);
  }

  const payloads = async () =>
    (await redis().xrangeBuffer(LBS, '-', '+')).map(([, fields]) => (fields as Buffer[]).slice(0, 4));

  it('lists, shows, exports and deletes dead letters of another master', async () => {
    await expectApart();
    await writeMany(150);
    const listed = jsonLines((await run('dlq', 'list', '--json')).stdout);
    expect(listed).to.have.length(150);
    expect(jsonLines((await run('dlq', 'export')).stdout)).to.deep.equal([...listed].reverse());
    const id = String(listed[0]?.id);
    expect(JSON.parse((await run('dlq', 'show', id, '--json')).stdout)).to.deep.equal(listed[0]);
    expect((await run('dlq', 'delete', id, '--yes')).code).to.equal(0);
    const { code, stdout } = await run('dlq', 'delete', '--all', '--name', 'stream-3', '--yes');
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '1 dead letter deleted\n' });
    expect(await redis().xlen(DLQ)).to.equal(148);
  });

  for (const dlq of [DLQ, '{orders-input}-dlq']) {
    it(`redrives from ${dlq}, byte for byte, as if never retried`, async () => {
      await writeMany(250, dlq);
      const { code, stdout } = await run('dlq', 'redrive', '--all', '--yes', '--json', '--dlq-stream', dlq);
      expect(code).to.equal(0);
      expect(jsonLines(stdout).at(-1)).to.deep.include({ redriven: 250, gone: 0 });
      expect(await redis().xlen(dlq)).to.equal(0);
      const expected = Array.from({ length: 250 }, (_, n) => [
        Buffer.from('lbs-input'),
        Buffer.from(JSON.stringify({ DataStreamName: `stream-${n}` })),
        Buffer.from('raw'),
        Buffer.from([0xff, n % 256]),
      ]);
      expect(await payloads()).to.deep.equal(expected);
      const [[, fields = []] = []] = await redis().xrange(LBS, '-', '+', 'COUNT', 1);
      expect(fields.slice(-2)).to.deep.equal(['_retry_count', '0']);
    });
  }

  it('says on SIGINT how far it came, and the rest is there for the next one', async () => {
    await writeMany(2_000);
    const one = cli.start(['dlq', 'redrive', '--all', '--yes', '--json', '--service', 'orders'], {
      env: { REDIS_URL: cluster().url },
    });
    await one.waitFor(({ type }) => type === 'Redriven', { name: 'the first letter is redriven' });
    one.kill('SIGINT');
    expect(await one.exit).to.deep.equal({ code: 1, signal: null });
    const told = one.lines.filter(({ type }) => type === 'Redriven').length;
    expect(told).to.be.within(1, 1_999);
    expect(await redis().xlen(LBS)).to.equal(told);
    expect(await redis().xlen(DLQ)).to.equal(2_000 - told);
    expect(one.stderr).to.contain(`error: interrupted: ${told} dead letters redriven; run it again`);
  });

  it('waits for a failover, and goes on with the new master', async () => {
    await writeMany(200);
    const master = await cluster().masterOf(DLQ);
    const one = run('dlq', 'redrive', '--all', '--yes', '--start-timeout', String(hangingMs()));
    await cluster().failOver(master);
    const { code, stdout, stderr } = await one;
    expect({ code, stdout }, stderr).to.deep.equal({ code: 0, stdout: '200 dead letters redriven\n' });
    expect(await redis().xlen(LBS)).to.equal(200);
  });

  it('says of the master of the dead letters that it does not answer', async () => {
    await writeMany(3);
    const master = await cluster().masterOf(DLQ);
    const [replica] = (await cluster().replicasOf(master)) as [RedisClusterNode];
    await cluster().kill(replica);
    await cluster().kill(master);
    try {
      const { code, stderr } = await run('dlq', 'list', '--start-timeout', String(keepable(1_000)));
      expect(code).to.equal(2);
      expect(stderr).to.match(/^error: [^\n]*\n$/);
      expect(stderr).to.not.contain('pass');
    } finally {
      await cluster().restart(master);
      await cluster().restart(replica);
    }
  });

  it('tells what is pending, who owns it, and takes it from him', async () => {
    const one = cli.startConsumer({ redis: cluster().url, service: 'orders', consumerId: 'a' });
    const name = await ready(one);
    await run('produce', '--name', 'one');
    const added = await one.waitFor(({ type }) => type === 'StreamAdded', { name: 'it is owned' });
    const id = String(added.id);
    const [row] = jsonLines((await run('pending', '--json')).stdout);
    // The lock is on another master than all the rest.
    expect(row).to.deep.include({
      id,
      stream: 'one',
      consumer: name,
      state: 'owned',
      alive: true,
      locked: true,
    });
    const owner = JSON.parse((await run('owner', 'one', '--json')).stdout);
    expect(owner).to.deep.include({ owner: name, token: id, alive: true });

    const refused = await run('claim', id, '--yes');
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.contain(`error: ${name}, which has ${id}, is alive, `);
    const { code, stdout } = await run('claim', id, '--yes', '--force', '--json');
    expect(code).to.equal(0);
    const { copyId } = JSON.parse(stdout);
    await one.waitFor(({ type }) => type === 'StreamDisowned', { name: 'it is disowned' });
    await one.waitFor((line) => line.type === 'StreamAdded' && line.id === copyId, { name: 'owned again' });

    await one.die();
    await eventually('presence and lock have run out', async () => {
      const [dead] = jsonLines((await run('pending', '--json')).stdout);
      return dead?.alive === false && dead.locked === false;
    });
    expect((await run('claim', copyId, '--yes')).code).to.equal(0);
    expect((await run('pending')).stdout).to.equal('nothing pending\n');
  });

  it('makes a dead letter of what cannot be parsed, by way of a consumer', async () => {
    await redis().xgroup('CREATE', LBS, 'orders-group', '0', 'MKSTREAM');
    const id = String(await redis().xadd(LBS, '*', 'lbs-input', 'junk'));
    await redis().xreadgroup('GROUP', 'orders-group', 'a~00000001', 'COUNT', 1, 'STREAMS', LBS, '>');
    const { code, stdout } = await run('claim', id, '--yes');
    expect(code).to.equal(0);
    expect(stdout).to.contain('the next sweep of a consumer writes it to the dead-letter stream');
    expect((await run('pending')).stdout).to.match(/1 deadLetterDue\n$/);
    await ready(cli.startConsumer({ redis: cluster().url, service: 'orders' }));
    await eventually('a sweep has written it', async () => (await redis().xlen(DLQ)) === 1);
  });

  const commands: readonly string[][] = [
    ['dlq', 'list'],
    ['dlq', 'redrive', '--all', '--yes'],
    ['pending'],
    ['owner', 'one'],
    ['claim', '1-1', '--yes'],
  ];

  it('is told that there is no such service', async () => {
    for (const args of commands) {
      const { code, stderr } = await run(...args);
      expect({ args, code, stderr }).to.deep.equal({
        args,
        code: 2,
        stderr: `error: no service orders here: there is neither a stream ${LBS} nor ${DLQ}\n`,
      });
    }
  });

  it('is told to take a cluster URL when it was given that of one node', async () => {
    await writeMany(1);
    // Not the one that the load balancer stream is on: that one would do for some of them.
    const node = await cluster().masterOf(DLQ);
    for (const args of commands) {
      const { code, stdout, stderr } = await cli.run([...args, '--service', 'orders'], {
        env: { REDIS_URL: node.url },
      });
      expect({ args, code, stdout, stderr }).to.deep.equal({
        args,
        code: 2,
        stdout: '',
        stderr: `error: ${node.address} is a node of a Redis Cluster: use redis-cluster://${node.address}\n`,
      });
    }
    expect(await redis().xlen(DLQ)).to.equal(1);
  });

  it('is told of a wrong password, which is not shown', async () => {
    const wrong = cluster().url.replace(encodeURIComponent(password), 'hunter2');
    for (const args of commands) {
      const { code, stdout, stderr } = await cli.run([...args, '--service', 'orders'], {
        env: { REDIS_URL: wrong },
      });
      expect({ args, code, stdout }).to.deep.equal({ args, code: 2, stdout: '' });
      expect(stderr).to.match(/^error: [^\n]*(WRONGPASS|NOAUTH)[^\n]*\n$/);
      expect(stderr).to.not.contain('hunter2');
    }
  });
});
