// Mocha's spec reporter, which also says at the end what was skipped and why, and leaves the run's totals and failures as JSON in
// the file named by $TEST_TOTALS_FILE, for .ci/run. The reasons are what test/support/skip.ts wrote into the file named by $TEST_SKIPS_FILE. Where $TEST_COSTS
// names a file, test/support/costs.ts writes there what each test file costs; the dearest are listed.
const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const Mocha = require('mocha');

const MOST_TOLD = 4000;
const MOST_COSTS = 30;

module.exports = class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { TEST_COSTS: costs = '' } = process.env;
    if (costs !== '') rmSync(costs, { force: true });
    const failed = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test, error) => {
      const why = String(error.stack ?? error.message ?? error);
      failed.push({ title: test.fullTitle(), file: test.file, why: why.slice(0, MOST_TOLD) });
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      if (pending > 0) tellSkipped(pending);
      tellCosts();
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
  return readLines(process.env.TEST_SKIPS_FILE);
}

function tellCosts() {
  const costs = readLines(process.env.TEST_COSTS);
  if (costs.length === 0) return;
  const inSeconds = (ms) => (ms / 1000).toFixed(1).padStart(9);
  const total = costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  console.log(`      CPU   of that    passed`);
  console.log(`        s children s         s`);
  for (const { of, cpuMs, childrenMs, wallMs } of costs
    .sort((a, b) => b.cpuMs - a.cpuMs)
    .slice(0, MOST_COSTS)) {
    console.log(`${inSeconds(cpuMs)} ${inSeconds(childrenMs)} ${inSeconds(wallMs)}  ${of}`);
  }
  console.log(`${inSeconds(total)}  all\n`);
}

/** Of JSON each. */
function readLines(file) {
  try {
    const lines = readFileSync(file ?? '', 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  } catch {
    return [];
  }
}
