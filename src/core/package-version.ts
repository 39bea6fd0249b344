/**
 * The version of this package. Run from its source this module reads the manifest; the build writes it anew, with the version in it
 * (scripts/generated.mjs): what is published reads no file.
 */
import { readFileSync } from 'node:fs';

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');

export const PACKAGE_VERSION: string = (JSON.parse(manifest) as { readonly version: string }).version;
