/** The files of $TESTS_AS_ONE (paths from the repository's root, between colons), as one for mocha: what they all run is compiled once. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

// As mocha loads them: what they import is there once.
const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '../..');
for (const file of (process.env.TESTS_AS_ONE ?? '').split(':')) require(join(root, file));
