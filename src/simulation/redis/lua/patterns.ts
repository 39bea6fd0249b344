/** Lua's patterns: matching as lstrlib.c of Lua 5.1 specifies it, over texts of one byte a character. */
import { LuaError } from './errors.js';

const MAX_CAPTURES = 32;
/** A capture that is a position, and one that is still open. */
const POSITION = -2;
const OPEN = -1;

const PERCENT = 37;
const DOLLAR = 36;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

function isAlpha(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

function isPunctuation(c: number): boolean {
  return c > 32 && c < 127 && !isAlpha(c) && !isDigit(c);
}

/** Whether `c` belongs to the class `%<letter>`. */
function inClass(c: number, letter: number): boolean {
  let result: boolean;
  switch (letter | 32) {
    case 97: // a
      result = isAlpha(c);
      break;
    case 99: // c
      result = c < 32 || c === 127;
      break;
    case 100: // d
      result = isDigit(c);
      break;
    case 108: // l
      result = c >= 97 && c <= 122;
      break;
    case 112: // p
      result = isPunctuation(c);
      break;
    case 115: // s
      result = c === 32 || (c >= 9 && c <= 13);
      break;
    case 117: // u
      result = c >= 65 && c <= 90;
      break;
    case 119: // w
      result = isAlpha(c) || isDigit(c);
      break;
    case 120: // x
      result = isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102);
      break;
    case 122: // z
      result = c === 0;
      break;
    default:
      return letter === c;
  }
  // A letter in upper case means the opposite. What is no letter ends in the default above.
  return isAlpha(letter) && letter < 97 ? !result : result;
}

/** One attempt to match, from one place of the text. */
export class Matcher {
  readonly #text: string;
  readonly #pattern: string;
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  #level = 0;
  #depth = 0;

  constructor(text: string, pattern: string) {
    this.#text = text;
    // Lua 5.1 reads a pattern up to its first zero byte.
    const zero = pattern.indexOf('\0');
    this.#pattern = zero === -1 ? pattern : pattern.slice(0, zero);
  }

  get captureCount(): number {
    return this.#level;
  }

  /** End of a match that begins at `start`; -1: none. `from`: where the pattern begins, after its anchor. */
  matchAt(start: number, from: number): number {
    this.#level = 0;
    this.#depth = 0;
    return this.#match(start, from);
  }

  /** A capture; the whole match for the first of a pattern that has none. */
  capture(at: number, start: number, end: number): string | number {
    if (at >= this.#level) {
      if (at === 0) return this.#text.slice(start, end);
      throw new LuaError('invalid capture index');
    }
    const length = this.#lengths[at] as number;
    const begin = this.#starts[at] as number;
    if (length === OPEN) throw new LuaError('unfinished capture');
    return length === POSITION ? begin + 1 : this.#text.slice(begin, begin + length);
  }

  /** All captures; the whole match when there are none, unless `onlyCaptures`. */
  captures(start: number, end: number, onlyCaptures = false): (string | number)[] {
    const count = this.#level === 0 && !onlyCaptures ? 1 : this.#level;
    const found: (string | number)[] = [];
    for (let at = 0; at < count; at += 1) found.push(this.capture(at, start, end));
    return found;
  }

