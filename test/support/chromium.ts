/** A Chromium for tests of the page: the one that is named, the one that is installed, or, where that is ours to do, the system's package. */
import { runCommand } from '../../src/testing/run-command.js';
import { installPackages } from './debian.js';

/** The one without windows first: it starts and draws for half of the CPU. */
const INSTALLED = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Debian has both, Ubuntu none that is more than a pointer to a snap. */
const PACKAGE = 'chromium-headless-shell';

async function works(path: string): Promise<boolean> {
  return (await runCommand(path, ['--version'])).ok;
}

async function findInstalled(): Promise<string | undefined> {
  for (const path of INSTALLED) if (await works(path)) return path;
  return undefined;
}

/**
 * $CHROMIUM_BIN, or an installed Chromium, or, as root on Debian and Ubuntu, one that is installed now.
 *
 * @returns its path, or in words why there is none
 */
export async function findChromium(): Promise<{ readonly path: string } | string> {
  const named = process.env.CHROMIUM_BIN;
  if (named !== undefined && named !== '') {
    return (await works(named)) ? { path: named } : `$CHROMIUM_BIN does not run: ${named}`;
  }
  // Each look starts a Chromium.
  let path = '';
  const isInstalled = async () => {
    path = (await findInstalled()) ?? '';
    return path !== '';
  };
  const problem = await installPackages([PACKAGE], isInstalled);
  return problem ?? { path };
}
