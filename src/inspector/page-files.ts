/**
 * The page's files, by the addresses at which they are served. Run from its source this module reads what was built last; the build writes it
 * anew, with the files in it (scripts/generated.mjs): what is published reads no file, and a bundler takes the page along.
 */
import { fileURLToPath } from 'node:url';
import { readPage } from './page-folder.js';

export const PAGE_FILES: ReadonlyMap<string, string> = readPage(
  fileURLToPath(new URL('../../.cache/page/', import.meta.url)),
);
