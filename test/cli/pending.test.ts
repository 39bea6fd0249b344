import { expect } from 'chai';
import { dueConsumer } from '../../src/redis/due-consumer.js';
import { heartbeatMs, ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { hangingMs } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

const LBS = 'orders-input';
const GROUP = 'orders-group';
const SEPARATOR = '<MUTEX_KEY_SEP>';

type Line = Record<string, unknown>;

describe('streamwarden pending', () => {
  const { redis, server } = useRedis();
  const cli = useCli();
  const pending = (...args: string[]) =>
    cli.run(['pending', '--service', 'orders', ...args], { env: { REDIS_URL: server().url } });
  const rows = async (...args: string[]): Promise<Line[]> => {
    const { code, stdout, stderr } = await pending('--json', ...args);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  const announce = async (name: string) =>
    String(await redis().xadd(LBS, '*', 'lbs-input', JSON.stringify({ DataStreamName: name })));
  const deliver = (consumer: string, count: number) =>
    redis().xreadgroup('GROUP', GROUP, consumer, 'COUNT', count, 'STREAMS', LBS, '>');

  const given = (consumerId: string, args: readonly string[] = []) => ({
    redis: server().url,
    service: 'orders',
    consumerId,
    args,
  });

  async function consumer(consumerId: string, ...args: string[]) {
    const one = cli.startConsumer(given(consumerId, args));
    return { one, name: await ready(one) };
  }

  it('shows what a living consumer owns, and what waits there for its name', async () => {
    const { one, name } = await consumer('a', '--capacity', '1');
    const first = await announce('one');
    await one.waitFor(({ type }) => type === 'StreamAdded', { name: 'it is owned' });
    const second = await announce('one');
    // Of a version that parks nothing.
    await redis().set(`{${LBS}}:presence:b~00000001`, 'v1:1', 'PX', hangingMs());
    await deliver('b~00000001', 1);
    const [owned, waiting] = await rows();
    expect(owned).to.deep.include({
      type: 'Pending',
      id: first,
      stream: 'one',
      consumer: name,
      state: 'owned',
      alive: true,
      locked: true,
      deliveries: 1,
      retryCount: 0,
      waitsFor: null,
    });
    expect(owned?.presenceMs).to.be.within(1, heartbeatMs());
    expect(owned?.idleMs).to.be.within(0, hangingMs());
    expect(waiting).to.deep.include({ id: second, state: 'waiting', waitsFor: first, alive: true });

    const { stdout } = await pending();
    expect(stdout).to.match(/^ID +STATE +HOLDER +ALIVE +LOCK +IDLE +DELIVERIES +MARK +STREAM\n/);
    expect(stdout).to.match(new RegExp(`^${first} +owned +${name} +yes +yes +[\\d.]+ m?s +1 +- +one$`, 'm'));
    expect(stdout).to.match(/\n2 pending: 1 owned, 1 waiting\n$/);
  });

  it('shows whose holder is dead', async () => {
    const { one, name } = await consumer('a');
    await announce('one');
    await one.waitFor(({ type }) => type === 'StreamAdded', { name: 'it is owned' });
    expect(await rows('--dead')).to.deep.equal([]);
    await one.die();
    await eventually('its presence has run out', async () => {
      const [row] = await rows('--dead');
      return row !== undefined;
    });
    expect((await rows())[0]).to.deep.include({
      consumer: name,
      state: 'owned',
      alive: false,
      presenceMs: null,
    });
  });

  it('tells consumers of the Go client by their locks, and those that are nobody', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const [locked, free, due] = [await announce('locked'), await announce('free'), await announce('due')];
    const gone = await announce('gone');
    const junk = String(await redis().xadd(LBS, '*', 'lbs-input', 'junk'));
    await deliver('go-consumer', 2);
    await deliver(dueConsumer('max_retries_exceeded'), 1);
    await deliver('b~00000001', 2);
    await redis().xdel(LBS, gone);
    await redis().set(`locked${SEPARATOR}${locked}`, 'x', 'PX', 60_000);
    const found = await rows();
    const seen = found.map(({ id, stream, consumer: holder, state, alive, locked: lock }) => [
      id, stream, holder, state, alive, lock,
    ]); // biome-ignore format: one row
    expect(seen).to.deep.equal([
      [locked, 'locked', 'go-consumer', 'owned', true, true],
      [free, 'free', 'go-consumer', 'delivered', false, false],
      [due, 'due', dueConsumer('max_retries_exceeded'), 'deadLetterDue', null, false],
      [gone, null, 'b~00000001', 'gone', false, false],
      [junk, null, 'b~00000001', 'delivered', false, false],
    ]);
    expect(found[2]).to.deep.include({ reason: 'max_retries_exceeded' });
    expect(found[3]).to.deep.include({ retryCount: null });
  });

  it('goes through more than a page, and picks out by consumer, name, state and idle time', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const ids: string[] = [];
    for (let n = 0; n < 450; n += 1) ids.push(await announce(`stream-${n}`));
    await deliver('a~00000001', 200);
    await deliver('a~00000002', 200);
    await deliver('b~00000001', 50);
    await redis().xclaim(LBS, GROUP, 'b~00000001', 0, ids[440] as string, 'IDLE', 600_000, 'JUSTID');
    const found = async (...args: string[]) => (await rows(...args)).map(({ id }) => id);
    expect(await found()).to.deep.equal(ids);
    expect(await found('--limit', '201')).to.deep.equal(ids.slice(0, 201));
    expect(await found('--consumer', 'a')).to.deep.equal(ids.slice(0, 400));
    expect(await found('--consumer', 'a~00000002')).to.deep.equal(ids.slice(200, 400));
    expect(await found('--consumer', 'nobody~00000000')).to.deep.equal([]);
    expect(await found('--name', 'stream-449')).to.deep.equal([ids[449]]);
    expect(await found('--state', 'delivered', '--idle', '5m')).to.deep.equal([ids[440]]);
    expect(await found('--state', 'owned')).to.deep.equal([]);
  });

  it('says that nothing is pending, that no consumer has started, that there is no such service', async () => {
    expect(await pending()).to.deep.include({
      code: 2,
      stderr: `error: no service orders here: there is neither a stream ${LBS} nor ${LBS}-dlq\n`,
    });
    await announce('one');
    expect(await pending()).to.deep.include({
      code: 0,
      stdout: `no group ${GROUP} yet: no consumer has started\n`,
    });
    expect(await rows()).to.deep.equal([]);
    await redis().xgroup('CREATE', LBS, GROUP, '0');
    expect(await pending()).to.deep.include({ code: 0, stdout: 'nothing pending\n' });
  });

  it('refuses a state that there is not, and what this user may not see', async () => {
    await announce('one');
    const { code, stderr } = await pending('--state', 'lost');
    expect(code).to.equal(2);
    expect(stderr).to.match(/^error: [^\n]*Allowed choices are owned, waiting, delivered[^\n]*\n$/);
    await redis().call('ACL', 'SETUSER', 'visitor', 'reset', 'on', '>secret', '~*', '+@all', '-xpending');
    const { host, port } = server();
    const refused = await cli.run(['pending', '--service', 'orders'], {
      env: { REDIS_URL: `redis://visitor:secret@${host}:${port}` },
    });
    expect(refused.code).to.equal(2);
    expect(refused.stderr).to.match(/^error: Redis refused XPENDING: NOPERM[^\n]*\n$/);
  });

  it('says what is unknown to its holder, who lives: it was given it long ago and owns nothing by it', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const id = await announce('stuck');
    await deliver('b~00000001', 1);
    await redis().xclaim(LBS, GROUP, 'b~00000001', 0, id, 'IDLE', 20_000, 'JUSTID');
    expect(await rows()).to.have.nested.property('[0].state', 'delivered');
    await redis().set(`{${LBS}}:presence:b~00000001`, 'v1:1');
    expect(await rows('--state', 'unknown')).to.have.nested.property('[0].id', id);
    const { stdout } = await cli.run(['owner', 'stuck', '--service', 'orders'], {
      env: { REDIS_URL: server().url },
    });
    expect(stdout).to.include('is unknown to its holder');
  });

  it('tells suspects, what is held back, and what is proven [C-EXP-8] [C-POI-11]', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const names = ['proven', 'tried', 'plain', 'held'] as const;
    const ids: string[] = [];
    for (const name of names) ids.push(await announce(name));
    await deliver('b~00000001', 4);
    await redis().set(`{${LBS}}:presence:b~00000001`, 'v1:1');
    const marks = [0, 1_000_004, 1, 400_000];
    for (const [at, mark] of marks.entries()) {
      const id = ids[at] as string;
      await redis().xclaim(LBS, GROUP, 'b~00000001', 0, id, 'RETRYCOUNT', mark, 'JUSTID');
      if (names[at] !== 'held') await redis().hset(`{${LBS}}:owners`, '', 'v1 x', names[at] as string, id);
    }
    await redis().xadd(LBS, '*', 'lbs-input', '{"DataStreamName":"next"}', '_trial', '1000000');
    const found = await rows();
    expect(
      found.map(({ stream, state, mark, deliveries }) => [stream, state, mark, deliveries]),
    ).to.deep.equal([
      ['proven', 'owned', 'proven', 1],
      ['tried', 'owned', 'suspect', 1],
      ['plain', 'owned', null, 1],
      ['held', 'heldBack', null, 0],
    ]);
    expect((await rows('--state', 'heldBack')).map(({ stream }) => stream)).to.deep.equal(['held']);
    const { stdout } = await pending();
    expect(stdout)
      .to.match(/^\S+ +owned .* 1 +proven +proven$/m)
      .and.match(/^\S+ +owned .* 1 +suspect +tried$/m);
    expect(stdout).to.match(/^\S+ +heldBack .* 0 +- +held$/m);

    const owner = async (name: string, ...args: string[]) => {
      const env = { REDIS_URL: server().url };
      return (await cli.run(['owner', name, '--service', 'orders', ...args], { env })).stdout;
    };
    expect(JSON.parse(await owner('proven', '--json'))).to.include({ state: 'owned', mark: 'proven' });
    expect(await owner('proven')).to.match(/retries +0, which are over: .* \(proven\)\n/);
    expect(await owner('tried')).to.match(/retries +0, all by deaths: .* \(suspect\)\n/);
    expect(await owner('plain')).to.match(/retries +0\n/);
    expect(await owner('held')).to.contain('is held back at b~00000001: a suspect');
    expect(await owner('next'))
      .to.contain('waits to be given')
      .and.contain('a suspect');
    expect(JSON.parse(await owner('next', '--json'))).to.have.nested.property('entries[0].suspect', true);
  });
});
