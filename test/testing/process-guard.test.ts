import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';

/** Starts two processes, guards both, dismisses the guard of the second one, and goes on. */
const GUARDING = `
  import { spawn } from 'node:child_process';
  import { guardProcess } from ${JSON.stringify(new URL('../../.cache/modules/testing/process-guard.js', import.meta.url).href)};
  const start = () => spawn('sleep', ['1000'], { stdio: 'ignore', detached: true }).pid;
  const [kept, dismissed] = [start(), start()];
  guardProcess(kept, process.env.GUARDED_DIRECTORY);
  guardProcess(dismissed, undefined)();
  console.log(JSON.stringify([kept, dismissed]));
  setInterval(() => {}, 1000);
`;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the guard of processes', () => {
  it('ends when its process is killed those that it has not been dismissed from, and removes their directories', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'streamwarden guard '));
    const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '--eval', GUARDING], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, GUARDED_DIRECTORY: directory },
    });
    const [text] = await once(parent.stdout as NodeJS.ReadableStream, 'data');
    const [kept, dismissed] = JSON.parse(String(text)) as [number, number];
    try {
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      await eventually('its directory is removed', () => !existsSync(directory));
      await eventually('it is killed', () => !isRunning(kept));
      expect(isRunning(dismissed)).to.equal(true);
    } finally {
      for (const pid of [kept, dismissed]) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    }
  });
});
