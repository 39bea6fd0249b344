import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cell, foldersFor, type Outcome } from './cell.js';
import { discard } from './npm-versions.js';

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly { readonly title: string }[];
}

/** Runs the tests that depend on it. What they write goes into a file of the folder `logs`. @throws Unavailable */
export async function runCell(cell: Cell, project: string, logs: string): Promise<Outcome> {
  const { version, folder, node, env } = await cell.prepare();
  await mkdir(logs, { recursive: true });
  const name = cell.name.replace(' ', '-');
  const totals = join(logs, `${name}.json`);
  const log = createWriteStream(join(logs, `${name}.log`));
  try {
    const folders = foldersFor(cell.kind, await readdir(join(project, 'test')));
    const child = spawn(node, ['scripts/run-tests.mjs', ...folders], {
      cwd: folder,
      env: { ...process.env, ...env, TEST_TOTALS_FILE: totals },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    await once(child, 'close');
    const { passed, failed, skipped, failures } = JSON.parse(await readFile(totals, 'utf8')) as Totals;
    return {
      kind: cell.kind,
      name: cell.name,
      version,
      passed,
      failed,
      skipped,
      failures: failures.map(({ title }) => title),
    };
  } finally {
    log.end();
    await discard(project, folder);
  }
}
