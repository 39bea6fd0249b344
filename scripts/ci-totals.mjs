// Prints what failed, and the closing line of a CI run, from the totals that scripts/totals-reporter.cjs left: first the file of the
// suite, whose totals these are, then those of runs of which only the failures are told. Fails when the suite left none (the run broke
// off), when a test of it failed or when none ran.
import { readFileSync } from 'node:fs';

const [suite, ...others] = process.argv.slice(2).map(readTotals);
const { passed, failed, skipped } = suite;
for (const { title, file, why } of [suite, ...others].flatMap(({ failures = [] }) => failures))
  console.log(`\nfailed: ${title}\n  ${file}\n${why}\n`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function readTotals(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    console.error(`expected the tests to leave their totals in ${file}, got: ${error.message}`);
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
