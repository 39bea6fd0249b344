/** A Chromium for tests of the page: the one that is named, the one that is installed, or, where that is ours to do, the system's package. */
import { readFile } from 'node:fs/promises';
import { runCommand } from '../../src/testing/run-command.js';
import { takeRunLock } from './run-lock.js';

const APT_TIMEOUT_MS = 240_000;
const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

async function works(path: string): Promise<boolean> {
  return (await runCommand(path, ['--version'])).ok;
}

async function findInstalled(): Promise<string | undefined> {
  for (const path of INSTALLED) if (await works(path)) return path;
  return undefined;
}

/** @returns why it was not installed; undefined when it was */
async function install(): Promise<string | undefined> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release)) return 'this is neither Debian nor Ubuntu';
  if (process.getuid?.() !== 0) return 'only root may install packages';
  process.stderr.write('streamwarden: no Chromium found, installing the package chromium\n');
  const args = ['install', '--yes', '--no-install-recommends', 'chromium'];
  const options = { timeoutMs: APT_TIMEOUT_MS, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  if ((await runCommand('apt-get', args, options)).ok) return undefined;
  // The package lists of a fresh container are empty.
  await runCommand('apt-get', ['update'], options);
  const again = await runCommand('apt-get', args, options);
  return again.ok ? undefined : `apt-get install chromium: ${again.output.trim().split('\n').at(-1) ?? ''}`;
}

/**
 * $CHROMIUM_BIN, or an installed Chromium, or, as root on Debian and Ubuntu, one that is installed now: by one test file of a run, while the others
 * wait for it.
 *
 * @returns its path, or in words why there is none
 */
export async function findChromium(): Promise<{ readonly path: string } | string> {
  const named = process.env.CHROMIUM_BIN;
  if (named !== undefined && named !== '') {
    return (await works(named)) ? { path: named } : `$CHROMIUM_BIN does not run: ${named}`;
  }
  const lock = await takeRunLock('chromium');
  try {
    const path = await findInstalled();
    if (path !== undefined) return { path };
    const problem = await install();
    if (problem !== undefined) return problem;
    const installed = await findInstalled();
    return installed === undefined ? 'the package chromium holds no program that runs' : { path: installed };
  } finally {
    await lock.release();
  }
}
