/** The files of $TESTS_AS_ONE (paths from the repository's root, between colons), as one for mocha: what they all run is compiled once. */
const root = new URL('../../', import.meta.url);
for (const file of (process.env.TESTS_AS_ONE ?? '').split(':')) await import(new URL(file, root).href);
