// Mocha's spec reporter, which also says at the end what was skipped and why, and leaves the run's totals and failures as JSON in
// the file named by $TEST_TOTALS_FILE, for .ci/run. The reasons are what test/support/skip.ts wrote into the file named by $TEST_SKIPS_FILE.
const { readFileSync, writeFileSync } = require('node:fs');
const Mocha = require('mocha');

const MOST_TOLD = 4000;

module.exports = class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const failed = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      const why = String(error.stack ?? error.message ?? error);
      failed.push({ title: test.fullTitle(), file: test.file, why: why.slice(0, MOST_TOLD) });
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      if (pending > 0) tellSkipped(pending);
      const file = process.env.TEST_TOTALS_FILE;
      if (file === undefined || file === '') return;
      writeFileSync(
        file,
        JSON.stringify({ passed: passes, failed: failures, skipped: pending, failures: failed }),
      );
    });
  }
};

function tellSkipped(pending) {
  const reasons = new Set(readReasons().map(({ missing, remedy }) => `without ${missing}: ${remedy}`));
  console.log(`  skipped: ${pending}`);
  for (const reason of reasons) console.log(`    ${reason}`);
  console.log();
}

function readReasons() {
  try {
    const lines = readFileSync(process.env.TEST_SKIPS_FILE ?? '', 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}
