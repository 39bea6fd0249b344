import { readFile } from 'node:fs/promises';
import { runCommand } from '../../src/testing/run-command.js';
import { hangingMs } from './pace.js';
import { takeRunLock } from './run-lock.js';

/** What apt-get may take at most on two quiet cores: it downloads. */
const APT_MS = 240_000;

/**
 * Installs packages that tests need and that are ours to install: as root, on Debian and Ubuntu. By one file of a run at a time.
 *
 * @param isThere asked before and after, since another file may have been quicker
 * @returns why they are not there, in words; undefined when they are
 */
export async function installPackages(
  names: readonly string[],
  isThere: () => Promise<boolean>,
): Promise<string | undefined> {
  if (await isThere()) return undefined;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  if (!/^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release)) return 'this is neither Debian nor Ubuntu';
  if (process.getuid?.() !== 0) return 'only root may install packages';
  const lock = await takeRunLock('apt');
  try {
    if (await isThere()) return undefined;
    process.stderr.write(`streamwarden: installing ${names.join(', ')} for the tests\n`);
    const args = ['install', '--yes', '--no-install-recommends', ...names];
    const options = { timeoutMs: hangingMs(APT_MS), env: { DEBIAN_FRONTEND: 'noninteractive' } };
    const first = await runCommand('apt-get', args, options);
    // The package lists of a fresh container are empty.
    if (!first.ok) await runCommand('apt-get', ['update'], options);
    const last = first.ok ? first : await runCommand('apt-get', args, options);
    if (await isThere()) return undefined;
    return `apt-get install ${names.join(' ')}: ${last.output.trim().split('\n').at(-1) ?? ''}`;
  } finally {
    await lock.release();
  }
}
