/**
 * `npm run bench [-- --only NAME,…] [--streams N] [--rounds N] [--json] [--write FILE]`: figures beside bare ioredis, in one run on servers of
 * its own. These machines are shared and noisy, so the ratio is the figure; medians of the rounds are shown.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { startRedis } from '../src/testing/index.js';
import { writeDocument } from './document.js';
import { type Row, table } from './measure.js';
import type { Scenario } from './scenario.js';
import { assignDone } from './scenarios/assign-done.js';
import { balance } from './scenarios/balance.js';
import { blockedLoop } from './scenarios/blocked-loop.js';
import { onCluster } from './scenarios/cluster.js';
import { deadConsumers } from './scenarios/dead-consumers.js';
import { ensure } from './scenarios/ensure.js';
import { entries } from './scenarios/entries.js';
import { failOverBySigkill } from './scenarios/fail-over.js';
import { fleet } from './scenarios/fleet.js';
import { hold } from './scenarios/hold.js';
import { hotName } from './scenarios/hot-name.js';
import { idleFleet } from './scenarios/idle-fleet.js';
import { inspector } from './scenarios/inspector.js';
import { large } from './scenarios/large.js';
import { memory } from './scenarios/memory.js';
import { recording } from './scenarios/recording.js';
import { redrive } from './scenarios/redrive.js';
import { startStop } from './scenarios/start-stop.js';
import { telemetry } from './scenarios/telemetry.js';

const SCENARIOS: readonly Scenario[] = [
  assignDone,
  ensure,
  entries,
  hotName,
  hold,
  failOverBySigkill,
  large,
  memory,
  idleFleet,
  fleet,
  balance,
  deadConsumers,
  blockedLoop,
  startStop,
  recording,
  telemetry,
  redrive,
  inspector,
  onCluster,
];

const HELP = `npm run bench [-- OPTIONS]

  --only NAMES   ${SCENARIOS.map(({ name }) => name).join(', ')}; separated by commas (default: all)
  --streams N    how many streams (default: 10000); the scenario 'large' takes five times as many
  --rounds N     how many rounds are counted (default: 5)
  --json         one JSON object a line
  --write FILE   write the figures and their configuration to a Markdown file as well, and keep what people wrote below them

Examples:
  npm run bench -- --only assign-done
  npm run bench -- --streams 50000 --rounds 1 --json
`;

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function optionsOf() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string' },
        streams: { type: 'string', default: '10000' },
        rounds: { type: 'string', default: '5' },
        json: { type: 'boolean', default: false },
        write: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  return Number.isInteger(value) && value >= 1
    ? value
    : fail(`expected ${name} to be an integer from 1 up, got: ${text}`);
}

const options = optionsOf();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const streams = wholeNumber('--streams', options.streams);
const rounds = wholeNumber('--rounds', options.rounds);
const wanted = options.only?.split(',') ?? SCENARIOS.map(({ name }) => name);
const unknown = wanted.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
if (unknown !== undefined) {
  fail(`expected --only to name ${SCENARIOS.map(({ name }) => name).join(', ')}, got: ${unknown}`);
}

const load = () => (loadavg()[0] ?? 0).toFixed(1);
const loadBefore = load();
const rows: Row[] = [];
let server = '';
for (const scenario of SCENARIOS) {
  if (!wanted.includes(scenario.name)) continue;
  await using redis = await startRedis();
  server = `${redis.binary.product} ${redis.binary.version}`;
  const progress = (words: string) => process.stderr.write(`${words}\n`);
  rows.push(...(await scenario.run({ redis, streams, rounds, progress })));
}

const configuration = {
  streams,
  rounds,
  node: process.version,
  server,
  cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
  // Whether something else ran as well: the bench itself makes 1 to 2.
  load: `${loadBefore} before, ${load()} after`,
};
const words = Object.entries(configuration)
  .map(([name, value]) => `${name}: ${value}`)
  .join(' · ');
if (options.json)
  for (const one of rows) console.log(JSON.stringify({ type: 'Figure', ...one, ...configuration }));
else console.log(`${words}\n${table(rows)}`);
if (options.write !== undefined) await writeDocument(options.write, words, rows);
