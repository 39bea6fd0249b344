/**
 * What each test file costs, where $TEST_COSTS names a file: a line of JSON for each, which the reporter (`scripts/totals-reporter.cjs`) makes a table of.
 * The processor's time is that of the process that runs the tests, and of the processes of its own that have ended.
 */
import { appendFileSync, readFileSync } from 'node:fs';

/** Named by whoever wants to know; workers inherit it. */
export const COSTS_FILE = 'TEST_COSTS';

export interface Cost {
  /** The file; of those that are one file to mocha, the outermost suite's title. */
  readonly of: string;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Of `cpuMs`, what processes took that were started and have ended. */
  readonly childrenMs: number;
}

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

/** Since the process began: when it loads its first file, starting it is part of that file's cost. */
let before = { wallMs: performance.timeOrigin, cpuMs: 0, childrenMs: 0 };

/** Tells what it cost to come here since the last call. */
export function tellCost(of: string): void {
  const file = process.env[COSTS_FILE];
  if (file === undefined || file === '') return;
  const now = spent();
  const cost: Cost = {
    of,
    wallMs: Math.round(now.wallMs - before.wallMs),
    cpuMs: Math.round(now.cpuMs - before.cpuMs),
    childrenMs: now.childrenMs - before.childrenMs,
  };
  before = now;
  appendFileSync(file, `${JSON.stringify(cost)}\n`);
}

function spent() {
  const { user, system } = process.cpuUsage();
  const childrenMs = childrenSpent();
  return {
    wallMs: performance.timeOrigin + performance.now(),
    cpuMs: (user + system) / 1000 + childrenMs,
    childrenMs,
  };
}

/** Nothing where there is no such file. */
function childrenSpent(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    // The second field is the program's name, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
  } catch {
    return 0;
  }
}
