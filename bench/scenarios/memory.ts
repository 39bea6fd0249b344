/** Memory of held streams whose signals nobody has looked at. In a process of its own, so that nothing else is counted. */
import { fileURLToPath } from 'node:url';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { type Row, row } from '../measure.js';
import type { Scenario, Setting } from '../scenario.js';

const CHILD = fileURLToPath(new URL('../memory-child.ts', import.meta.url));

async function run({ redis, streams, rounds, progress }: Setting): Promise<Row[]> {
  const resident: number[] = [];
  const heap: number[] = [];
  const times = Math.min(rounds, 3);
  for (let round = 1; round <= times; round++) {
    const args = ['--expose-gc', '--import', 'tsx', CHILD, redis.url, `memory-${round}`, String(streams)];
    const child = JsonLineProcess.spawn(process.execPath, args);
    const line = await child.waitFor(({ type }) => type === 'Memory', { name: 'memory', timeoutMs: 120_000 });
    await child.exit;
    resident.push(Number(line.resident) / 1024);
    heap.push(Number(line.heap) / 1024);
    progress(`memory: round ${round} of ${times}`);
  }
  return [
    row('memory per held stream, resident', 'KB', resident, null),
    row('memory per held stream, heap', 'KB', heap, null),
  ];
}

export const memory: Scenario = { name: 'memory', run };
