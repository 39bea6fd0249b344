/**
 * Every Redis and Valkey that Debian's suites offer, unpacked and never installed: apt works in a folder of its own, and each server is started by the dynamic
 * linker that it comes with, since its C library may be newer than the system's.
 */
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from '../../src/testing/run-command.js';
import { type Cell, Unavailable } from './cell.js';

const SUITES = [
  'oldstable',
  'oldstable-backports',
  'stable',
  'stable-backports',
  'testing',
  'unstable',
  'experimental',
];
const PACKAGES = ['redis-server', 'valkey-server'] as const;
const APT_MS = 300_000;

interface Offer {
  readonly package: (typeof PACKAGES)[number];
  /** Debian's: `5:8.0.2-3+deb13u1`. */
  readonly full: string;
  /** `8.0.2`. */
  readonly version: string;
}

/** @param cache folder that outlasts this run @throws Unavailable */
export async function debianServers(cache: string, project: string): Promise<Cell[]> {
  const apt = await preparedApt(join(cache, 'apt'));
  const listed = await apt('apt-cache', ['madison', ...PACKAGES]);
  const offers = newest(listed.flatMap(offerOf));
  return offers.map((offer) => {
    const product = offer.package.replace('-server', '');
    return {
      kind: 'server',
      name: `${product} ${offer.version}`,
      prepare: async () => ({
        version: offer.version,
        folder: project,
        node: process.execPath,
        env: { REDIS_SERVER_BIN: await unpacked(join(cache, 'servers'), offer, apt) },
      }),
    };
  });
}

type Apt = (command: string, args: readonly string[], cwd?: string) => Promise<string[]>;

/** Lists and configuration of its own: what the system has is neither read nor changed. */
async function preparedApt(folder: string): Promise<Apt> {
  if (process.platform !== 'linux' || !(await runCommand('apt-get', ['--version'])).ok) {
    throw new Unavailable('servers are fetched with apt-get, which is not here');
  }
  const empty = ['etc/preferences.d', 'etc/apt.conf.d', 'state/lists/partial', 'cache/archives/partial'];
  for (const path of empty) await mkdir(join(folder, path), { recursive: true });
  const archive = await archiveOfSystem();
  const sources = SUITES.map((suite) => `deb [signed-by=${archive.keyring}] ${archive.uri} ${suite} main`);
  await writeFile(join(folder, 'etc/sources.list'), `${sources.join('\n')}\n`);
  // Nothing is installed as far as it knows: so all that a server needs is fetched.
  await writeFile(join(folder, 'state/status'), '');
  const options = [
    `Dir=${folder}`,
    `Dir::Etc=${join(folder, 'etc')}`,
    `Dir::State=${join(folder, 'state')}`,
    `Dir::State::status=${join(folder, 'state/status')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option]);
  const apt: Apt = async (command, args, cwd) => {
    const { ok, output } = await runCommand(command, [...options, ...args], {
      timeoutMs: APT_MS,
      env: { LC_ALL: 'C' },
      ...(cwd === undefined ? {} : { cwd }),
    });
    if (!ok) throw new Unavailable(`${command} ${args.join(' ')}: ${output.trim().split('\n').at(-1)}`);
    return output.split('\n');
  };
  await apt('apt-get', ['update']).catch((error: unknown) => {
    // Of the suites some may be gone; none at all is told when servers are looked for.
    if (!(error instanceof Unavailable)) throw error;
  });
  return apt;
}

/** Debian's archive where the system has it from, and the keys that it is signed with. @throws Unavailable: it is another system */
async function archiveOfSystem(): Promise<{ readonly uri: string; readonly keyring: string }> {
  const targets = await runCommand('apt-get', ['indextargets', '--format', '$(REPO_URI)']);
  const uri = targets.output.split('\n').find((line) => /\/debian\/?$/.test(line));
  const files = await runCommand('dpkg', ['-L', 'debian-archive-keyring']);
  const keyring = files.output.split('\n').find((line) => /\/debian-archive-keyring\.(gpg|pgp)$/.test(line));
  if (uri === undefined || keyring === undefined) {
    throw new Unavailable("servers are fetched from Debian's archive, which this system does not know");
  }
  return { uri, keyring };
}

/** Of `redis-server | 5:8.0.2-3 | <archive> trixie/main amd64 Packages`. */
function offerOf(line: string): Offer[] {
  const [name = '', full = ''] = line.split('|').map((cell) => cell.trim());
  const found = PACKAGES.find((one) => one === name);
  const version = /^(?:\d+:)?(\d+\.\d+\.\d+)/.exec(full)?.[1];
  return found === undefined || version === undefined ? [] : [{ package: found, full, version }];
}

/** One for each version; madison lists the newest first. */
function newest(offers: readonly Offer[]): Offer[] {
  if (offers.length === 0) throw new Unavailable('no suite of Debian was reached');
  const byVersion = new Map<string, Offer>();
  for (const offer of offers) {
    const key = `${offer.package} ${offer.version}`;
    if (!byVersion.has(key)) byVersion.set(key, offer);
  }
  return [...byVersion.values()].sort(
    (a, b) =>
      a.package.localeCompare(b.package) || a.version.localeCompare(b.version, 'en', { numeric: true }),
  );
}

/** @returns a program that starts the server */
async function unpacked(cache: string, offer: Offer, apt: Apt): Promise<string> {
  const target = join(cache, `${offer.package}-${offer.version}`);
  const program = join(target, offer.package);
  if ((await runCommand(program, ['--version'])).ok) return program;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(`${target}.`);
  try {
    const archives = join(work, 'archives');
    await mkdir(archives);
    await apt('apt-get', ['download', ...(await needs(offer, apt))], archives);
    for (const archive of await readdir(archives)) {
      const { ok, output } = await runCommand('dpkg', ['-x', join(archives, archive), join(work, 'root')]);
      if (!ok) throw new Unavailable(`dpkg -x ${archive}: ${output.trim()}`);
    }
    await rm(archives, { recursive: true });
    await rm(target, { recursive: true, force: true });
    await rename(work, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  await writeStarter(join(target, 'root'), program, offer.package);
  const { ok, output } = await runCommand(program, ['--version']);
  if (!ok) throw new Unavailable(`${offer.package} ${offer.version} does not run: ${output.trim()}`);
  return program;
}

/** The package, the one that has its program, and every library: as `name=version`. */
async function needs({ package: name, full }: Offer, apt: Apt): Promise<string[]> {
  const tools = name.replace('-server', '-tools');
  const lines = await apt('apt-get', [
    'install',
    '--simulate',
    '--no-install-recommends',
    `${name}=${full}`,
    `${tools}=${full}`,
  ]);
  return lines.flatMap((line) => {
    const [, needed = '', version = ''] = /^Inst (\S+) \((\S+) /.exec(line) ?? [];
    return needed === name || needed === tools || needed.startsWith('lib') ? [`${needed}=${version}`] : [];
  });
}

async function writeStarter(root: string, program: string, name: string): Promise<void> {
  const files = await readdir(root, { recursive: true });
  const linker = files.find((file) => /^ld-linux.*\.so\.\d$/.test(basename(file)));
  if (linker === undefined) throw new Unavailable(`${name}: no dynamic linker came with it`);
  const libraries = new Set(
    files.filter((file) => /\.so(\.\d+)*$/.test(file)).map((file) => join(root, file, '..')),
  );
  const words = [join(root, linker), '--library-path', [...libraries].join(':'), join(root, 'usr/bin', name)];
  await writeFile(program, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  await chmod(program, 0o755);
}
