/** Whether this version and the last release understand each other in Redis, as far as their sources tell. */
import { readFileSync } from 'node:fs';
import { DIFFERENCES } from '../upgrade/differences.js';
import { layoutNow, layoutOf, luaFiles, type Release, specificationOf, TODAY } from './release.js';

/** Something that is not as it was. */
export interface Change {
  /** Names it; see `DIFFERENCES`. */
  readonly what: string;
  readonly was: string;
  readonly is: string;
}

export interface Side {
  /** Folder of its scripts. */
  readonly folder: URL;
  readonly layout: Readonly<Record<string, string>>;
}

export const todaysSide = (): Side => ({ folder: TODAY, layout: layoutNow() });

const isScript = (file: string) => !file.includes('/');

/**
 * Keys, arguments and replies of scripts, and the names of keys and fields. A script that is gone is no difference: the release brings its
 * own. What scripts do to Redis is seen only by running them.
 */
export function changesSince(release: Release, { folder, layout }: Side): Change[] {
  const changes: Change[] = [];
  const wasThere = luaFiles(release.folder);
  for (const file of luaFiles(folder).filter(isScript)) {
    const name = file.replace(/\.lua$/, '');
    if (!wasThere.includes(file)) {
      changes.push({ what: `script ${name}`, was: 'none', is: 'there' });
      continue;
    }
    const [was = [], is = []] = [release.folder, folder].map((place) =>
      specificationOf(readFileSync(new URL(file, place), 'utf8')),
    );
    if (was.join('\n') === is.join('\n')) continue;
    const only = (lines: string[], others: string[]) =>
      lines.filter((line) => !others.includes(line)).join('\n    ');
    changes.push({ what: `interface of ${name}`, was: only(was, is), is: only(is, was) });
  }
  const released = layoutOf(release);
  for (const what of new Set([...Object.keys(released), ...Object.keys(layout)])) {
    const [was, is] = [released[what] ?? 'none', layout[what] ?? 'none'];
    if (was !== is) changes.push({ what: `name of ${what}`, was, is });
  }
  return changes;
}

const WHAT_TO_DO = (version: string) => `
While a fleet is upgraded, ${version} and this version work in one group, so each has to understand what the other leaves in Redis. One of:
1. Take the change back, or put what is new beside what there is: a new key, field or script that ${version} leaves alone.
2. Where ${version} understands it all the same: write in DIFFERENCES (test/upgrade/differences.ts) why, and run test/upgrade with the
   tag v${version} in the clone (git fetch --tags), which sets the released source itself beside today's.
3. Where it does not: raise the mark of the format ('v1:' in presence, 'v1 ' in owners), so that neither works beside the other, and
   say in CHANGELOG.md that a fleet is to be stopped for this upgrade.
test/upgrade/README.md says more.`;

/** Undefined where each of the changes has been declared; else what they are and what to do about them. */
export function objection(
  { version }: Release,
  changes: readonly Change[],
  declared = DIFFERENCES,
): string | undefined {
  const undeclared = changes.filter(({ what }) => !declared.some((one) => one.what === what));
  if (undeclared.length === 0) return undefined;
  const list = undeclared.map(({ what, was, is }) => `- ${what}\n  in ${version}: ${was}\n  now: ${is}`);
  return `expected nothing to differ from ${version}, got:\n${list.join('\n')}\n${WHAT_TO_DO(version)}`;
}
