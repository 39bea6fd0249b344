/** A seed of the simulation is a scene: whole fleets under many faults. Of each only the processes are kept that live through what no other recording tells of. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runSchedule } from '../../simulate/fleet.js';
import { drawSchedule } from '../../simulate/schedule.js';
import type { FileOf, Scene } from './scenes.js';

const SEEDS: Readonly<Record<number, readonly string[]>> = {
  2: ['c2-2'],
  5: ['c1-1'],
  8: ['c1-1'],
  11: ['c2-2'],
  13: ['c2-2'],
  14: ['c0-0'],
};

async function simulated(seed: number, processes: readonly string[], file: FileOf): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'streamwarden-scene-'));
  try {
    await runSchedule(drawSchedule(seed, {}), { recordings: folder });
    for (const one of processes) await copyFile(join(folder, `${one}.jsonl`), file(one));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const SIMULATED_SCENES: Readonly<Record<string, Scene>> = Object.fromEntries(
  Object.entries(SEEDS).map(([seed, processes]) => [
    `seed-${seed}`,
    (file: FileOf) => simulated(Number(seed), processes, file),
  ]),
);
