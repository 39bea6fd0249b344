// Runs mocha over every test file, five at a time for two cores, unless --jobs says otherwise: they wait for servers most
// of the time. Other arguments are mocha's. Files that take long come first, so that none of them runs alone at the end. Those that
// have a cluster, of which only three run at a time (test/support/cluster.ts), or a browser, which keeps a core busy, are spread over the run and
// over one another.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const LONG = [
  'test/cluster',
  'test/upgrade',
  'test/simulation',
  'test/soak',
  'test/testing',
  'test/faults',
  'test/examples',
  'test/inspector',
];

/** Only three files at a time have one. */
const CLUSTER = /(use(Cluster|Sentinels)|startRedis(Cluster|Sentinels))\(/;
const BROWSER = /useBrowser\(/;

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const args = process.argv.slice(2);
if (!args.some((arg) => /^(-j|--jobs)\b|^--no-parallel$/.test(arg))) {
  args.push('--jobs', String(Math.ceil(2.5 * availableParallelism())));
}

// A single job is no parallel run: mocha then runs all files in one process.
const child = spawn(process.execPath, [mocha, ...filesInOrder(), ...args], { stdio: 'inherit' });
child.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 0 : 1);
});

function filesInOrder() {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .map((file) => join('test', file))
    .filter((file) => file.endsWith('.test.ts'))
    .sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
  const having = (pattern) => files.filter((file) => pattern.test(readFileSync(file, 'utf8')));
  const clusters = having(CLUSTER);
  const browsers = having(BROWSER).filter((file) => !clusters.includes(file));
  const scarce = alternating(clusters, browsers);
  const others = files.filter((file) => !scarce.includes(file));
  // Unit tests are short, and come last.
  const long = others.filter((file) => !file.startsWith('test/unit/')).length;
  const between = Math.max(1, Math.floor(long / scarce.length));
  return scarce.flatMap((file) => [file, ...others.splice(0, between)]).concat(others);
}

/** Both in their order, spread over one another. */
function alternating(a, b) {
  const place = (list, share) => list.map((file, index) => ({ file, at: (index + share) / list.length }));
  return [...place(a, 0.25), ...place(b, 0.75)].sort((x, y) => x.at - y.at).map(({ file }) => file);
}

function rankOf(file) {
  const rank = LONG.findIndex((folder) => file.startsWith(`${folder}/`));
  return rank === -1 ? LONG.length : rank;
}
