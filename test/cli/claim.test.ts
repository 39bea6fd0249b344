import { expect } from 'chai';
import { compareFencingTokens } from '../../src/index.js';
import { ready, useCli } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { allowedMs, keepable } from '../support/pace.js';
import { useRedis } from '../support/redis.js';

const LBS = 'orders-input';
const GROUP = 'orders-group';

describe('streamwarden claim', () => {
  const { redis, server } = useRedis();
  const cli = useCli();
  const claim = (id: string, ...args: string[]) =>
    cli.run(['claim', id, '--service', 'orders', ...args], { env: { REDIS_URL: server().url } });
  const announce = async (name: string) =>
    String(await redis().xadd(LBS, '*', 'lbs-input', JSON.stringify({ DataStreamName: name })));
  const isAdded = (stream: string) => (line: { type: string; stream?: unknown }) =>
    line.type === 'StreamAdded' && line.stream === stream;

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

  function auditOf(stderr: string): Record<string, unknown> {
    const lines = stderr.split('\n').filter((line) => line.startsWith('audit: '));
    expect(lines, stderr).to.have.length(1);
    return JSON.parse((lines[0] as string).slice('audit: '.length));
  }

  it('leaves a living owner alone unless it is forced; then the owner is told at once, and keeps all else [C-LOST-2]', async () => {
    // A long heartbeat: what is noticed sooner is noticed because of the claim.
    const heartbeat = keepable(4_000);
    const args = ['--heartbeat', String(heartbeat), '--capacity', '2'];
    const { one, name } = await consumer('a', ...args);
    const [id, other] = [await announce('one'), await announce('two')];
    await one.waitFor(isAdded('two'), { name: 'both are owned' });
    const { one: heir } = await consumer('b', ...args);

    const refused = await claim(id, '--yes', '--json');
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(
      new RegExp(
        `^error: ${name}, which has ${id}, is alive, \\d+ ms left; --force takes it all the same$`,
        'm',
      ),
    );
    expect(JSON.parse(refused.stdout)).to.deep.include({ type: 'Error', code: 'OwnerAlive' });
    expect(auditOf(refused.stderr)).to.deep.include({
      command: 'claim',
      id,
      force: false,
      result: 'refused',
    });
    expect(await redis().xlen(LBS)).to.equal(2);

    const { code, stdout, stderr } = await claim(id, '--yes', '--force', '--json');
    expect(code).to.equal(0);
    const { at, copyId, ...claimed } = JSON.parse(stdout);
    expect(claimed).to.deep.equal({
      type: 'Claimed',
      id,
      outcome: 'requeued',
      holder: name,
      retryCount: 1,
    });
    expect(auditOf(stderr)).to.deep.include({ id, force: true, holder: name, copyId, result: 'done' });
    const disowned = await one.waitFor(({ type }) => type === 'StreamDisowned', { name: 'it is disowned' });
    expect(disowned).to.deep.include({ stream: 'one', id, reason: 'takenOver' });
    // No later than its next heartbeat, which comes every half of it.
    expect(disowned.at - at).to.be.below(allowedMs(heartbeat / 2));
    const added = (line: { type: string; id?: unknown }) => line.type === 'StreamAdded' && line.id === copyId;
    const next = await Promise.race([
      heir.waitFor(added, { name: 'somebody owns it again' }),
      one.waitFor(added, { name: 'somebody owns it again' }),
    ]);
    expect(next).to.deep.include({ stream: 'one', retryCount: 1 });
    expect(compareFencingTokens(copyId, id)).to.be.above(0);
    expect(one.lines.filter(({ type }) => type === 'StreamDisowned')).to.have.length(1);
    const held = (await redis().xpending(LBS, GROUP, other, other, 1)) as [string, string][];
    expect(held[0]?.[1], 'the other stream stays where it was').to.equal(name);
  });

  it('takes from the dead, for whoever has room', async () => {
    const { one, name } = await consumer('a');
    const id = await announce('one');
    await one.waitFor(isAdded('one'), { name: 'it is owned' });
    await one.die();
    await eventually('presence and lock have run out', async () => {
      return (
        (await redis().keys('*{orders-input}:presence:*')).length + (await redis().keys('*MUTEX*')).length ===
        0
      );
    });
    const { code, stdout } = await claim(id, '--yes');
    expect(code).to.equal(0);
    expect(stdout).to.match(
      new RegExp(`^${id} taken from ${name}: announced anew as \\d+-\\d+, retry count 1\n$`),
    );
    const { one: heir } = await consumer('b');
    expect(await heir.waitFor(isAdded('one'), { name: 'it is owned again' })).to.deep.include({
      retryCount: 1,
    });
  });

  it('says that a consumer of the Go client is not told', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const id = await announce('one');
    await redis().xreadgroup('GROUP', GROUP, 'go-consumer', 'COUNT', 1, 'STREAMS', LBS, '>');
    await redis().set(`one<MUTEX_KEY_SEP>${id}`, 'x', 'PX', 60_000);
    const refused = await claim(id, '--yes');
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/^error: [^\n]*go-consumer, which has [^\n]*is alive|the lock of/m);
    const { code, stdout } = await claim(id, '--yes', '--force');
    expect(code).to.equal(0);
    expect(stdout).to.match(/taken from go-consumer: [^\n]*retry count 1\n[^\n]*Go client is not told/);
  });

  it('needs --yes where nobody can be asked, and an id: nothing is done', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const id = await announce('one');
    await redis().xreadgroup('GROUP', GROUP, 'a~00000001', 'COUNT', 1, 'STREAMS', LBS, '>');
    expect(await claim(id)).to.deep.include({
      code: 2,
      stderr: 'error: expected --yes, since there is no terminal to ask on, got: neither\n',
    });
    expect(await claim('one', '--yes')).to.deep.include({
      code: 2,
      stderr: 'error: expected ids such as 1795431863930-0, got: one\n',
    });
    expect(await redis().xpending(LBS, GROUP)).to.deep.include(1);
  });

  it('asks on a terminal, and says whether the holder is alive', async () => {
    const { one, name } = await consumer('a');
    const id = await announce('one');
    await one.waitFor(isAdded('one'), { name: 'it is owned' });
    const question = `take ${id} (one) from ${name}, which is ALIVE? [y/N]`;
    const answered = async (answer: string) => {
      const words = ['claim', id, '--force', '--service', 'orders', '--redis', server().url];
      const asking = cli.start(words, { onTerminal: true });
      await eventually('it asks', () => asking.stdout.includes(question));
      asking.type(answer);
      const { code } = await asking.exit;
      return { code, seen: asking.stdout };
    };
    const no = await answered('n\n');
    expect(no.code).to.equal(1);
    expect(no.seen).to.match(/error: not confirmed: nothing was done\n$/);
    expect(await redis().xrange(LBS, id, id)).to.have.length(1);
    const yes = await answered('y\n');
    expect(yes.code).to.equal(0);
    expect(yes.seen).to.match(/announced anew as \d+-\d+, retry count 1\n/);
    expect(await redis().xrange(LBS, id, id)).to.deep.equal([]);
  });

  it('says when there is nothing to take', async () => {
    const id = await announce('one');
    for (const [which, args] of [
      [id, []],
      ['1-1', ['--force']],
    ] as const) {
      const { code, stdout, stderr } = await claim(which, '--yes', ...args);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.contain(`error: ${which} is not pending for anybody: there is nothing to take\n`);
    }
    expect(await redis().xlen(LBS)).to.equal(1);
  });

  it('says what this user may not do, and does nothing', async () => {
    await redis().xgroup('CREATE', LBS, GROUP, '0', 'MKSTREAM');
    const id = await announce('one');
    await redis().xreadgroup('GROUP', GROUP, 'a~00000001', 'COUNT', 1, 'STREAMS', LBS, '>');
    const { host, port } = server();
    for (const [rule, named] of [
      ['-xack', 'XACK'],
      ['-hdel', 'HDEL'],
    ] as const) {
      await redis().call('ACL', 'SETUSER', 'visitor', 'reset', 'on', '>secret', '~*', '+@all', rule);
      const { code, stderr } = await cli.run(['claim', id, '--yes', '--service', 'orders'], {
        env: { REDIS_URL: `redis://visitor:secret@${host}:${port}` },
      });
      expect(code).to.equal(2);
      expect(stderr).to.contain(`error: Redis does not permit this user: ${named}\n`);
    }
    expect(await redis().xlen(LBS)).to.equal(1);
    expect((await redis().xpending(LBS, GROUP))[0]).to.equal(1);
  });
});
