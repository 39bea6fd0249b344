import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ready, useCli } from '../support/cli.js';
import { useRedis } from '../support/redis.js';

/** What a URL would have to percent-encode. */
const FIRST = 's3cret/@:%41 ü#';
const SECOND = 'an0ther-s3cret';

describe('a password in a file', () => {
  const { server, redis } = useRedis();
  const cli = useCli();
  let folder: string;
  let file: string;
  const url = () => server().url.replace('redis://', 'redis://orders@');
  const run = (...args: string[]) => cli.run([...args, '--redis', url()]);
  const permit = (...rules: string[]) =>
    redis().acl('SETUSER', 'orders', 'on', '~*', '&*', '+@all', ...rules);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'streamwarden-password-'));
    file = join(folder, 'password');
    await writeFile(file, `${FIRST}\n`);
    await permit('resetpass', `>${FIRST}`);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    await redis().acl('DELUSER', 'orders');
  });

  it('is read anew at each connection of a consumer: a rotation ends none', async () => {
    const consumer = cli.startConsumer({
      redis: url(),
      service: 'orders',
      args: ['--password-file', file, '--log-level', 'debug'],
    });
    await ready(consumer);
    await permit(`>${SECOND}`);
    await writeFile(file, SECOND);
    await permit(`<${FIRST}`);
    await redis().client('KILL', 'USER', 'orders');
    const produced = await run('produce', '--service', 'orders', '--name', 'after', '--password-file', file);
    expect(produced).to.deep.include({ code: 0 });
    await consumer.waitFor(({ type, stream }) => type === 'StreamAdded' && stream === 'after', {
      name: 'it reads on',
    });
    for (const command of ['status', 'pending', 'doctor', 'dlq list']) {
      const { stdout, stderr } = await run(
        ...command.split(' '),
        '--service',
        'orders',
        '--password-file',
        file,
      );
      expect(stderr, command).to.equal('');
      expect(stdout, command).to.not.contain('s3cret');
    }
    expect(JSON.stringify(consumer.lines)).to.not.contain('s3cret');
  });

  it('that is wrong, cannot be read or stands in the URL as well is told of, and not shown', async () => {
    const refused = async (words: RegExp, ...args: string[]) => {
      const { code, stdout, stderr } = await cli.run(['status', '--service', 'orders', ...args]);
      expect(code).to.equal(2);
      expect(stderr).to.match(words);
      expect(stdout + stderr).to.not.contain('s3cret');
    };
    const given = ['--password-file', file];
    await refused(/got: both$/m, '--redis', server().url.replace('//', `//orders:${SECOND}@`), ...given);
    await writeFile(file, SECOND);
    await refused(/WRONGPASS/, '--redis', url(), ...given);
    await writeFile(file, '\n');
    await refused(/got: an empty file$/m, '--redis', url(), ...given);
    await refused(/a file that can be read, got: ENOENT/, '--redis', url(), '--password-file', `${file}.not`);
  });
});
