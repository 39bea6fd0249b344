/**
 * What recording costs: streams assigned and finished, and CPU of this process, with recording off, into a flight recorder's ring, and to a file.
 * The three take turns in each round, after one round that is not counted. Nothing bare compares. Then what was written is replayed.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordOptions } from '../../src/index.js';
import { cpuMeter, type Row, row, timed } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';
import { createSubject } from '../streamwarden.js';

type Testing = typeof import('../../src/testing/index.js');

/** As it is shipped, like the runtime that is measured. */
const { replayFile } = (await import(
  new URL('../../dist/testing/index.js', import.meta.url).href
)) as Testing;

const MODES = ['off', 'ring', 'file'] as const;
type Mode = (typeof MODES)[number];

interface Cost {
  /** Assigned a second. */
  readonly rate: number;
  /** CPU milliseconds of this process for each thousand streams, assigned and finished, and written. */
  readonly cpu: number;
}

interface Replayed {
  readonly eventsPerSecond: number;
  readonly bytesPerEvent: number;
}

function optionOf(mode: Mode, file: string): RecordOptions | undefined {
  if (mode === 'off') return undefined;
  return mode === 'ring' ? { file, ring: {} } : { file };
}

async function live(
  url: string,
  streams: number,
  service: string,
  record: RecordOptions | undefined,
): Promise<Cost> {
  const subject = await createSubject(url, service, {
    capacity: streams * 2,
    ...(record === undefined ? {} : { record }),
  });
  const stop = await cpuMeter(url);
  const ms = await timed(() => subject.assign(streams));
  await subject.done('all');
  // Until everything is written.
  await subject.close();
  const { client } = await stop();
  return { rate: (streams / ms) * 1000, cpu: client / (streams / 1000) };
}

async function replayed(file: string): Promise<Replayed> {
  const { size } = await stat(file);
  let events = 0;
  const ms = await timed(async () => {
    const report = await replayFile(file);
    if (!report.agrees || report.lost > 0)
      throw new Error(`expected ${file} to replay whole, got: ${report.diverged} diverged`);
    events = report.events;
  });
  return { eventsPerSecond: (events / ms) * 1000, bytesPerEvent: size / events };
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const costs: Record<Mode, Cost[]> = { off: [], ring: [], file: [] };
  const replays: Replayed[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'streamwarden-bench-'));
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const mode of MODES) {
        const file = join(folder, `${mode}-${round}.jsonl`);
        const cost = await live(redis.url, streams, `recording-${mode}-${round}`, optionOf(mode, file));
        if (round === 0) continue;
        costs[mode].push(cost);
        if (mode === 'file') replays.push(await replayed(file));
      }
      progress(`recording: round ${round} of ${rounds}${round === 0 ? ' (warm-up)' : ''}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const of = (mode: Mode, part: keyof Cost) => costs[mode].map((cost) => cost[part]);
  return [
    ...MODES.map((mode) => row(`assigned, recording ${mode}`, '/s', of(mode, 'rate'), null)),
    ...MODES.map((mode) =>
      row(`client CPU per 1000 streams, recording ${mode}`, 'ms', of(mode, 'cpu'), null),
    ),
    row(
      'replay',
      'events/s',
      replays.map(({ eventsPerSecond }) => eventsPerSecond),
      null,
    ),
    row(
      'recording, per event',
      'bytes',
      replays.map(({ bytesPerEvent }) => bytesPerEvent),
      null,
    ),
  ];
}

export const recording: Scenario = { name: 'recording', run };
