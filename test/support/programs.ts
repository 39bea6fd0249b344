/**
 * The programs in TypeScript that tests start as processes, each compiled into one file that has all it needs. Starting the same program
 * through tsx, file by file, costs five times as much CPU.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { guardProcess } from '../../src/testing/process-guard.js';
import { takeRunLock } from './run-lock.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = 'TEST_PROGRAMS';

/** Without the ending `.ts`, below the project's folder. */
const PROGRAMS = [
  'examples/checkpointed-worker',
  'examples/checkpointed-worker/worker',
  'examples/embed',
  'examples/exactly-once-sql',
  'examples/fastify',
  'examples/fenced-sql',
  'examples/http-service',
  'examples/nestjs',
  'examples/otel-otlp',
  'examples/otel-prometheus',
  'simulate/child-main',
  'simulate/main',
  'soak/main',
  'test/support/consumer-main',
  'test/support/entries-main',
  'test/support/fleet-member-main',
  'test/support/frozen-main',
  'test/support/incident-main',
  'test/support/poisoned-main',
  'test/support/replay-main',
  'test/support/without-telemetry-main',
] as const;

export type ProgramName = (typeof PROGRAMS)[number];

/** Packages that take long to load file by file. The others are loaded as they are. */
const BUNDLED: ReadonlySet<string> = new Set(['ioredis', 'xstate']);

const EXAMPLES = join(ROOT, 'examples/');
/** What examples are given in the place of a package that takes long to begin. */
const SUBSTITUTES: Readonly<Record<string, string>> = {
  '@electric-sql/pglite': join(ROOT, 'test/support/postgres.ts'),
};

/** Sources find their files where they stand, not where they were compiled to; but the programs that they start are compiled as well. */
const atTheirPlaces = (folder: string): Plugin => ({
  name: 'at-their-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
      if (path.includes('/node_modules/')) return undefined;
      const text = await readFile(path, 'utf8');
      const contents = text
        .replaceAll(/new URL\('([^']+)\.ts', import\.meta\.url\)/g, (_, program: string) => {
          const started = relative(ROOT, resolve(dirname(path), program));
          return `new URL(${inQuotes(pathToFileURL(join(folder, `${started}.mjs`)))})`;
        })
        .replaceAll('import.meta.url', inQuotes(pathToFileURL(path)));
      return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
});

const inQuotes = ({ href }: URL) => JSON.stringify(href);

/** What stands in `src/` is what is built: the library, a module for each source. The rest is compiled from its source. */
const againstDist: Plugin = {
  name: 'against-dist',
  setup({ onResolve, resolve: find }) {
    onResolve({ filter: /\/src\/.*\.js$/ }, ({ path, resolveDir }) => {
      const built = resolve(resolveDir, path).replace(join(ROOT, 'src'), join(ROOT, '.cache/modules'));
      return existsSync(built) ? { path: built } : undefined;
    });
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, pluginData, ...where }) => {
      if (pluginData === 'found') return undefined;
      const isOurs = path === 'streamwarden' || path.startsWith('streamwarden/');
      if (isOurs) return await find(path, { ...where, importer, pluginData: 'found' });
      const substitute = SUBSTITUTES[path];
      if (substitute !== undefined && importer.startsWith(EXAMPLES)) return { path: substitute };
      const isBundled = BUNDLED.has(path) || importer.includes('/node_modules/');
      return isBundled ? undefined : { path, external: true };
    });
  },
};

/** CommonJS in a module asks for Node's own modules. */
const BANNER =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/** Bundles modules for Node. */
export async function bundle(entryPoints: readonly string[], outdir: string, outbase: string): Promise<void> {
  await build({
    entryPoints: [...entryPoints],
    outdir,
    outbase,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    banner: { js: BANNER },
    logLevel: 'warning',
    plugins: [againstDist, atTheirPlaces(outdir)],
  });
}

/** Makes the place where the workers of this run find them. */
export async function openPrograms(): Promise<void> {
  const cache = join(ROOT, '.cache');
  await mkdir(cache, { recursive: true });
  process.env[FOLDER] = await mkdtemp(join(cache, 'programs-'));
}

export async function closePrograms(): Promise<void> {
  const folder = process.env[FOLDER];
  if (folder !== undefined && basename(folder).startsWith('programs-')) {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where a program stands, compiled. Whoever of a run needs one first compiles all. */
export async function compiled(name: ProgramName): Promise<string> {
  const folder = process.env[FOLDER];
  if (folder === undefined) throw new Error('expected programs to be started in a run of the tests');
  const program = join(folder, `${name}.mjs`);
  if (existsSync(program)) return program;
  const lock = await takeRunLock('programs');
  try {
    if (!existsSync(program)) {
      await bundle(
        PROGRAMS.map((each) => join(ROOT, `${each}.ts`)),
        folder,
        ROOT,
      );
    }
  } finally {
    await lock.release();
  }
  return program;
}

/** Where each stands, for suites that start them without waiting. */
export function usePrograms(): (name: ProgramName) => string {
  const places = new Map<ProgramName, string>();
  before(async () => {
    for (const name of PROGRAMS) places.set(name, await compiled(name));
  });
  return (name) => places.get(name) as string;
}

/** Starts one; it dies with this process, also when this one is killed and that one is frozen. */
export async function forkProgram(
  name: ProgramName,
  env: NodeJS.ProcessEnv = {},
  execArgv: readonly string[] = [],
): Promise<ChildProcess> {
  const child = fork(await compiled(name), [], {
    // Not this process's own: tsx, which a compiled program has no use for, costs a second of CPU.
    execArgv: [...execArgv],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.once('exit', guardProcess(child.pid as number, undefined));
  return child;
}
