import { expect } from 'chai';
import { dueConsumer } from '../../src/redis/due-consumer.js';
import { heartbeatMs, ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { allowedMs } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

const LBS = 'orders-input';
const GROUP = 'orders-group';
const SEPARATOR = '<MUTEX_KEY_SEP>';

describe('streamwarden owner', () => {
  const { redis, server } = useRedis();
  const cli = useCli();
  const owner = (name: string, ...args: string[]) =>
    cli.run(['owner', name, '--service', 'orders', ...args], { env: { REDIS_URL: server().url } });
  const asked = async (name: string) => {
    const { code, stdout } = await owner(name, '--json');
    const { at, type, checkpoint, ...found } = JSON.parse(stdout);
    expect({ type, at: typeof at, checkpoint }).to.deep.equal({
      type: 'Owner',
      at: 'number',
      checkpoint: null,
    });
    return { code, ...found };
  };
  const announce = async (name: string, ...fields: string[]) =>
    String(await redis().xadd(LBS, '*', 'lbs-input', JSON.stringify({ DataStreamName: name }), ...fields));
  const deliver = (consumer: string, count: number) =>
    redis().xreadgroup('GROUP', GROUP, consumer, 'COUNT', count, 'STREAMS', LBS, '>');

  it('tells how far it has come and how far it is behind, whether or not anybody owns it [C-ADM-12]', async () => {
    const [first, second] = [
      await redis().xadd('one', '*', 'n', '1'),
      await redis().xadd('one', '*', 'n', '2'),
    ];
    const record = {
      v: { page: 3, '\x1b[31m': 'x'.repeat(300) },
      p: { one: first, 'b\x07': 'removed' },
      a: { one: [second, 2] },
    };
    const writtenAt = Date.now() - 5000;
    const checkpoints = `{${LBS}}:checkpoints`;
    await redis().hset(checkpoints, 'one', `v1 7-0 4 ${writtenAt} ${JSON.stringify(record)}`);
    await announce('other');
    const { code, stdout } = await owner('one', '--json');
    expect(code).to.equal(1);
    const { checkpoint } = JSON.parse(stdout);
    expect(checkpoint).to.deep.include({ token: '7-0', number: 4, at: writtenAt });
    expect(checkpoint.ageMs).to.be.within(4000, 5000 + allowedMs(5000));
    expect(JSON.parse(checkpoint.value)).to.deep.equal(record.v);
    const [{ lag, ...position }, removed] = checkpoint.positions;
    expect(position).to.deep.equal({ key: 'one', id: first });
    expect(lag).to.include({ entries: 1, isExact: true });
    expect(removed).to.deep.equal({ key: 'b\x07', id: null, lag: null });
    expect(checkpoint.attempts).to.deep.equal([{ key: 'one', id: second, count: 2 }]);

    const words = (await owner('one')).stdout;
    expect(words).to.match(/^checkpoint of [\d.]+ s ago, number 4 of its owner$/m);
    expect(words).to.match(
      new RegExp(`^ {2}position one ${first}, 1 entry behind it, the oldest for [\\d.]+ m?s$`, 'm'),
    );
    expect(words).to.match(new RegExp(`^ {2}failing {2}one ${second}, tried 2 times$`, 'm'));
    expect(words).to.match(/^ {2}value {4}\{"page":3,.{150,250}…$/m);
    for (const control of ['\x1b', '\x07']) expect(words).to.not.include(control);

    await redis().hset(checkpoints, 'one', 'v2 of another version');
    expect(JSON.parse((await owner('one', '--json')).stdout).checkpoint).to.equal('unreadable');
    expect((await owner('one')).stdout).to.match(/^its checkpoint cannot be read/m);
  });

  it('tells who owns it, under which token, since when, and how long the lease holds', async () => {
    const consumer = cli.startConsumer({ redis: server().url, service: 'orders', consumerId: 'a' });
    const name = await ready(consumer);
    await announce('other');
    const before = Date.now();
    const id = await announce('one', '_retry_count', '2');
    const added = await consumer.waitFor(({ stream }) => stream === 'one', { name: 'it is owned' });
    const { leaseMs, since, ...found } = await asked('one');
    expect(found).to.deep.equal({
      code: 0,
      stream: 'one',
      state: 'owned',
      owner: name,
      alive: true,
      id,
      token: id,
      retryCount: 2,
      mark: null,
    });
    expect(leaseMs).to.be.within(1, heartbeatMs());
    expect(since).to.be.within(before - allowedMs(0), added.at + allowedMs(0));
    const { code, stdout } = await owner('one');
    expect(code).to.equal(0);
    expect(stdout).to.match(new RegExp(`^one is owned by ${name}\n {2}token +${id} `));

    // A second announcement changes nothing about who owns it.
    await announce('one');
    expect(await asked('one')).to.deep.include({ owner: name, token: id });

    await consumer.die();
    await eventually('its lease has run out', async () => (await asked('one')).alive === false);
    const dead = await owner('one');
    expect(dead.code).to.equal(0);
    expect(dead.stdout).to.contain(`one is owned by ${name}\n`).and.to.contain('run out: the next sweep');
  });

  it('tells an owner that is a consumer of the Go client by its lock', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const id = await announce('one');
    await deliver('go-consumer', 1);
    await redis().set(`one${SEPARATOR}${id}`, 'x', 'PX', 60_000);
    const { leaseMs, ...found } = await asked('one');
    expect(found).to.deep.include({ code: 0, state: 'owned', owner: 'go-consumer', alive: true, token: id });
    expect(leaseMs).to.be.within(1, 60_000);
    await redis().del(`one${SEPARATOR}${id}`);
    expect(await asked('one')).to.deep.equal({
      code: 1,
      stream: 'one',
      state: 'unowned',
      owner: null,
      entries: [{ id, retryCount: 0, suspect: false, holder: 'go-consumer', holderState: 'delivered' }],
    });
  });

  it('tells of every entry of a name that nobody owns, wherever it is', async () => {
    const undelivered = await announce('early');
    expect(await asked('early')).to.deep.include({ code: 1, state: 'unowned' });
    await redis().xgroup('CREATE', LBS, GROUP, '$');
    const [due, given] = [await announce('one'), await announce('one')];
    await deliver(dueConsumer('max_retries_exceeded'), 1);
    await deliver('b~00000001', 1);
    const later = await announce('one');
    const { entries } = await asked('one');
    expect(entries).to.deep.equal([
      {
        id: due,
        retryCount: 0,
        suspect: false,
        holder: dueConsumer('max_retries_exceeded'),
        holderState: 'deadLetterDue',
      },
      { id: given, retryCount: 0, suspect: false, holder: 'b~00000001', holderState: 'delivered' },
      { id: later, retryCount: 0, suspect: false, holder: null, holderState: null },
    ]);
    const { code, stdout } = await owner('one');
    expect(code).to.equal(1);
    const [head, first, second, third] = stdout.split('\n');
    expect(head).to.equal('nobody owns one');
    expect(first).to.contain(due).and.contain('on its way to the dead-letter stream (max_retries_exceeded)');
    expect(second).to.contain(given).and.contain('was given to b~00000001');
    expect(third).to.contain(later).and.contain('waits to be given to a consumer');
    expect((await owner('early')).stdout).to.contain(`${undelivered}  waits to be given`);
  });

  it('says until when a name is delayed, also where nothing has been on the stream yet [C-DLY-4, C-DLY-5]', async () => {
    const produce = (...args: string[]) =>
      cli.run(['produce', '--service', 'orders', '--name', 'é:1', '--json', ...args], {
        env: { REDIS_URL: server().url },
      });
    // Names that begin with it, and what is longer, are others.
    await produce('--delay', '1h');
    await cli.run(['produce', '--service', 'orders', '--name', 'é', '--delay', '1m'], {
      env: { REDIS_URL: server().url },
    });
    await produce('--delay', '1m');
    const { delayed, ...found } = await asked('é:1');
    expect(found).to.deep.equal({ code: 1, stream: 'é:1', state: 'delayed', owner: null });
    const key = `{${LBS}}:delayed:due`;
    const dues = await redis().zrange(key, '0', '-1', 'WITHSCORES');
    const [, , second, secondDue, last, lastDue] = dues;
    expect(delayed).to.deep.equal([
      { id: `delayed:${second}`, due: Number(secondDue) },
      { id: `delayed:${last}`, due: Number(lastDue) },
    ]);
    const { code, stdout } = await owner('é:1');
    expect(code).to.equal(1);
    const [head, first] = stdout.split('\n');
    expect(head).to.equal('nobody owns é:1: it is delayed');
    expect(first).to.match(
      new RegExp(
        `^ {2}delayed:${second} {2}until ${new Date(Number(secondDue)).toISOString()}, for .* more$`,
      ),
    );
    await redis().zadd(key, 1, String(last));
    const [, late] = (await owner('é:1')).stdout.split('\n');
    expect(late).to.contain(`delayed:${last}  until 1970-01-01T00:00:00.001Z, which was `);
    expect(await asked('other')).to.include({ state: 'unknown' });
  });

  it('believes no record whose entry is no longer pending', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    await redis().hset(`{${LBS}}:owners`, '', 'v1 x', 'one', '1-1');
    expect(await asked('one')).to.deep.equal({ code: 1, stream: 'one', state: 'unknown', owner: null });
    expect((await owner('one')).stdout).to.equal(
      'nobody owns one, and nothing on the load balancer stream announces it\n',
    );
  });

  it('refuses no name, and says that there is no such service', async () => {
    expect(await owner('')).to.deep.include({
      code: 2,
      stderr: 'error: expected the name of a data stream, got: ""\n',
    });
    const { code, stderr } = await owner('one');
    expect({ code, stderr }).to.deep.equal({
      code: 2,
      stderr: `error: no service orders here: there is neither a stream ${LBS} nor ${LBS}-dlq\n`,
    });
  });
});
