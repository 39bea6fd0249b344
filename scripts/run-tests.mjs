// Runs mocha over every test file, five at a time for two cores, unless --jobs says otherwise: they wait for servers most
// of the time. Other arguments are mocha's. Those that take long come to an end before the others, so that none of them runs alone at the end. Those that
// compute are one file to mocha, and begin at once. Arguments that begin with test/ are files and folders: only they are run then.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const LONG = [
  'test/cluster',
  'test/upgrade',
  'test/soak',
  'test/testing',
  'test/faults',
  'test/examples',
  'test/inspector',
];

/** Only three files at a time have one (test/support/cluster.ts). */
const CLUSTER = /(use(Cluster|Sentinels)|startRedis(Cluster|Sentinels))\(/;
const BROWSER = /useBrowser\(/;
/** Run the same code for seconds: each worker that runs one of them compiles it anew. */
const COMPUTING = /^test\/(simulation|explore|replay)\//;

/** Stands for the files that $TESTS_AS_ONE names. */
const AS_ONE = 'test/support/tests-as-one.ts';

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const [wanted, args] = partition(process.argv.slice(2), (arg) => arg.startsWith('test/'));
if (!args.some((arg) => /^(-j|--jobs)\b|^--no-parallel$/.test(arg))) {
  args.push('--jobs', String(Math.ceil(2.5 * availableParallelism())));
}

// A single job is no parallel run: mocha then runs all files in one process.
const files = filesOf('test').filter((file) => wanted.length === 0 || wanted.some((one) => isAt(file, one)));
const [computing, others] = partition(files, (file) => COMPUTING.test(file));
const first = computing.length > 0 ? [AS_ONE] : [];
const child = spawn(process.execPath, [mocha, ...first, ...inOrder(others), ...args], {
  stdio: 'inherit',
  env: { ...process.env, TESTS_AS_ONE: computing.join(':') },
});
child.once('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 0 : 1);
});

function isAt(file, place) {
  return file === place || file.startsWith(place.endsWith('/') ? place : `${place}/`);
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
}

function inOrder(files) {
  const [unit, others] = partition(files, (file) => file.startsWith('test/unit/'));
  const wants = (pattern) => (file) => pattern.test(readFileSync(file, 'utf8'));
  const [clusters, withoutCluster] = partition(others, wants(CLUSTER));
  const [browsers, withoutBrowser] = partition(withoutCluster, wants(BROWSER));
  // What computes is beside what waits, all the time: the files of a folder are alike, so each kind and each folder is spread over the run.
  const kinds = [clusters, browsers, ...byFolder(withoutBrowser)];
  const all = [
    ...kinds.flatMap((list, n) => spread(list, 0, isLong(list) ? 0.8 : 1, (n + 1) / (kinds.length + 1))),
    // They are short, and compute while the last of the others wait: no file runs alone at the end.
    ...spread(unit, 0.5, 1.2),
  ];
  return all.sort((a, b) => a.at - b.at).map(({ file }) => file);
}

function partition(list, isWanted) {
  return [list.filter((item) => isWanted(item)), list.filter((item) => !isWanted(item))];
}

/** In their order, evenly over this part of the run; `shift` keeps lists apart that are spread over one another. */
function spread(list, from, to, shift = 0) {
  return list.map((file, index) => ({ file, at: from + ((index + shift) / list.length) * (to - from) }));
}

function byFolder(list) {
  const folders = [...new Set(list.map(folderOf))];
  return folders.map((folder) => list.filter((file) => folderOf(file) === folder));
}

function folderOf(file) {
  return file.slice(0, file.indexOf('/', 'test/'.length));
}

function isLong(list) {
  return list.some((file) => LONG.includes(folderOf(file)));
}
