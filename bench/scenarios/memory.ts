/**
 * Memory of held streams whose signals nobody has looked at. In processes of their own, so that nothing else is counted. The baseline is bare
 * ioredis that keeps the same strings, an object a stream in a Map.
 */
import { fileURLToPath } from 'node:url';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';

const CHILD = fileURLToPath(new URL('../memory-child.ts', import.meta.url));

interface Use {
  /** KB a stream. */
  readonly resident: number;
  readonly heap: number;
}

async function measure(kind: 'ours' | 'bare', url: string, service: string, streams: number): Promise<Use> {
  const args = ['--expose-gc', '--import', 'tsx', CHILD, kind, url, service, String(streams)];
  const child = JsonLineProcess.spawn(process.execPath, args);
  const line = await child.waitFor(({ type }) => type === 'Memory', { name: 'memory', timeoutMs: 120_000 });
  await child.exit;
  return { resident: Number(line.resident) / 1024, heap: Number(line.heap) / 1024 };
}

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const ours: Use[] = [];
  const bare: Use[] = [];
  const times = Math.min(rounds, 3);
  for (let round = 1; round <= times; round++) {
    ours.push(await measure('ours', redis.url, `memory-${round}`, streams));
    bare.push(await measure('bare', redis.url, `memory-bare-${round}`, streams));
    progress(`memory: round ${round} of ${times}`);
  }
  const of = (uses: readonly Use[], part: keyof Use) => uses.map((use) => use[part]);
  return [
    row('memory per held stream, resident', 'KB', of(ours, 'resident'), of(bare, 'resident')),
    row('memory per held stream, heap', 'KB', of(ours, 'heap'), of(bare, 'heap')),
  ];
}

export const memory: Scenario = { name: 'memory', run };
