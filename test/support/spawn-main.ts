/**
 * The programs of tests that run as processes of their own, `*-main.ts`. Starting TypeScript through tsx costs about twice the CPU of the program
 * itself, so those that are started often are compiled once a run, against what is built in `dist/`, as the command line's processes are.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { guardProcess } from '../../src/testing/process-guard.js';

const HERE = fileURLToPath(new URL('./', import.meta.url));
const ROOT = resolve(HERE, '../..');
const FOLDER = 'TEST_MAINS';
const COMPILED = ['consumer-main', 'frozen-main', 'fleet-member-main'] as const;

export type MainName = (typeof COMPILED)[number];

/** What stands in `src/` is what is built; what stands here goes along, and finds files where it stands. */
const againstDist: Plugin = {
  name: 'against-dist',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/src\/.*\.js$/ }, ({ path, resolveDir }) => {
      const built = resolve(resolveDir, path).replace(join(ROOT, 'src'), join(ROOT, 'dist'));
      return { path: pathToFileURL(built).href, external: true };
    });
    onLoad({ filter: /\/test\/support\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
      return { contents, loader: 'ts' };
    });
  },
};

/** Compiles them for this run; the workers find them by the environment. */
export async function compileMains(): Promise<void> {
  const cache = join(ROOT, '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'mains-'));
  process.env[FOLDER] = folder;
  await build({
    entryPoints: COMPILED.map((name) => join(HERE, `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [againstDist],
  });
}

export async function removeMains(): Promise<void> {
  const folder = process.env[FOLDER];
  if (folder !== undefined && basename(folder).startsWith('mains-')) {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface ForkOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** It loads TypeScript itself: sources of a release. @defaultValue false */
  readonly loadsSources?: boolean;
}

/** Starts one; it dies with this process, also when this one is killed and that one is frozen. */
export function forkMain(name: MainName, { env = {}, loadsSources = false }: ForkOptions = {}): ChildProcess {
  const folder = process.env[FOLDER];
  const isCompiled = folder !== undefined && !loadsSources;
  const program = isCompiled ? join(folder, `${name}.mjs`) : join(HERE, `${name}.ts`);
  const child = fork(program, [], {
    execArgv: isCompiled ? ['--enable-source-maps'] : ['--import', 'tsx'],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.once('exit', guardProcess(child.pid as number, undefined));
  return child;
}
