/** The source of the last release, as it was tagged, where the clone has the tag. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from './programs.js';
import { lastRelease } from './release.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What git says; undefined where it refuses, as it does of a tag that is not there. */
export function git(...args: string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

export const releaseTag = () => `v${lastRelease().version}`;

export const hasReleaseTag = () =>
  git('rev-parse', '--verify', '--quiet', `${releaseTag()}^{commit}`) !== undefined;

/** Unpacks it beside today's dependencies before the suite, builds its library, a module, and removes all of it after. */
export function useReleasedSource(): () => URL {
  let folder = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'streamwarden-released-'));
    const archive = execFileSync(
      'git',
      ['archive', '--format=tar', releaseTag(), 'src', 'package.json', 'tsconfig.json'],
      {
        cwd: ROOT,
        maxBuffer: 256 * 1024 * 1024,
      },
    );
    execFileSync('tar', ['-x', '-C', folder], { input: archive });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await bundle([join(folder, 'src/index.ts')], join(folder, 'built'), join(folder, 'src'));
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  return () => pathToFileURL(join(folder, 'built/index.mjs'));
}
