import { relative } from 'node:path';
import type { RootHookObject } from 'mocha';
import { tellCost } from './costs.js';
import { closeLeaks, failOnLeaks, type Leak, openNow } from './leaks.js';
import { forgetLateness, measureNextFile } from './pace.js';

const AS_ONE = 'test/support/tests-as-one.ts';

let openBeforeTest: ReadonlyMap<object, Leak> = new Map();
/** What the last test belongs to. */
let costsOf: string | undefined;

// Root hooks run around those of the suites: what a suite opens in `before` is there in `beforeEach` and allowed to stay
// until the end of the file, what a test or a `beforeEach` opens must be gone when the last `afterEach` has run.
export const mochaHooks: RootHookObject = {
  beforeEach(this: Mocha.Context) {
    noteCosts(this.currentTest);
    forgetLateness();
    openBeforeTest = openNow();
  },
  async afterEach(this: Mocha.Context) {
    // A test that has failed may not have come to closing what it opened: that is closed for it, and is no failure of its own.
    if (this.currentTest?.state === 'failed') await closeLeaks(openBeforeTest);
    else await failOnLeaks(openBeforeTest, `'${this.currentTest?.fullTitle() ?? 'the test'}'`);
  },
  async afterAll() {
    await failOnLeaks(new Map(), 'the suites');
    noteCosts(undefined);
    // A worker loads its next file now.
    await measureNextFile();
  },
};

/** Before a test, or after the last one: what came before belongs to what has ended, loading it included. */
function noteCosts(test: Mocha.Test | undefined): void {
  const next = test === undefined ? undefined : nameOf(test);
  if (costsOf !== undefined && costsOf !== next) tellCost(costsOf);
  costsOf = next;
}

/** The file; where mocha knows several as one, the outermost suite. */
function nameOf(test: Mocha.Test): string {
  const { file = '' } = test;
  return file.endsWith(AS_ONE) ? `as one: ${test.titlePath()[0]}` : relative(process.cwd(), file);
}
