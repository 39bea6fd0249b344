/**
 * `npm run bench [-- --json] [--streams N] [--rounds N]`: assigning and finishing streams, beside bare ioredis that sends the same
 * commands, in one run on a server of its own. The machine is shared and noisy, so the ratio is the figure; rounds alternate and medians
 * are shown, after one round that is not counted.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { startRedis } from '../src/testing/index.js';
import { createBaseline } from './baseline.js';
import { row, table, timed } from './measure.js';
import { createSubject } from './streamwarden.js';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    streams: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
  },
});
const streams = Number(values.streams);
const rounds = Number(values.rounds);
if (!Number.isInteger(streams) || streams < 1 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    `expected --streams and --rounds to be integers from 1 up, got: ${values.streams}, ${values.rounds}`,
  );
  process.exit(2);
}

const redis = await startRedis();
const figures = {
  assign: [[], []] as [number[], number[]],
  doneAll: [[], []] as [number[], number[]],
  done16: [] as number[],
};
for (let round = 0; round <= rounds; round++) {
  const keep = (list: number[], ms: number) => {
    if (round > 0) list.push(ms);
  };
  const baseline = await createBaseline(redis.url, `base-${round}`);
  keep(figures.assign[1], await timed(() => baseline.assign(streams)));
  keep(figures.doneAll[1], await timed(() => baseline.done()));
  baseline.close();

  const subject = await createSubject(redis.url, `ours-${round}`, streams * 2);
  keep(figures.assign[0], await timed(() => subject.assign(streams)));
  keep(figures.doneAll[0], await timed(() => subject.done('all')));
  await subject.assign(streams);
  keep(figures.done16, await timed(() => subject.done(16)));
  await subject.close();
  if (!values.json) process.stderr.write(`round ${round} of ${rounds}${round === 0 ? ' (warm-up)' : ''}\n`);
}
const { product, version } = redis.binary;
await redis.stop();

const configuration = {
  streams,
  rounds,
  node: process.version,
  server: `${product} ${version}`,
  cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
};
const rows = [
  row('assign all', ...figures.assign),
  row('done, all at once', ...figures.doneAll),
  // Nothing bare compares: the baseline has no callers that wait each for its own.
  row('done, 16 callers', figures.done16, null),
];
if (values.json) {
  for (const line of rows) console.log(JSON.stringify({ type: 'Figure', ...line, ...configuration }));
} else {
  console.log(
    Object.entries(configuration)
      .map(([key, value]) => `${key}: ${value}`)
      .join(' · '),
  );
  console.log(table(rows));
}
