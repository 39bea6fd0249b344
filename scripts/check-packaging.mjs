// Packs what would be published and looks at it as a user gets it: publint and attw read the tarball, then it is laid into an empty project that has
// nothing but its declared dependencies, and required, imported, run, compiled against, bundled and tested with there (packaging/projects.mjs).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../dist/testing/index.js';
import { Projects } from './packaging/projects.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'streamwarden-pack-'));
const redis = await startRedis();
try {
  const tarball = pack();
  run(tool('publint'), [tarball, '--strict']);
  run(tool('attw'), [tarball]);
  const project = installOffline(tarball);
  checkContent(join(project, 'node_modules', manifest.name));
  const entries = Object.keys(manifest.exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => `'${manifest.name}${entry.slice(1)}'`);
  node(project, ['-e', entries.map((entry) => `require(${entry})`).join('; ')]);
  node(project, ['--input-type=module', '-e', entries.map((entry) => `await import(${entry})`).join('; ')]);
  node(project, [join('node_modules', manifest.name, manifest.bin.streamwarden), '--help']);
  console.log('packaging: required, imported and run from the packed tarball');
  await new Projects(work, project, redis.url).check(tarball);
} finally {
  await redis.stop();
  rmSync(work, { recursive: true, force: true });
}

function pack() {
  // The scripts are skipped because `prepack` builds, and building is its own step.
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', work]);
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('expected npm pack to write a tarball, got: nothing');
  return join(work, tarball);
}

/** Lays the tarball out as npm would, with links to our own copies of what it declares, and to nothing else. */
function installOffline(tarball) {
  const project = join(work, 'project');
  const modules = join(project, 'node_modules');
  const target = join(modules, manifest.name);
  mkdirSync(target, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return project;
}

/** Where maps and documents lead, there is something; and nothing is run by whoever installs it. */
function checkContent(folder) {
  const files = readdirSync(folder, { recursive: true }).map(String);
  const missing = [];
  for (const file of files) {
    const path = join(folder, file);
    if (file.endsWith('.map')) {
      const { sources } = JSON.parse(readFileSync(path, 'utf8'));
      // Those of a package that was brought along are in that package.
      for (const source of sources) if (!source.includes('/node_modules/')) expectFile(file, source);
    } else if (file.endsWith('.md')) {
      const text = readFileSync(path, 'utf8').replaceAll(/^```.*?^```/gms, '');
      for (const [, link] of text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)) expectFile(file, link);
    }
  }
  if (missing.length > 0)
    throw new Error(`expected these to be in the tarball, got: none\n${missing.join('\n')}`);
  const { scripts = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const run = ['preinstall', 'install', 'postinstall', 'prepare'].filter((name) => name in scripts);
  if (run.length > 0) throw new Error(`expected nothing to be run when it is installed, got: ${run}`);

  function expectFile(from, link) {
    if (!existsSync(resolve(folder, dirname(from), link))) missing.push(`${link} of ${from}`);
  }
}

function tool(name) {
  return join(root, 'node_modules', '.bin', name);
}

function node(cwd, args) {
  execFileSync(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

function run(command, args) {
  execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}
