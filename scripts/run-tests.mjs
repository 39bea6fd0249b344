// Runs mocha over every test file, three times as many at a time as there are cores, unless --jobs says otherwise: they wait for servers most
// of the time. Other arguments are mocha's. Files that take long come first, so that none of them runs alone at the end. Those that
// have a cluster, of which only two run at a time (test/support/cluster.ts), or a browser, which keeps a core busy, are spread over the run.
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

/** Files that have a cluster, or a browser. */
const SCARCE = /(use(Cluster|Sentinels|Browser)|startRedis(Cluster|Sentinels))\(/;

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const args = process.argv.slice(2);
if (!args.some((arg) => /^(-j|--jobs)\b|^--no-parallel$/.test(arg))) {
  args.push('--jobs', String(3 * availableParallelism()));
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
  const isScarce = (file) => SCARCE.test(readFileSync(file, 'utf8'));
  const scarce = files.filter(isScarce);
  const others = files.filter((file) => !scarce.includes(file));
  const between = Math.max(1, Math.floor(others.length / (scarce.length + 1)));
  return scarce.flatMap((file) => [file, ...others.splice(0, between)]).concat(others);
}

function rankOf(file) {
  const rank = LONG.findIndex((folder) => file.startsWith(`${folder}/`));
  return rank === -1 ? LONG.length : rank;
}
