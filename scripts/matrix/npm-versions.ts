/** Versions of Node.js and of ioredis, as npm has them. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { runCommand } from '../../src/testing/run-command.js';
import { type Cell, Unavailable } from './cell.js';

const NODES = ['20', '22', '24', '26'];
const IOREDIS = ['5.4', '5', '6'];
const INSTALL_MS = 300_000;
/** What the build leaves in .cache, for the sources and for the tests. */
const BUILT = ['build-stamp', 'page', 'go-consumer-main.cjs', 'replay-worker.cjs'];

/** @param cache folder that outlasts this run */
export function nodeVersions(cache: string, project: string): Cell[] {
  return NODES.map((range) => ({
    kind: 'node',
    name: `node ${range}`,
    prepare: async () => {
      const { folder, version } = await installed(cache, 'node', range);
      const node = join(folder, 'bin/node');
      const { ok, output } = await runCommand(node, ['--version']);
      if (!ok) throw new Unavailable(`node ${range} does not run: ${output.trim()}`);
      const path = `${dirname(node)}:${process.env.PATH ?? ''}`;
      return { version, folder: project, node, env: { PATH: path } };
    },
  }));
}

/** @param cache folder that outlasts this run */
export function ioredisVersions(cache: string, project: string): Cell[] {
  return IOREDIS.map((range) => ({
    kind: 'ioredis',
    name: `ioredis ${range}`,
    prepare: async () => {
      const { folder: ioredis, version } = await installed(cache, 'ioredis', range);
      return {
        version,
        folder: await copyWith(cache, project, ioredis),
        node: process.execPath,
        env: {},
      };
    },
  }));
}

/** The newest that a range has. */
async function installed(
  cache: string,
  name: string,
  range: string,
): Promise<{ folder: string; version: string }> {
  const prefix = join(cache, `${name}-${range}`);
  await mkdir(prefix, { recursive: true });
  await writeFile(join(prefix, 'package.json'), JSON.stringify({ private: true }));
  const spec = `${name}@${range.includes('.') ? `~${range}.0` : range}`;
  const args = ['install', '--prefix', prefix, '--no-audit', '--no-fund', '--loglevel', 'error', spec];
  // npm's package of Node.js puts the program in its place after it is installed.
  const { ok, output } = await runCommand('npm', args, { timeoutMs: INSTALL_MS });
  if (!ok) throw new Unavailable(`npm install ${spec}: ${output.trim().split('\n')[0]}`);
  const folder = join(prefix, 'node_modules', name);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { folder, version };
}

/** The project, built as it is, with another ioredis in the place of its own. */
async function copyWith(cache: string, project: string, ioredis: string): Promise<string> {
  const folder = await mkdtemp(join(cache, 'project-'));
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], {
    cwd: project,
    maxBuffer: 64 * 1024 * 1024,
  });
  const files = stdout.split('\0').filter((file) => file !== '');
  const built = BUILT.map((name) => `.cache/${name}`);
  for (const file of [...files, 'dist', ...built]) {
    await cp(join(project, file), join(folder, file), { recursive: true });
  }
  const modules = join(folder, 'node_modules');
  for (const name of await packagesIn(join(project, 'node_modules'))) {
    const place = join(modules, name);
    await mkdir(dirname(place), { recursive: true });
    await symlink(name === 'ioredis' ? ioredis : join(project, 'node_modules', name), place);
  }
  return folder;
}

/** Scoped ones one by one. */
async function packagesIn(modules: string): Promise<string[]> {
  const names = await readdir(modules);
  const all = names.map(async (name) =>
    name.startsWith('@') ? (await readdir(join(modules, name))).map((inner) => `${name}/${inner}`) : [name],
  );
  return (await Promise.all(all)).flat();
}

/** Of a cell of ioredis: its copy of the project. */
export async function discard(project: string, folder: string): Promise<void> {
  if (folder !== project) await rm(folder, { recursive: true, force: true });
}
