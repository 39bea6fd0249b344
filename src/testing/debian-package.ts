import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../core/errors.js';
import { withDirectoryLock } from './directory-lock.js';
import { type CommandResult, runCommand } from './run-command.js';

/** A program out of a distribution's package that lies in our cache and not in the system. */
export interface UnpackedProgram {
  readonly path: string;
  /** What the program needs in its environment to find the libraries that were unpacked with it. */
  readonly env: Readonly<Record<string, string>>;
}

const aptTimeoutMs = 180_000;

/**
 * The server of a Debian or Ubuntu package, downloaded and unpacked into the cache of this user: this needs no root and
 * starts no service. The second call finds the first one's work.
 *
 * @returns the program, or in words why there is none
 */
export async function unpackServerPackage(packageName: string): Promise<UnpackedProgram | string> {
  const cache = join(cacheDirectory(), await systemName());
  const target = join(cache, packageName);
  const cached = await programIn(target, packageName);
  if (cached !== undefined) return cached;

  const problem = await problemOfCache(cache);
  if (problem !== undefined) return problem;
  return withDirectoryLock(`${target}.lock`, async () => {
    const unpackedByAnother = await programIn(target, packageName);
    if (unpackedByAnother !== undefined) return unpackedByAnother;
    const work = await mkdtemp(`${target}.`);
    try {
      const failure = await downloadAndUnpack(packageName, work);
      if (failure !== undefined) return failure;
      await rm(target, { recursive: true, force: true });
      await rename(join(work, 'root'), target).catch(() => undefined);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return (await programIn(target, packageName)) ?? `the package ${packageName} holds no program that runs`;
  });
}

/** Makes the folder where it is not there. A home may be read-only, or not exist. */
async function problemOfCache(cache: string): Promise<string | undefined> {
  try {
    await mkdir(cache, { recursive: true });
    await access(cache, constants.W_OK);
    return undefined;
  } catch (error) {
    return `no package can be kept in ${cache} (${messageOf(error)}); $XDG_CACHE_HOME may name another folder`;
  }
}

/** What is fetched or made once and outlasts a clone. @internal */
export function cacheDirectory(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'streamwarden');
}

/** A home directory may be shared by several systems, whose libraries do not fit one another. */
async function systemName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(release)?.[1] ?? 'unknown';
  return `${field('ID')}-${field('VERSION_ID')}-${process.arch}`.replaceAll('/', '-');
}

async function programIn(root: string, name: string): Promise<UnpackedProgram | undefined> {
  const path = join(root, 'usr', 'bin', name);
  const env = { LD_LIBRARY_PATH: (await libraryDirectories(root)).join(':') };
  return (await runCommand(path, ['--version'], { env })).ok ? { path, env } : undefined;
}

async function libraryDirectories(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const parent of [join(root, 'usr', 'lib'), join(root, 'lib')]) {
    const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
    // /usr/lib/x86_64-linux-gnu and its like: what distributions name after the machine.
    const multiarch = entries.filter((entry) => entry.isDirectory() && entry.name.includes('-linux-'));
    found.push(parent, ...multiarch.map((entry) => join(parent, entry.name)));
  }
  return found;
}

async function downloadAndUnpack(packageName: string, work: string): Promise<string | undefined> {
  process.stderr.write(`streamwarden: no redis-server found, downloading the package ${packageName}\n`);
  const download = join(work, 'download');
  await mkdir(download);
  const downloaded = await downloadAll(packageName, download);
  if (!downloaded.ok) return `apt-get download ${packageName}: ${lastLine(downloaded.output)}`;

  const archives = (await readdir(download)).filter((file) => file.endsWith('.deb')).sort();
  for (const archive of archives) {
    const unpacked = await runCommand('dpkg', ['-x', join(download, archive), join(work, 'root')]);
    if (!unpacked.ok) return `dpkg -x ${archive}: ${lastLine(unpacked.output)}`;
  }
  process.stderr.write(`streamwarden: unpacked ${archives.join(', ')}\n`);
  return undefined;
}

/** The package lists of a fresh container are empty, those of an old one name versions that are gone: update then. */
async function downloadAll(packageName: string, directory: string): Promise<CommandResult> {
  const withSystemLists = await downloadOnce(packageName, directory, []);
  if (withSystemLists.ok) return withSystemLists;
  const options = process.getuid?.() === 0 ? [] : await privateAptDirectories(directory);
  const updated = await runCommand('apt-get', [...options, 'update'], { timeoutMs: aptTimeoutMs });
  const again = await downloadOnce(packageName, directory, options);
  return again.ok || updated.ok ? again : updated;
}

async function downloadOnce(
  packageName: string,
  directory: string,
  aptOptions: readonly string[],
): Promise<CommandResult> {
  const packages = await missingPackages(packageName, aptOptions);
  return runCommand('apt-get', [...aptOptions, 'download', ...packages], {
    cwd: directory,
    timeoutMs: aptTimeoutMs,
  });
}

/** Only root may write the system's package lists; anyone may keep lists of his own. */
async function privateAptDirectories(directory: string): Promise<string[]> {
  const lists = join(directory, 'apt', 'lists', 'partial');
  const archives = join(directory, 'apt', 'cache', 'archives', 'partial');
  await mkdir(lists, { recursive: true });
  await mkdir(archives, { recursive: true });
  return [
    '-o',
    `Dir::State::lists=${join(directory, 'apt', 'lists')}`,
    '-o',
    `Dir::Cache=${join(directory, 'apt', 'cache')}`,
  ];
}

/**
 * The package, the one that holds its program (in Debian `redis-server` is a link into `redis-tools`), and every library
 * that installing it would bring. An upgrade (`Inst libc6 [old] (new …)`) is left out: the system's own version serves,
 * and a second C library would not even start.
 */
async function missingPackages(packageName: string, aptOptions: readonly string[]): Promise<string[]> {
  const args = [...aptOptions, 'install', '--simulate', '--no-install-recommends', packageName];
  const simulated = await runCommand('apt-get', args, { env: { LC_ALL: 'C' } });
  const missing = [...simulated.output.matchAll(/^Inst (\S+) \(/gm)].map((match) => match[1] ?? '');
  return [...new Set([packageName, packageName.replace('-server', '-tools'), ...missing])];
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}
