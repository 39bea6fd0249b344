import { expect } from 'chai';
import { useCli } from '../support/cli.js';
import { useCrew } from '../support/crew.js';
import { useDoctor } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { useRedis } from '../support/redis.js';

describe('dead letters of entries that were never owned', () => {
  const suite = useRedis();
  const crew = useCrew(suite);
  const cli = useCli();
  const doctor = useDoctor(cli);
  const redis = () => suite.redis();
  const examined = async (check: string) =>
    (await doctor(suite.server().url, '--service', crew.service)).checks[check];
  /** Runs the command of a remedy that begins with these words, as it stands there. */
  async function follow(remedy: string | null | undefined, words: string): Promise<string> {
    const [command = ''] =
      new RegExp(`streamwarden ${words}[^;.]*?(?= shows|[;.]|$)`).exec(remedy ?? '') ?? [];
    const yes = words.startsWith('dlq show') ? [] : ['--yes'];
    const args = [...command.split(' ').slice(1), ...yes, '--redis', suite.server().url];
    const { code, stdout, stderr } = await cli.run(args);
    expect(code, stderr).to.equal(0);
    return stdout;
  }

  it('for their size are told by doctor, and its remedy brings them back', async () => {
    const small = await crew.start({ maxEntryBytes: 2_000 });
    expect(await examined('too-large')).to.deep.include({ result: 'good' });
    const payload = JSON.stringify({ DataStreamName: 'large', Info: { a: 'x'.repeat(300_000) } });
    // More of them than fit into one look at the stream.
    for (let n = 0; n < 5; n += 1) await redis().xadd(crew.lbs, '*', 'lbs-input', payload);
    await eventually('they are dead letters', async () => (await redis().xlen(crew.dlq)) === 5);
    const check = await examined('too-large');
    expect(check).to.deep.include({ result: 'warning' });
    expect(check?.found).to.match(/^5 dead letters of more than maxEntryBytes, .* 293 KiB$/);

    await small.runtime.stop();
    const [, bytes] = /maxEntryBytes of (\d+) or more/.exec(check?.remedy ?? '') ?? [];
    const larger = await crew.start({ maxEntryBytes: Number(bytes) });
    expect(await follow(check?.remedy, 'dlq redrive')).to.match(/5/);
    await larger.awaitNews('StreamAdded');
    expect(await examined('too-large')).to.deep.include({ result: 'good' });
  });

  it('with which consumers died are told by doctor, and its remedy shows them and brings them back', async () => {
    const member = await crew.start();
    expect(await examined('delivery-limit')).to.deep.include({ result: 'good' });
    const fields = ['lbs-input', '{"DataStreamName":"deadly"}', '_retry_count', '0', '_delivery_count', '3'];
    const id = await redis().xadd(crew.dlq, '*', ...fields, '_dlq_reason', 'delivery_limit');
    const check = await examined('delivery-limit');
    expect(check).to.deep.include({ result: 'warning' });
    expect(check?.found).to.match(/^1 dead letter that one consumer after the other died with/);
    expect(await follow(check?.remedy, 'dlq show'))
      .to.contain(id)
      .and.to.contain('deadly');
    await follow(check?.remedy, 'dlq redrive');
    await member.awaitNews('StreamAdded');
    expect(await examined('delivery-limit')).to.deep.include({ result: 'good' });
  });
  it('which are nested too deep are told by doctor, and its remedy shows why and takes them away, once what is wanted is announced anew [C-POI-7]', async () => {
    const member = await crew.start();
    expect(await examined('unparseable')).to.deep.include({ result: 'good' });
    const nested = (depth: number) =>
      `{"DataStreamName":"deep","Info":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
    await redis().xadd(crew.lbs, '*', 'lbs-input', nested(10_000));
    await eventually('it is a dead letter', async () => (await redis().xlen(crew.dlq)) === 1);
    const check = await examined('unparseable');
    expect(check).to.deep.include({ result: 'warning' });
    expect(check?.found).to.match(/^1 dead letter that no data stream can be read from/);
    expect(await follow(check?.remedy, 'dlq show')).to.contain('nested at most 64 deep');
    await redis().xadd(crew.lbs, '*', 'lbs-input', nested(63));
    await member.awaitNews('StreamAdded');
    expect(await follow(check?.remedy, 'dlq delete')).to.equal('1 dead letter deleted\n');
    expect(await examined('unparseable')).to.deep.include({ result: 'good' });
  });

  it('which infoSchema refused are told by doctor, and are given once it is mended, by its remedy [C-POI-3]', async () => {
    const infoSchema = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'never' }] }) },
    } as const;
    const strict = await crew.start({ infoSchema });
    await crew.announce('refused');
    await eventually('it is a dead letter', async () => (await redis().xlen(crew.dlq)) === 1);
    const check = await examined('unparseable');
    expect(check).to.deep.include({ result: 'warning' });
    await strict.runtime.stop();
    const mended = await crew.start();
    expect(await follow(check?.remedy, 'dlq redrive')).to.match(/1/);
    const [added] = await mended.awaitNews('StreamAdded');
    expect(added).to.include({ stream: 'refused' });
    expect(await examined('unparseable')).to.deep.include({ result: 'good' });
  });
});
