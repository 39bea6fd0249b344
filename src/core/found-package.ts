/**
 * Packages that are found at run time. They are no peer dependencies: a peer of another version than is wanted breaks the installation, also for
 * those who never need it.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf } from './errors.js';

export interface WantedPackage {
  readonly name: string;
  /** The first version that will do, and the first one that will not. */
  readonly from: string;
  readonly below: string;
}

/** Its message says what is wanted, what was found, and what to do. */
export class PackageUnfit extends Error {
  override readonly name = 'PackageUnfit';
}

/**
 * What stands in the project that this process runs in, or else beside this package.
 *
 * @param load imports it by its name, from beside this package
 * @param folder of the project
 * @throws PackageUnfit when it is missing, cannot be loaded, or is of another version
 */
export async function foundPackage<T>(
  wanted: WantedPackage,
  load: () => Promise<T>,
  folder = process.cwd(),
): Promise<T> {
  const { name, from, below } = wanted;
  const require = createRequire(join(folder, 'package.json'));
  const file = resolved(require, name);
  const version = file === undefined ? undefined : versionOf(file, name);
  if (version !== undefined && !(compare(version, from) >= 0 && compare(version, below) < 0)) {
    throw new PackageUnfit(`${expected(wanted)}, got: ${version}; ${remedy(wanted)}`);
  }
  try {
    return file === undefined ? await load() : (require(file) as T);
  } catch (error) {
    throw new PackageUnfit(`${expected(wanted)}, got: ${messageOf(error)}; ${remedy(wanted)}`, {
      cause: error,
    });
  }
}

const expected = ({ name, from, below }: WantedPackage) =>
  `expected the package ${name} of a version >=${from} <${below} to be installed`;

const remedy = ({ name, from, below }: WantedPackage) => `npm install "${name}@>=${from} <${below}"`;

function resolved(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

/** Undefined: its manifest is nowhere above the file. */
function versionOf(file: string, name: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        readonly name?: string;
        readonly version?: string;
      };
      if (manifest.name === name) return manifest.version;
    } catch {
      // Not every folder has one.
    }
  }
  return undefined;
}

/** By their numbers; what follows those of a preview does not count. */
function compare(a: string, b: string): number {
  const [one, other] = [a, b].map((version) => version.split(/[-+]/, 1)[0]?.split('.').map(Number) ?? []);
  for (const at of [0, 1, 2]) {
    const difference = (one?.[at] ?? 0) - (other?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
