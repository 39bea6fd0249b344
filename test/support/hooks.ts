import type { RootHookObject } from 'mocha';
import { closeLeaks, failOnLeaks, type Leak, openNow } from './leaks.js';
import { forgetLateness, measureNextFile } from './pace.js';

let openBeforeTest: ReadonlyMap<object, Leak> = new Map();

// Root hooks run around those of the suites: what a suite opens in `before` is there in `beforeEach` and allowed to stay
// until the end of the file, what a test or a `beforeEach` opens must be gone when the last `afterEach` has run.
export const mochaHooks: RootHookObject = {
  beforeEach() {
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
    // A worker loads its next file now.
    await measureNextFile();
  },
};
