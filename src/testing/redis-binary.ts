import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { messageOf } from '../core/errors.js';
import { unpackServerPackage } from './debian-package.js';
import { LauncherError } from './errors.js';
import { runCommand } from './run-command.js';

/** A server program that runs on this machine. */
export interface RedisBinary {
  readonly path: string;
  /** What it needs in its environment beside ours. */
  readonly env: Readonly<Record<string, string>>;
  readonly product: 'redis' | 'valkey' | 'redict';
  /** For example `7.0.15`. */
  readonly version: string;
  readonly source: RedisBinarySource;
}

/**
 * Where a binary came from: `$REDIS_SERVER_BIN`, the `PATH`, an unpacked package, a package installed just now; the image of
 * a container, where `path` is one in the container.
 */
export type RedisBinarySource = 'environment' | 'path' | 'package' | 'install' | 'image';

type Program = Pick<RedisBinary, 'path' | 'env'>;

interface Source {
  readonly name: RedisBinarySource;
  /** The program, or in words why this source has none. */
  find(): Promise<Program | string>;
}

/** What a source tries, for when it fails in a way of its own. */
const WORDS: Readonly<Record<RedisBinarySource, string>> = {
  environment: 'looking at $REDIS_SERVER_BIN failed',
  path: 'looking along the PATH failed',
  package: 'unpacking a package failed',
  install: 'installing a package failed',
  image: 'looking for an image failed',
};

const programs = ['redis-server', 'valkey-server'];
const oldestSupported = [6, 2] as const;

const sources: readonly Source[] = [
  { name: 'environment', find: fromEnvironment },
  { name: 'path', find: fromPath },
  { name: 'package', find: fromPackage },
  { name: 'install', find: fromInstall },
];

let found: Promise<RedisBinary> | undefined;

/**
 * Finds a `redis-server` or `valkey-server` of version 6.2 or newer, in this order: `$REDIS_SERVER_BIN`; the `PATH`; the
 * Debian or Ubuntu package, unpacked into `$XDG_CACHE_HOME/streamwarden` (or `~/.cache/streamwarden`) without touching the
 * system; the same package installed, when we are root. The answer is kept for the life of the process.
 *
 * @throws {@link LauncherError} `BinaryNotFound`, which says what was tried and what to install
 */
export function findRedisBinary(): Promise<RedisBinary> {
  found ??= search().catch((error: unknown) => {
    found = undefined;
    throw error;
  });
  return found;
}

async function search(): Promise<RedisBinary> {
  const refusals: string[] = [];
  for (const source of sources) {
    const program = await source
      .find()
      .catch((error: unknown) => `${WORDS[source.name]}: ${messageOf(error)}`);
    const binary = typeof program === 'string' ? program : await identify(program, source.name);
    if (typeof binary !== 'string') return binary;
    // Whoever names a binary wants that one: a typing error must not silently become another server.
    if (source.name === 'environment' && process.env.REDIS_SERVER_BIN) throw notFound([binary]);
    refusals.push(binary);
  }
  throw notFound(refusals);
}

function notFound(refusals: readonly string[]): LauncherError {
  return new LauncherError(
    'BinaryNotFound',
    'expected a redis-server or valkey-server of version 6.2 or newer, got: none.\n' +
      `${refusals.map((refusal) => `  - ${refusal}`).join('\n')}\n` +
      'Install one (`apt-get install redis-server`, `brew install redis`) or name one in $REDIS_SERVER_BIN.',
  );
}

async function fromEnvironment(): Promise<Program | string> {
  const path = process.env.REDIS_SERVER_BIN;
  return path ? { path, env: {} } : '$REDIS_SERVER_BIN is not set';
}

async function fromPath(): Promise<Program | string> {
  const directories = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  for (const program of programs) {
    for (const directory of directories) {
      const path = join(directory, program);
      if (await isExecutable(path)) return { path, env: {} };
    }
  }
  return `neither ${programs.join(' nor ')} is on the PATH`;
}

async function fromPackage(): Promise<Program | string> {
  if (process.platform !== 'linux') return 'packages are unpacked on Debian and Ubuntu only';
  if (!(await hasApt())) return 'there is no apt-get to download a package with';
  const refusals: string[] = [];
  for (const program of programs) {
    const unpacked = await unpackServerPackage(program);
    if (typeof unpacked !== 'string') return unpacked;
    refusals.push(unpacked);
  }
  return refusals.join('; ');
}

async function hasApt(): Promise<boolean> {
  return (await runCommand('apt-get', ['--version'])).ok;
}

async function fromInstall(): Promise<Program | string> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'not root: nothing was installed';
  if (!(await hasApt())) return 'there is no apt-get to install a package with';
  process.stderr.write('streamwarden: installing the package redis-server\n');
  // RUNLEVEL: no server of ours is the one that the package would start.
  const installed = await runCommand(
    'apt-get',
    ['install', '--yes', '--no-install-recommends', 'redis-server'],
    { env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }, timeoutMs: 300_000 },
  );
  return installed.ok
    ? { path: '/usr/bin/redis-server', env: {} }
    : `apt-get install redis-server: ${installed.output.trim().split('\n').at(-1)}`;
}

async function identify(program: Program, source: RedisBinarySource): Promise<RedisBinary | string> {
  const { ok, output } = await runCommand(program.path, ['--version'], { env: program.env });
  if (!ok) return `${program.path} does not run: ${output.trim()}`;
  const version = supportedVersion(program.path, output);
  return typeof version === 'string' ? version : { ...program, ...version, source };
}

/**
 * @param output of the program with `--version`
 * @returns what it is, or in words why it is none that we can use
 */
export function supportedVersion(
  path: string,
  output: string,
): Pick<RedisBinary, 'product' | 'version'> | string {
  const match = /^(Redis|Valkey|Redict) server v=((\d+)\.(\d+)\S*)/.exec(output);
  if (match === null) return `${path} --version says none of Redis, Valkey and Redict: ${output.trim()}`;
  const [, product, version = '', major, minor] = match;
  if (
    Number(major) < oldestSupported[0] ||
    (Number(major) === oldestSupported[0] && Number(minor) < oldestSupported[1])
  ) {
    return `${path} is version ${version}`;
  }
  return { product: product?.toLowerCase() as RedisBinary['product'], version };
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
