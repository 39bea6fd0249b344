import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { useCrew } from '../support/crew.js';
import { useDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

describe('entries that are stranded', () => {
  const suite = useRedis();
  const crew = useCrew(suite);
  const cli = useCli();
  const doctor = useDoctor(cli);
  const at = () => ['--redis', suite.server().url, '--service', crew.service];
  const run = (...args: string[]) => cli.run([...args, ...at()]);

  /** Three delivered to a consumer that is removed, one to one that stays, one to nobody yet. */
  async function strand(): Promise<string[]> {
    const ids = await crew.announce('one', 'two', 'three', 'kept');
    const redis = suite.redis();
    await redis.xgroup('CREATE', crew.lbs, crew.group, '0');
    const read = (consumer: string, count: number) =>
      redis.xreadgroup('GROUP', crew.group, consumer, 'COUNT', count, 'STREAMS', crew.lbs, '>');
    await read('gone~0123abcd', 3);
    await read('other', 1);
    await redis.xgroup('DELCONSUMER', crew.lbs, crew.group, 'gone~0123abcd');
    ids.push(...(await crew.announce('new')));
    return ids;
  }

  it('are told by status and doctor, which names the command that brings them back', async () => {
    await strand();
    const status = await run('status');
    expect(status.stdout).to.match(/1 pending, 1 not given to anybody yet, 3 stranded/);
    const before = await doctor(suite.server().url, '--service', crew.service);
    expect(before.code).to.equal(1);
    expect(before.checks.stranded).to.deep.include({ result: 'bad' });
    expect(before.checks.stranded?.found).to.match(/^3 entries given out and pending for nobody/);
    const remedy = before.checks.stranded?.remedy as string;
    expect(remedy).to.equal('streamwarden adopt --service orders');

    const adopted = await cli.run([...remedy.split(' ').slice(1), '--redis', suite.server().url, '--yes']);
    expect(adopted).to.deep.include({ code: 0 });
    const after = await doctor(suite.server().url, '--service', crew.service);
    expect(after.checks.stranded).to.deep.include({ result: 'good' });
  });

  it('are counted where Redis does not say how much it has given out: before Redis 7, and where something was deleted', async () => {
    await strand();
    const [deleted = ''] = await crew.announce('deleted', 'newer');
    await suite.redis().xdel(crew.lbs, deleted);
    const status = await run('status');
    expect(status.stdout).to.match(/1 pending, 2 not given to anybody yet, 3 stranded/);
    // Counting takes time, so that there is an end to it.
    await crew.announce(...Array.from({ length: 1_000 }, (_, n) => `s${n}`));
    const many = JSON.parse((await run('status', '--json')).stdout);
    expect(many.group).to.deep.include({ pending: 1, undelivered: 1_005, stranded: null });
    const { checks } = await doctor(suite.server().url, '--service', crew.service);
    expect(checks.stranded?.found).to.match(/^3 entries given out and pending for nobody/);
  });

  it('are announced anew by adopt, fields and retry count as they were, and a consumer is given them', async () => {
    const ids = await strand();
    const [first] = ids as [string];
    const dry = await run('adopt', '--dry-run', '--json');
    expect(
      dry.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).to.deep.equal(ids.slice(0, 3));
    const { code, stdout, stderr } = await run('adopt', '--yes');
    expect(code).to.equal(0);
    expect(stdout.match(/ announced anew as /g)).to.have.length(3);
    expect(stderr).to.match(/^audit: .*"command":"adopt".*"adopted":3.*"result":"done"/);
    expect(await suite.redis().xrange(crew.lbs, first, first)).to.deep.equal([]);

    const member = await crew.start();
    await member.awaitNews('StreamAdded', 4);
    const told = member.told('StreamAdded').map(({ stream, retryCount }) => [stream, retryCount]);
    expect(told).to.have.deep.members(['one', 'two', 'three', 'new'].map((name) => [name, 0]));
    expect((await run('adopt', '--yes')).stdout).to.equal('nothing is stranded\n');
  });

  it('are brought back one by one by claim and adopt; what is pending or not given out yet is left alone', async () => {
    const [one = '', two = '', , kept = '', fresh = ''] = await strand();
    const claimed = await run('claim', one, '--yes');
    expect(claimed).to.deep.include({ code: 0 });
    expect(claimed.stdout).to.match(/was stranded, pending for nobody: announced anew as \d+-\d+/);
    expect(await run('adopt', two, '--yes')).to.deep.include({ code: 0 });
    for (const id of [one, kept, fresh, '5-5']) {
      const { code, stdout } = await run('adopt', id, '--yes');
      expect(code).to.equal(1);
      expect(stdout).to.contain(`${id} is not stranded`);
    }
    expect(await run('claim', fresh, '--yes')).to.deep.include({ code: 1 });
    expect(await suite.redis().xlen(crew.lbs)).to.equal(5);
  });

  it('are not what a living consumer works on, and one that is removed under it is told as lost', async () => {
    const member = await crew.start();
    await crew.announce('a', 'b');
    await member.awaitNews('StreamAdded', 2);
    expect((await run('adopt', '--yes')).stdout).to.equal('nothing is stranded\n');
    await suite.redis().xgroup('DELCONSUMER', crew.lbs, crew.group, member.name);
    await member.awaitNews('StreamDisowned', 2);
    expect((await run('adopt', '--yes')).stdout.match(/ announced anew as /g)).to.have.length(2);
    await member.awaitNews('StreamAdded', 4);
    await eventually('both are owned again', () => member.runtime.snapshot().owned === 2);
  });

  it('need --yes or a terminal', async () => {
    await strand();
    expect(await run('adopt')).to.deep.include({ code: 2, stdout: '' });
  });
});

describe('payloads that something trims', () => {
  const suite = useRedis();
  const crew = useCrew(suite);
  const cli = useCli();
  const doctor = useDoctor(cli);

  it('are found by doctor, and its remedy takes what is left of them off the list', async () => {
    await crew.announce('one', 'two');
    const redis = suite.redis();
    await redis.xgroup('CREATE', crew.lbs, crew.group, '0');
    await redis.xreadgroup('GROUP', crew.group, 'c~0123abcd', 'COUNT', 2, 'STREAMS', crew.lbs, '>');
    await redis.xtrim(crew.lbs, 'MAXLEN', 0);
    const { code, checks } = await doctor(suite.server().url, '--service', crew.service);
    expect(code).to.equal(1);
    expect(checks.vanished).to.deep.include({ result: 'bad' });
    expect(checks.vanished?.found).to.contain('2 entries').and.to.contain('MAXLEN');

    const at = ['--redis', suite.server().url];
    const [, list = ''] = /streamwarden (pending .* gone) names/.exec(checks.vanished?.remedy ?? '') ?? [];
    const gone = await cli.run([...list.split(' '), '--json', ...at]);
    const rows = gone.stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { id: string });
    expect(rows).to.have.length(2);
    for (const { id } of rows) {
      const claimed = await cli.run(['claim', id, '--force', '--yes', '--service', crew.service, ...at]);
      expect(claimed).to.deep.include({ code: 0 });
    }
    const healed = await doctor(suite.server().url, '--service', crew.service);
    expect(healed.checks.vanished).to.deep.include({ result: 'good' });
  });
});