  #classEnd(at: number): number {
    const pattern = this.#pattern;
    const c = pattern.charCodeAt(at);
    let p = at + 1;
    if (c === PERCENT) {
      if (p >= pattern.length) throw new LuaError("malformed pattern (ends with '%')");
      return p + 1;
    }
    if (c !== OPEN_BRACKET) return p;
    if (pattern.charCodeAt(p) === 94) p += 1;
    do {
      if (p >= pattern.length) throw new LuaError("malformed pattern (missing ']')");
      const one = pattern.charCodeAt(p);
      p += 1;
      if (one === PERCENT && p < pattern.length) p += 1;
    } while (pattern.charCodeAt(p) !== CLOSE_BRACKET);
    return p + 1;
  }

  /** Whether `c` is in the set that begins at `at` and whose `]` is at `close`. */
  #inSet(c: number, at: number, close: number): boolean {
    const pattern = this.#pattern;
    let p = at + 1;
    let isIn = true;
    if (pattern.charCodeAt(p) === 94) {
      isIn = false;
      p += 1;
    }
    for (; p < close; p += 1) {
      const one = pattern.charCodeAt(p);
      if (one === PERCENT) {
        p += 1;
        if (inClass(c, pattern.charCodeAt(p))) return isIn;
      } else if (pattern.charCodeAt(p + 1) === 45 && p + 2 < close) {
        if (one <= c && c <= pattern.charCodeAt(p + 2)) return isIn;
        p += 2;
      } else if (one === c) return isIn;
    }
    return !isIn;
  }

  #matchesOne(s: number, p: number, end: number): boolean {
    if (s >= this.#text.length) return false;
    const c = this.#text.charCodeAt(s);
    const one = this.#pattern.charCodeAt(p);
    switch (one) {
      case 46:
        return true;
      case PERCENT:
        return inClass(c, this.#pattern.charCodeAt(p + 1));
      case OPEN_BRACKET:
        return this.#inSet(c, p, end - 1);
      default:
        return one === c;
    }
  }

  #match(start: number, from: number): number {
    this.#depth += 1;
    // Lua 5.1 has no such limit, only its C stack.
    if (this.#depth > 5000) throw new LuaError('pattern too complex');
    const end = this.#doMatch(start, from);
    this.#depth -= 1;
    return end;
  }

  #doMatch(start: number, from: number): number {
    const pattern = this.#pattern;
    let s = start;
    let p = from;
    while (p < pattern.length) {
      const c = pattern.charCodeAt(p);
      if (c === 40) {
        return pattern.charCodeAt(p + 1) === 41
          ? this.#startCapture(s, p + 2, POSITION)
          : this.#startCapture(s, p + 1, OPEN);
      }
      if (c === 41) return this.#endCapture(s, p + 1);
      if (c === DOLLAR && p + 1 === pattern.length) return s === this.#text.length ? s : -1;
      if (c === PERCENT) {
        const next = pattern.charCodeAt(p + 1);
        if (next === 98) {
          const end = this.#matchBalance(s, p + 2);
          if (end === -1) return -1;
          s = end;
          p += 4;
          continue;
        }
        if (next === 102) {
          p += 2;
          if (pattern.charCodeAt(p) !== OPEN_BRACKET) throw new LuaError("missing '[' after '%f' in pattern");
          const end = this.#classEnd(p);
          const before = s === 0 ? 0 : this.#text.charCodeAt(s - 1);
          const here = s < this.#text.length ? this.#text.charCodeAt(s) : 0;
          if (this.#inSet(before, p, end - 1) || !this.#inSet(here, p, end - 1)) return -1;
          p = end;
          continue;
        }
        if (isDigit(next)) {
          const end = this.#matchCapture(s, next);
          if (end === -1) return -1;
          s = end;
          p += 2;
          continue;
        }
      }
      const end = this.#classEnd(p);
      const isMatch = this.#matchesOne(s, p, end);
      switch (pattern.charCodeAt(end)) {
        case 63: {
          // ?
          if (isMatch) {
            const result = this.#match(s + 1, end + 1);
            if (result !== -1) return result;
          }
          p = end + 1;
          continue;
        }
        case 42: // *
          return this.#expandMost(s, p, end);
        case 43: // +
          return isMatch ? this.#expandMost(s + 1, p, end) : -1;
        case 45: // -
          return this.#expandLeast(s, p, end);
        default:
          if (!isMatch) return -1;
          s += 1;
          p = end;
      }
    }
    return s;
  }

  #expandMost(s: number, p: number, end: number): number {
    let count = 0;
    while (this.#matchesOne(s + count, p, end)) count += 1;
    // The rest of the pattern is empty: whatever was taken is right.
    if (end + 1 === this.#pattern.length) return s + count;
    for (; count >= 0; count -= 1) {
      const result = this.#match(s + count, end + 1);
      if (result !== -1) return result;
    }
    return -1;
  }

  #expandLeast(s: number, p: number, end: number): number {
    for (let at = s; ; at += 1) {
      const result = this.#match(at, end + 1);
      if (result !== -1) return result;
      if (!this.#matchesOne(at, p, end)) return -1;
    }
  }

  #startCapture(s: number, p: number, what: number): number {
    if (this.#level >= MAX_CAPTURES) throw new LuaError('too many captures');
    this.#starts[this.#level] = s;
    this.#lengths[this.#level] = what;
    this.#level += 1;
    const result = this.#match(s, p);
    if (result === -1) this.#level -= 1;
    return result;
  }

  #endCapture(s: number, p: number): number {
    let open = this.#level - 1;
    while (open >= 0 && this.#lengths[open] !== OPEN) open -= 1;
    if (open < 0) throw new LuaError('invalid pattern capture');
    this.#lengths[open] = s - (this.#starts[open] as number);
    const result = this.#match(s, p);
    if (result === -1) this.#lengths[open] = OPEN;
    return result;
  }

  #matchBalance(s: number, p: number): number {
    const pattern = this.#pattern;
    if (p + 1 >= pattern.length) throw new LuaError('unbalanced pattern');
    const begin = pattern.charCodeAt(p);
    const end = pattern.charCodeAt(p + 1);
    if (s >= this.#text.length || this.#text.charCodeAt(s) !== begin) return -1;
    let depth = 1;
    for (let at = s + 1; at < this.#text.length; at += 1) {
      const c = this.#text.charCodeAt(at);
      if (c === end) {
        depth -= 1;
        if (depth === 0) return at + 1;
      } else if (c === begin) depth += 1;
    }
    return -1;
  }

  #matchCapture(s: number, digit: number): number {
    const at = digit - 49;
    if (at < 0 || at >= this.#level || this.#lengths[at] === OPEN)
      throw new LuaError('invalid capture index');
    const length = this.#lengths[at] as number;
    // A position capture has no text to come back to; C would compare with a length of -2, which never fits.
    if (length === POSITION) return -1;
    const begin = this.#starts[at] as number;
    const wanted = this.#text.slice(begin, begin + length);
    return this.#text.startsWith(wanted, s) ? s + length : -1;
  }
}

/** Begin and end of the first match from `init` on, and its matcher; undefined: none. */
export function findMatch(
  text: string,
  pattern: string,
  init: number,
): { start: number; end: number; matcher: Matcher } | undefined {
  const isAnchored = pattern.charCodeAt(0) === 94;
  const from = isAnchored ? 1 : 0;
  const matcher = new Matcher(text, pattern);
  for (let start = init; start <= text.length; start += 1) {
    const end = matcher.matchAt(start, from);
    if (end !== -1) return { start, end, matcher };
    if (isAnchored) break;
  }
  return undefined;
}
