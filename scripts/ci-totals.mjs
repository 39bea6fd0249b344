// Prints what failed, and the closing line of a CI run, from the totals that scripts/totals-reporter.cjs left. Fails when there are
// none (the run broke off), when a test failed or when no test ran.
import { readFileSync } from 'node:fs';

const { passed, failed, skipped, failures = [] } = readTotals(process.argv[2]);
for (const { title, file, why } of failures) console.log(`\nfailed: ${title}\n  ${file}\n${why}\n`);
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
