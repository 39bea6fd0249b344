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
  getFunctionName(): string | null;
}

/** How library functions call functions of the script. On the stack its name stands between the two, for a level without a line. */
export function lua_callBack<A extends unknown[], R>(call: (...args: A) => R, ...args: A): R {
  return call(...args);
}

/** Lines of the functions on Lua's stack, innermost first; 0 for one of the library. */
function levels(wanted: number): number[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 60;
    Error.prepareStackTrace = (_error, sites) => sites;
    const { stack } = new Error('where') as unknown as { stack: CallSite[] };
    const found: number[] = [];
    for (const site of stack) {
      const lines = lineTables.get(site.getScriptNameOrSourceURL() ?? '');
      if (lines !== undefined) found.push(lines[(site.getLineNumber() ?? 0) - 1] ?? 0);
      else if (site.getFunctionName() === lua_callBack.name) found.push(0);
      if (found.length >= wanted) break;
    }
    return found;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/**
 * Line of the function at this level: 1: the one that has called the library, or computes; 2: the one that called that, …
 * 0: it is a function of the library; -1: there is none.
 */
export function lineAtLevel(level: number): number {
  return levels(level)[level - 1] ?? -1;
}

/** Line of the innermost function of the script; -1: none is running. */
export function presentLine(): number {
  return levels(60).find((line) => line > 0) ?? -1;
}
