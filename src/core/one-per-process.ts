/** What has to be one a process, although this package may be in it twice: as ES modules and as CommonJS, or in each of two bundles. */
import { PACKAGE_VERSION } from './package-version.js';

/** Made by whichever copy of this version asks first; the others get the same. */
export function onePerProcess<T extends object>(what: string, make: () => T): T {
  const key = Symbol.for(`streamwarden ${PACKAGE_VERSION}: ${what}`);
  const everyones = globalThis as { [key: symbol]: T | undefined };
  everyones[key] ??= make();
  return everyones[key];
}
