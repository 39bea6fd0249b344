/**
 * How many test files run at once. Some keep a core busy, others wait for servers, and which come together is chance: so few run whatever
 * happens, and a few more where the machine has time left.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Where those that run leave a mark, for all workers of a run. */
export const RUNNING_FOLDER = 'TEST_RUNNING_FOLDER';

/** A core. `scripts/run-tests.mjs` starts one worker more a core. */
const SURE = 2.5;
/** The part of all cores that has to be idle. */
const IDLE = 0.15;
const LOOK_MS = 500;
/** A worker that has ended without a word leaves its mark: nobody waits for that for ever. */
const MOST_MS = 300_000;

export async function openAdmission(): Promise<void> {
  process.env[RUNNING_FOLDER] = await mkdtemp(join(tmpdir(), 'streamwarden-running-'));
}

export async function closeAdmission(): Promise<void> {
  const folder = process.env[RUNNING_FOLDER];
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

/** Waits until this worker's file may run. */
export async function admitted(): Promise<void> {
  const mark = ownMark();
  if (mark === undefined) return;
  const until = performance.now() + MOST_MS;
  while (!(await isRoom()) && performance.now() < until);
  await writeFile(mark, '');
}

export async function left(): Promise<void> {
  const mark = ownMark();
  if (mark !== undefined) await rm(mark, { force: true });
}

function ownMark(): string | undefined {
  const folder = process.env[RUNNING_FOLDER];
  const worker = process.env.MOCHA_WORKER_ID;
  return folder === undefined || worker === undefined ? undefined : join(folder, worker);
}

async function isRoom(): Promise<boolean> {
  const sure = Math.ceil(SURE * availableParallelism());
  if (Number(process.env.MOCHA_WORKER_ID) < sure) return true;
  const running = await readdir(process.env[RUNNING_FOLDER] as string);
  return running.length < sure || (await idlePart()) >= IDLE;
}

/** The part of all cores that does nothing, for a moment. */
async function idlePart(): Promise<number> {
  const before = times();
  await delay(LOOK_MS);
  const after = times();
  return (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

function times(): { readonly idle: number; readonly all: number } {
  let [idle, all] = [0, 0];
  for (const { times: spent } of cpus()) {
    idle += spent.idle;
    for (const ms of Object.values(spent)) all += ms;
  }
  return { idle, all };
}
