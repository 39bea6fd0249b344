import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { findRedisBinary, type RedisBinary } from '../../src/testing/index.js';
import { rejection } from '../support/rejection.js';
import { skipWithout } from '../support/skip.js';

const run = promisify(execFile);

// The answer is kept for the life of a process, so every case asks in a process of its own.
describe('findRedisBinary', () => {
  let dir: string;
  let real: RedisBinary;
  before(async () => {
    real = await findRedisBinary();
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'streamwarden-binary-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** @param program what is done with `binary` then; it has all of the launcher */
  async function ask(env: Record<string, string>, program = ''): Promise<RedisBinary> {
    const { stdout } = await run(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        // The rest of the launcher loads five times as much.
        `${program === '' ? '' : "import { startRedis } from './dist/testing/index.js';"}
         import { findRedisBinary } from './.cache/modules/testing/redis-binary.js';
         const binary = await findRedisBinary();
         ${program}
         console.log(JSON.stringify(binary));`,
      ],
      { env: { ...process.env, ...env } },
    );
    return JSON.parse(stdout) as RedisBinary;
  }

  /** A program that is a server as far as --version can tell. */
  async function fakeServer(name: string, version: string): Promise<string> {
    const path = join(dir, name);
    await writeFile(path, `#!/bin/sh\necho '${version}'\n`);
    await chmod(path, 0o755);
    return path;
  }

  it('takes the one that $REDIS_SERVER_BIN names', async () => {
    const path = await fakeServer('mine', 'Redis server v=7.4.1 sha=00000000:0 malloc=libc bits=64');
    expect(await ask({ REDIS_SERVER_BIN: path })).to.deep.equal({
      path,
      env: {},
      product: 'redis',
      version: '7.4.1',
      source: 'environment',
    });
  });

  it('does not replace one that was named and does not run', async () => {
    const error = await rejection(ask({ REDIS_SERVER_BIN: join(dir, 'nothing') }));
    expect(error.message).to.match(/BinaryNotFound: expected a redis-server .* got: none/);
    expect(error.message).to.include(join(dir, 'nothing'));
  });

  it('refuses what is older than 6.2', async () => {
    const path = await fakeServer('old', 'Redis server v=6.0.16 sha=00000000:0 malloc=libc bits=64');
    expect((await rejection(ask({ REDIS_SERVER_BIN: path }))).message).to.include('is version 6.0.16');
  });

  it('finds Valkey on the PATH', async () => {
    const path = await fakeServer(
      'valkey-server',
      'Valkey server v=8.0.1 sha=00000000:0 malloc=libc bits=64',
    );
    const binary = await ask({ REDIS_SERVER_BIN: '', PATH: await pathWithoutServers(dir) });
    expect(binary).to.include({ path, product: 'valkey', version: '8.0.1', source: 'path' });
  });

  it('takes Redict where it is named', async () => {
    const path = await fakeServer('redict', 'Redict server v=7.3.6 sha=00000000:0 malloc=libc bits=64');
    const binary = await ask({ REDIS_SERVER_BIN: path });
    expect(binary).to.include({ path, product: 'redict', version: '7.3.6', source: 'environment' });
  });

  it('unpacks the package once for many that ask at once, and what it unpacked starts', async function () {
    const cache = join(dir, 'cache');
    const path = await pathWithoutServers(join(dir, 'bin'));
    // Needs the distribution's package servers: always there in CI, not on every train.
    if (!process.env.CI || !(await onDebian())) {
      skipWithout(this, {
        missing: "Debian's package servers",
        remedy: 'set CI on Debian or Ubuntu, with a network',
      });
    }
    const env = { REDIS_SERVER_BIN: '', PATH: path, XDG_CACHE_HOME: cache };
    const started = `const server = await startRedis({ binary }); await server.stop();`;
    const answers = await Promise.all([ask(env, started), ask(env, started), ask(env, started)]);
    for (const answer of answers) {
      expect(answer.source).to.equal('package');
      expect(answer.path.startsWith(cache), answer.path).to.equal(true);
      expect(answer.path).to.equal(answers[0]?.path);
    }
    // Neither a lock nor a half-unpacked package stays behind.
    const [system = ''] = await readdir(join(cache, 'streamwarden'));
    expect(await readdir(join(cache, 'streamwarden', system))).to.deep.equal(['redis-server']);
  });

  it('goes on where the cache folder cannot be made, and says what to install', async () => {
    const home = join(dir, 'home');
    await writeFile(home, 'no folder');
    const bin = join(dir, 'bin');
    await mkdir(bin);
    // There is apt-get, and it has nothing.
    await writeFile(
      join(bin, 'apt-get'),
      '#!/bin/sh\n[ "$1" = --version ] || { echo "E: nothing"; exit 100; }\n',
    );
    await chmod(join(bin, 'apt-get'), 0o755);
    const env = { REDIS_SERVER_BIN: '', PATH: await pathWithoutServers(bin), HOME: home, XDG_CACHE_HOME: '' };
    const { message } = await rejection(ask(env));
    expect(message).to.include('LauncherError').and.to.include('BinaryNotFound');
    const cache = join(home, '.cache', 'streamwarden');
    expect(message).to.match(
      new RegExp(`- no package can be kept in ${cache}\\S* \\(ENOTDIR: .*XDG_CACHE_HOME`),
    );
    // The source after it has been tried.
    expect(message).to.match(/- (not root: nothing was installed|apt-get install redis-server: E: nothing)/);
    expect(message).to.include('Install one (`apt-get install redis-server`');
  });

  it('does not say that it installs where there is no apt-get', async () => {
    const env = { REDIS_SERVER_BIN: '', PATH: join(dir, 'nothing'), XDG_CACHE_HOME: join(dir, 'cache') };
    const { message } = await rejection(ask(env));
    expect(message).to.include('- there is no apt-get to download a package with');
    expect(message).not.to.include('installing the package');
  });

  it('answers with what it found, version and all', () => {
    expect(real.version).to.match(/^\d+\.\d+/);
    expect(['redis', 'valkey', 'redict']).to.include(real.product);
  });

  /** The programs of this machine's PATH but for the servers, as links in a directory of their own, after `first`. */
  async function pathWithoutServers(first: string): Promise<string> {
    const bin = join(dir, 'programs');
    await mkdir(bin);
    for (const directory of (process.env.PATH ?? '').split(':')) {
      for (const name of await readdir(directory).catch(() => [])) {
        if (/^(redis|valkey)-/.test(name)) continue;
        await symlink(join(directory, name), join(bin, name)).catch(() => undefined);
      }
    }
    return `${first}:${bin}`;
  }
});

async function onDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release);
}
