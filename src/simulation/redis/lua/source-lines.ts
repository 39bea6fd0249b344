/**
 * Which line of a Lua script is executing. Compiled scripts carry no line counter: when something is raised, the JavaScript stack is looked
 * at, and the lines of the compiled text are mapped back.
 */

/** Name of a compiled script, as the stack shows it, to the Lua line of each of its own lines. */
const lineTables = new Map<string, readonly number[]>();
let compiled = 0;

/** Gives a name to a script about to be compiled. */
export function newScriptName(): string {
  compiled += 1;
  return `streamwarden-lua-${compiled}`;
}

export function registerLines(name: string, lines: readonly number[]): void {
  lineTables.set(name, lines);
}

export function forgetLines(name: string): void {
  lineTables.delete(name);
}

interface CallSite {
  getScriptNameOrSourceURL(): string | null;
  getLineNumber(): number | null;
}

/** @param level 1: the innermost Lua function on the stack, 2: the one that called it, … Line of it; -1 when there is none. */
export function lineOfThrow(level: number): number {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 40;
    Error.prepareStackTrace = (_error, sites) => sites;
    const { stack } = new Error('where') as unknown as { stack: CallSite[] };
    let left = level;
    for (const site of stack) {
      const lines = lineTables.get(site.getScriptNameOrSourceURL() ?? '');
      if (lines === undefined) continue;
      left -= 1;
      if (left === 0) return lines[(site.getLineNumber() ?? 0) - 1] ?? -1;
    }
    return -1;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
