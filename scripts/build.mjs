// Builds src/ into dist/: tsc emits the modules, every other file that the code reads at run time is copied beside
// them, vite bundles the inspector's page, esbuild the command line, and outputs that no longer have a source are removed. dist/ is
// not emptied first: a process that runs from it while someone builds must not lose its modules. Where neither the sources nor dist/ have
// changed since the last build, there is nothing to do; `--force` builds all the same.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { build } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = join(root, 'src');
const dist = join(root, 'dist');
const copiedExtensions = ['.lua'];

/** Packages that take long to load file by file. */
const broughtAlong = new Set(['ioredis', 'xstate']);

/** What the last build was made of, and what it made. */
const stampFile = join(root, '.cache', 'build-stamp');
/** Besides src/: what decides how it is built. */
const configuration = [
  'package-lock.json',
  'package.json',
  'scripts/build.mjs',
  'tsconfig.build.json',
  'tsconfig.json',
  'vite.config.mjs',
];

if (process.argv.includes('--force') || !isUpToDate()) {
  const emitted = compile();
  const copied = copyAssets();
  const bundled = await bundlePage();
  const program = await bundleProgram();
  prune(new Set([...emitted, ...copied, ...bundled, ...program]));
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp());
}

function isUpToDate() {
  return existsSync(dist) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp();
}

/** The content of every source, and size and time of every output. */
function stamp() {
  const hash = createHash('sha256');
  const sources = [...configuration.map((file) => join(root, file)), ...filesBelow(src).sort()];
  for (const file of sources)
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  for (const file of filesBelow(dist).sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest('hex');
}

function compile() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--listEmittedFiles', '--pretty', 'false'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  const emittedPrefix = 'TSFILE: ';
  const problems = lines.filter((line) => !line.startsWith(emittedPrefix));
  if (problems.length > 0 || stderr !== '') console.error([...problems, stderr].join('\n'));
  if (status !== 0) process.exit(status ?? 1);
  return lines
    .filter((line) => line.startsWith(emittedPrefix))
    .map((line) => resolve(root, line.slice(emittedPrefix.length)));
}

function copyAssets() {
  return filesBelow(src)
    .filter((file) => copiedExtensions.some((extension) => file.endsWith(extension)))
    .map((file) => {
      const target = join(dist, relative(src, file));
      cpSync(file, target);
      return target;
    });
}

async function bundlePage() {
  const { output } = await build({ configFile: join(root, 'vite.config.mjs'), logLevel: 'warn' });
  return output.map(({ fileName }) => join(dist, 'inspector', 'page', fileName));
}

/**
 * The command line in a few files instead of some hundred: loading those takes most of the CPU of a command. What takes long to load comes
 * along, with its licenses; a command's own code is loaded when it runs.
 */
async function bundleProgram() {
  const outdir = join(dist, 'program');
  const { metafile } = await esbuild({
    entryPoints: [join(dist, 'cli', 'main.js')],
    outdir,
    bundle: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // CommonJS in a module asks for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
    absWorkingDir: root,
    plugins: [
      {
        name: 'a few packages, and files at their places',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^[^./]/ }, ({ path, importer }) =>
            broughtAlong.has(path) || importer.includes('/node_modules/')
              ? undefined
              : { path, external: true },
          );
          onLoad({ filter: /\.js$/ }, ({ path }) => {
            if (path.includes('/node_modules/')) return undefined;
            const place = JSON.stringify(relative(outdir, path));
            const url = `new URL(${place}, import.meta.url).href`;
            return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url) };
          });
        },
      },
    ],
  });
  const licenses = join(outdir, 'LICENSES.txt');
  writeFileSync(licenses, licensesOf(Object.keys(metafile.inputs)));
  return [...Object.keys(metafile.outputs).map((file) => join(root, file)), licenses];
}

function licensesOf(files) {
  const packages = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
    const text =
      file === undefined ? `License: ${license}\n` : readFileSync(join(root, folder, file), 'utf8');
    return `${name} ${version}\n\n${text}`;
  });
  return texts.join(`\n${'-'.repeat(72)}\n\n`);
}

function prune(wanted) {
  for (const file of filesBelow(dist)) {
    if (!wanted.has(file)) rmSync(file);
  }
}

function filesBelow(directory) {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
