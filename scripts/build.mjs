// Builds src/ into dist/: tsc checks it and writes the declarations, esbuild the library, once more as CommonJS in dist/cjs, and the command line, vite the inspector's page. What
// the library would have to read from files becomes modules (generated.mjs). Outputs that no longer have a source are removed. dist/ is
// not emptied first: a process that runs from it while someone builds must not lose its modules. Where neither the sources nor dist/ have
// changed since the last build, there is nothing to do; `--force` builds all the same.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { build } from 'vite';
import { generatedModules } from './generated.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = join(root, 'src');
const dist = join(root, 'dist');
const commonJs = join(dist, 'cjs');
const cache = join(root, '.cache');

/** What is bundled, into the command line and into the page. The library consists of all else. */
const apart = ['cli/', 'inspector/page/'].map((folder) => join(src, folder));

/** Packages that take long to load file by file. */
const broughtAlong = new Set([
  'commander',
  'fastest-levenshtein',
  'ioredis',
  'string-width',
  'xstate',
  'zod',
]);
/** Of these the library brings along what nobody shares with it. */
const ofTheLibrary = new Set(['zod']);

/** The library once more, a module for each source, for benchmarks and tests that need a part of it. */
const modulesFolder = join(cache, 'modules');

/** What the last build was made of, and what it made. */
const stampFile = join(cache, 'build-stamp');
/** Besides src/: what decides how it is built. */
const configuration = [
  'package-lock.json',
  'package.json',
  'scripts/build.mjs',
  'scripts/generated.mjs',
  'tsconfig.build.json',
  'tsconfig.json',
  'vite.config.mjs',
];

const generated = generatedModules(root, cache);
const withGeneratedModules = {
  name: 'generated modules',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = generated.get(relative(src, path))?.();
      return contents === undefined ? undefined : { contents, loader: 'js' };
    });
  },
};
/** Jest, and other loaders of CommonJS, do not know import(); and bundlers take a require() within `try` for optional only where it stands there itself. */
const withRequire = {
  name: 'require instead of import()',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, 'utf8').replaceAll(/\bawait import\((?='[^']+'\))/g, 'require(');
      return { contents, loader: 'ts' };
    });
  },
};
const usual = {
  absWorkingDir: root,
  platform: 'node',
  target: 'node20.19',
  metafile: true,
  logLevel: 'warning',
};

if (process.argv.includes('--force') || !isUpToDate()) {
  mkdirSync(cache, { recursive: true });
  const [declarations, pageParts, programParts] = await Promise.all([
    declare(),
    bundlePage(),
    bundlePrograms(),
  ]);
  const library = await bundleLibrary();
  const modules = [...library.files, ...(await compileModules('cjs', commonJs))];
  await compileModules('esm', modulesFolder);
  const again = declareCommonJs(declarations);
  const program = await bundleProgram();
  const licenses = join(dist, 'LICENSES.txt');
  writeFileSync(licenses, licensesOf([...pageParts, ...programParts, ...library.parts, ...program.parts]));
  prune(new Set([...declarations, ...again, ...modules, ...program.files, licenses]));
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

/** What somebody may import, as modules below src/. */
function entrances() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports).flatMap((entry) =>
    entry.import ? [relative(dist, join(root, entry.import.default)).replace(/\.js$/, '.ts')] : [],
  );
}

/** Of these declarations those that somebody who imports the package comes to. */
function reachable(declarations) {
  const all = new Set(declarations);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const found = new Set();
  const waiting = Object.values(exports).flatMap((entry) =>
    entry.import ? [join(root, entry.import.types)] : [],
  );
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file) || !all.has(file)) continue;
    found.add(file);
    for (const [, path] of readFileSync(file, 'utf8').matchAll(
      /(?:\bfrom |\bimport\()['"](\.[^'"]+)\.js['"]/g,
    )) {
      waiting.push(resolve(dirname(file), `${path}.d.ts`));
    }
  }
  return [...found];
}

