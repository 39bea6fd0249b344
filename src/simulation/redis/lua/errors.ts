import { Unsupported } from '../unsupported.js';
import { lineAtLevel, presentLine } from './source-lines.js';

/** What a Lua script raises. A text raised by the interpreter itself begins with the place: `user_script:3: `. */
export class LuaError extends Error {
  /** The value that `pcall` gives: a text, a table, anything. */
  readonly value: unknown;
  /** Line of the script where it was raised; -1: unknown. */
  readonly line: number;

  /** @param level 1: a text gets the place where it was raised; 2: the place of the caller's caller; 0: none */
  constructor(value: unknown, level = 1) {
    super(typeof value === 'string' ? value : 'a Lua error');
    this.line = presentLine();
    const line = typeof value === 'string' && level > 0 ? lineAtLevel(level) : 0;
    this.value = line > 0 ? `user_script:${line}: ${value}` : value;
  }
}

/** The same for what a script uses. No script can catch it. */
export class UnsupportedLua extends Unsupported {
  constructor(what: string) {
    super(`in Lua: ${what}`);
    this.name = 'UnsupportedLua';
  }
}
