/** Schedules as files: what once broke the contract, kept whole, so that it means the same when drawing changes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Schedule } from './schedule.js';

export interface Kept {
  /** What it showed, and the clause. */
  readonly reason: string;
  readonly schedule: Schedule;
}

export async function readKept(file: string): Promise<Kept> {
  return JSON.parse(await readFile(file, 'utf8')) as Kept;
}

export async function keep(file: string, kept: Kept): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(kept, null, 2)}\n`);
}