/** Ends this process where the types are wrong. @returns the declarations of the library */
async function declare() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--listEmittedFiles', '--pretty', 'false'];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((done) => child.once('close', done));
  child.stdout.setEncoding('utf8');
  let output = '';
  for await (const text of child.stdout) output += text;
  const status = await closed;
  const lines = output.split('\n').filter((line) => line !== '');
  const emittedPrefix = 'TSFILE: ';
  const problems = lines.filter((line) => !line.startsWith(emittedPrefix));
  if (problems.length > 0) console.error(problems.join('\n'));
  if (status !== 0) process.exit(status ?? 1);
  return reachable(
    lines
      .filter((line) => line.startsWith(emittedPrefix))
      .map((line) => resolve(root, line.slice(emittedPrefix.length))),
  );
}

/** Declarations say of what kind a module is by the manifest that is nearest. @returns all that it has written */
function declareCommonJs(declarations) {
  const manifest = join(commonJs, 'package.json');
  mkdirSync(commonJs, { recursive: true });
  writeFileSync(manifest, `${JSON.stringify({ type: 'commonjs' })}\n`);
  const copies = declarations.map((file) => {
    const copy = join(commonJs, relative(dist, file));
    cpSync(file, copy);
    return copy;
  });
  return [manifest, ...copies];
}

/** Packages stay where they are, but for those that are brought along. */
function onlyThose(packages) {
  return ({ onResolve }) =>
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) =>
      packages.has(path) || importer.includes('/node_modules/') ? undefined : { path, external: true },
    );
}

/** The library in a few files instead of some hundred: finding and loading each takes longer than what is in it. */
async function bundleLibrary() {
  const { metafile } = await esbuild({
    ...usual,
    entryPoints: entrances().map((file) => join(src, file)),
    outdir: dist,
    outbase: src,
    chunkNames: 'parts/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: [withGeneratedModules, { name: 'some packages', setup: onlyThose(ofTheLibrary) }],
  });
  return { files: outputsOf(metafile), parts: Object.keys(metafile.inputs) };
}

/** The library, a module for each source. */
async function compileModules(format, outdir) {
  const sources = filesBelow(src).filter(
    (file) => file.endsWith('.ts') && !apart.some((folder) => file.startsWith(folder)),
  );
  const { metafile } = await esbuild({
    ...usual,
    entryPoints: sources,
    outdir,
    outbase: src,
    format,
    // Wherever it is not awaited at once.
    supported: { 'dynamic-import': format === 'esm' },
    sourcemap: 'linked',
    sourcesContent: false,
    plugins: format === 'cjs' ? [withGeneratedModules, withRequire] : [withGeneratedModules],
  });
  return outputsOf(metafile);
}

/** @returns the files of the packages that are in it */
async function bundlePage() {
  const { output } = await build({ configFile: join(root, 'vite.config.mjs'), logLevel: 'warn' });
  return output.flatMap(({ moduleIds = [] }) => moduleIds).map((id) => relative(root, id.replace(/^\0/, '')));
}

/** Programs that a thread or a process is handed as text. @returns the files that are in them */
async function bundlePrograms() {
  const { metafile } = await esbuild({
    ...usual,
    entryPoints: [
      'heartbeat/heartbeat-worker.ts',
      'inspector/replay-worker.ts',
      'testing/go-consumer-main.ts',
    ].map((program) => join(src, program)),
    outdir: cache,
    entryNames: '[name]',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    minify: true,
    format: 'cjs',
    // They stand in LICENSES.txt.
    legalComments: 'none',
    plugins: [withGeneratedModules],
  });
  return Object.keys(metafile.inputs);
}

/**
 * The command line in a few files instead of some hundred: loading those takes most of the CPU of a command. What takes long to load comes
 * along, with its licenses; a command's own code is loaded when it runs.
 */
async function bundleProgram() {
  const outdir = join(dist, 'program');
  const { metafile } = await esbuild({
    ...usual,
    entryPoints: [join(src, 'cli/main.ts')],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    // CommonJS in a module asks for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    plugins: [
      withGeneratedModules,
      {
        name: 'a few packages, and files at their places',
        setup(build) {
          onlyThose(broughtAlong)(build);
          build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const place = relative(outdir, join(dist, relative(src, path))).replace(/\.ts$/, '.js');
            const url = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
            return {
              contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url),
              loader: 'ts',
            };
          });
        },
      },
    ],
  });
  return { files: outputsOf(metafile), parts: Object.keys(metafile.inputs) };
}

function outputsOf({ outputs }) {
  return Object.keys(outputs).map((file) => join(root, file));
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
  const folders = readdirSync(dist, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const folder of folders.sort().reverse()) {
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  }
}

function filesBelow(directory) {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
