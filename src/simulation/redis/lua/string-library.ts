import {
  badArgument,
  intArgument,
  integerArgument,
  optionalInt,
  optionalInteger,
  stringArgument,
} from './arguments.js';
import { LuaError, UnsupportedLua } from './errors.js';
import { format } from './format.js';
import { numberToString } from './numbers.js';
import { first, index, typeName } from './operators.js';
import { findMatch, Matcher } from './patterns.js';
import { lua_callBack } from './source-lines.js';
import type { LuaFunction, LuaReturn, LuaValue } from './values.js';
import { LuaTable } from './values.js';

/** Most values that one function may push. */
const MOST_PUSHED = 8000;
const SPECIALS = /[\^$*+?.([%-]/;

/** A position from the end counts backwards. */
function fromEnd(position: number, length: number): number {
  const absolute = position < 0 ? position + length + 1 : position;
  return Math.max(absolute, 0);
}

function find(args: LuaValue[], name: 'find' | 'match'): LuaReturn {
  const text = stringArgument(args, 1, name);
  const pattern = stringArgument(args, 2, name);
  let init = fromEnd(optionalInteger(args, 3, name, 1), text.length) - 1;
  if (init < 0) init = 0;
  else if (init > text.length) init = text.length;
  const isPlain = args[3] !== undefined && args[3] !== false;
  // Lua looks for a special character up to the pattern's first zero byte only.
  if (name === 'find' && (isPlain || !SPECIALS.test(upToZero(pattern)))) {
    const at = text.indexOf(pattern, init);
    return at === -1 ? undefined : [at + 1, at + pattern.length];
  }
  const found = findMatch(text, pattern, init);
  if (found === undefined) return undefined;
  const { start, end, matcher } = found;
  if (name === 'find') return [start + 1, end, ...matcher.captures(start, end, true)];
  return matcher.captureCount <= 1 ? matcher.capture(0, start, end) : matcher.captures(start, end);
}

function upToZero(text: string): string {
  const zero = text.indexOf('\0');
  return zero === -1 ? text : text.slice(0, zero);
}

function replacement(value: LuaValue, matched: string): string {
  if (value === undefined || value === false) return matched;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberToString(value);
  throw new LuaError(`invalid replacement value (a ${typeName(value)})`);
}

/** A replacement text with `%1` and the like filled in. */
function filled(template: string, matcher: Matcher, matched: string, start: number, end: number): string {
  if (!template.includes('%')) return template;
  let result = '';
  for (let at = 0; at < template.length; at += 1) {
    const c = template[at] as string;
    if (c !== '%') {
      result += c;
      continue;
    }
    at += 1;
    const next = template[at] ?? '\0';
    if (next < '0' || next > '9') result += next;
    else if (next === '0') result += matched;
    else result += captureText(matcher, Number(next) - 1, start, end);
  }
  return result;
}

function captureText(matcher: Matcher, at: number, start: number, end: number): string {
  const value = matcher.capture(at, start, end);
  return typeof value === 'number' ? numberToString(value) : value;
}

function gsub(...args: LuaValue[]): LuaReturn {
  const text = stringArgument(args, 1, 'gsub');
  const pattern = stringArgument(args, 2, 'gsub');
  const by = args[2];
  const type = typeName(by);
  if (type !== 'number' && type !== 'string' && type !== 'function' && type !== 'table') {
    throw badArgument(3, 'gsub', 'string/function/table expected');
  }
  const most = optionalInt(args, 4, 'gsub', text.length + 1);
  const isAnchored = pattern.charCodeAt(0) === 94;
  const matcher = new Matcher(text, pattern);
  let result = '';
  let at = 0;
  let count = 0;
  while (count < most) {
    const end = matcher.matchAt(at, isAnchored ? 1 : 0);
    if (end !== -1) {
      count += 1;
      const matched = text.slice(at, end);
      if (typeof by === 'function') {
        result += replacement(first(lua_callBack(by, ...matcher.captures(at, end))), matched);
      } else if (by instanceof LuaTable) {
        result += replacement(index(by, matcher.capture(0, at, end)), matched);
      } else {
        const template = typeof by === 'number' ? numberToString(by) : (by as string);
        result += filled(template, matcher, matched, at, end);
      }
    }
    if (end !== -1 && end > at) at = end;
    else if (at < text.length) {
      result += text[at];
      at += 1;
    } else break;
    if (isAnchored) break;
  }
  return [result + text.slice(at), count];
}

function gmatch(...args: LuaValue[]): LuaReturn {
  const text = stringArgument(args, 1, 'gmatch');
  const pattern = stringArgument(args, 2, 'gmatch');
  const matcher = new Matcher(text, pattern);
  let at = 0;
  return () => {
    // An anchor has no meaning here: it would match itself.
    for (let start = at; start <= text.length; start += 1) {
      const end = matcher.matchAt(start, 0);
      if (end !== -1) {
        at = end === start ? end + 1 : end;
        return matcher.captures(start, end);
      }
    }
    at = text.length + 1;
    return undefined;
  };
}

function byte(...args: LuaValue[]): LuaReturn {
  const text = stringArgument(args, 1, 'byte');
  let from = fromEnd(optionalInteger(args, 2, 'byte', 1), text.length);
  let to = fromEnd(optionalInteger(args, 3, 'byte', from), text.length);
  if (from <= 0) from = 1;
  if (to > text.length) to = text.length;
  if (from > to) return [];
  if (to - from + 1 + args.length > MOST_PUSHED) throw new LuaError('string slice too long');
  if (from === to) return text.charCodeAt(from - 1);
  const bytes: number[] = [];
  for (let at = from; at <= to; at += 1) bytes.push(text.charCodeAt(at - 1));
  return bytes;
}

function char(...args: LuaValue[]): LuaReturn {
  let result = '';
  for (let at = 1; at <= args.length; at += 1) {
    const code = intArgument(args, at, 'char');
    if (code < 0 || code > 255) throw badArgument(at, 'char', 'invalid value');
    result += String.fromCharCode(code);
  }
  return result;
}

function sub(...args: LuaValue[]): LuaReturn {
  const text = stringArgument(args, 1, 'sub');
  let from = fromEnd(integerArgument(args, 2, 'sub'), text.length);
  let to = fromEnd(optionalInteger(args, 3, 'sub', -1), text.length);
  if (from < 1) from = 1;
  if (to > text.length) to = text.length;
  return from <= to ? text.slice(from - 1, to) : '';
}

function lower(...args: LuaValue[]): LuaReturn {
  return stringArgument(args, 1, 'lower').replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function upper(...args: LuaValue[]): LuaReturn {
  return stringArgument(args, 1, 'upper').replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function rep(...args: LuaValue[]): LuaReturn {
  const text = stringArgument(args, 1, 'rep');
  return text.repeat(Math.max(0, intArgument(args, 2, 'rep')));
}

function reverse(...args: LuaValue[]): LuaReturn {
  return [...stringArgument(args, 1, 'reverse')].reverse().join('');
}

function dump(): never {
  throw new UnsupportedLua('string.dump');
}

export const stringLibrary: Readonly<Record<string, LuaFunction>> = {
  byte,
  char,
  dump,
  find: (...args) => find(args, 'find'),
  format,
  gfind: () => {
    throw new LuaError("'string.gfind' was renamed to 'string.gmatch'");
  },
  gmatch,
  gsub,
  len: (...args) => stringArgument(args, 1, 'len').length,
  lower,
  match: (...args) => find(args, 'match'),
  rep,
  reverse,
  sub,
  upper,
};
