import {
  anyValue,
  badArgument,
  intArgument,
  optionalInt,
  stringArgument,
  tableArgument,
} from './arguments.js';
import { LuaError, UnsupportedLua } from './errors.js';
import { numberToString, stringToNumber } from './numbers.js';
import { first, index, many, metamethod, typeName } from './operators.js';
import { lua_callBack } from './source-lines.js';
import type { LuaFunction, LuaReturn, LuaValue } from './values.js';
import { LuaTable } from './values.js';

/** Most values that a function may push. */
const MOST_PUSHED = 8000;

const FIRST_ADDRESS = 0x55550000;
let addresses = new WeakMap<object, number>();
let nextAddress = FIRST_ADDRESS;

/** Before a script runs: what it shows as addresses is the same whatever ran before. */
export function forgetAddresses(): void {
  if (nextAddress === FIRST_ADDRESS) return;
  addresses = new WeakMap();
  nextAddress = FIRST_ADDRESS;
}

/** Stands for an address: the same for the same object, another one for another. */
function addressOf(value: object): string {
  let address = addresses.get(value);
  if (address === undefined) {
    nextAddress += 64;
    address = nextAddress;
    addresses.set(value, address);
  }
  return `0x${address.toString(16).padStart(12, '0')}`;
}

export function toText(value: LuaValue): LuaValue {
  const meta = metamethod(value, '__tostring');
  if (typeof meta === 'function') return first(lua_callBack(meta, value));
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'boolean':
      return String(value);
    case 'number':
      return numberToString(value);
    case 'string':
      return value;
    default:
      if (typeName(value) === 'userdata') return 'userdata: (nil)';
      return `${typeName(value)}: ${addressOf(value)}`;
  }
}

function toNumberInBase(args: LuaValue[]): LuaReturn {
  const base = optionalInt(args, 2, 'tonumber', 10);
  if (base === 10) {
    const value = anyValue(args, 1, 'tonumber');
    if (typeof value === 'number') return value;
    return typeof value === 'string' ? stringToNumber(value) : undefined;
  }
  const text = stringArgument(args, 1, 'tonumber');
  if (base < 2 || base > 36) throw badArgument(2, 'tonumber', 'base out of range');
  const zero = text.indexOf('\0');
  const parts = /^[ \t\n\v\f\r]*([+-]?)(?:0[xX](?=[0-9a-fA-F]))?([0-9a-zA-Z]+)[ \t\n\v\f\r]*$/.exec(
    zero === -1 ? text : text.slice(0, zero),
  );
  const plain = /^[ \t\n\v\f\r]*([+-]?)([0-9a-zA-Z]+)[ \t\n\v\f\r]*$/.exec(
    zero === -1 ? text : text.slice(0, zero),
  );
  const read = base === 16 ? parts : plain;
  if (read === null) return undefined;
  let value = 0n;
  for (const c of (read[2] as string).toLowerCase()) {
    const digit = c >= 'a' ? c.charCodeAt(0) - 87 : c.charCodeAt(0) - 48;
    if (digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  const most = (1n << 64n) - 1n;
  if (value > most) value = most;
  else if (read[1] === '-') value = ((1n << 64n) - value) % (1n << 64n);
  return Number(value);
}

function select(...args: LuaValue[]): LuaReturn {
  if (args[0] === '#') return args.length - 1;
  const from = intArgument(args, 1, 'select');
  const at = from < 0 ? args.length + from : from;
  if (at < 1) throw badArgument(1, 'select', 'index out of range');
  return args.slice(at);
}

export function unpack(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'unpack');
  const from = optionalInt(args, 2, 'unpack', 1);
  const to = args[2] === undefined ? table.length : intArgument(args, 3, 'unpack');
  if (from > to) return [];
  if (to - from + 1 + args.length > MOST_PUSHED) throw new LuaError('too many results to unpack');
  const values: LuaValue[] = [];
  for (let at = from; at <= to; at += 1) values.push(table.get(at));
  return values;
}

/** What was raised, as a Lua value; anything else than a Lua error goes on. */
function raisedValue(error: unknown): LuaValue {
  if (error instanceof LuaError) return error.value as LuaValue;
  if (error instanceof RangeError && error.message.includes('call stack')) return 'stack overflow';
  throw error;
}

/**
 * What Redis's own `pcall` returns beside false: of an error of Redis's only its text, as before Redis 7; of any other table the table, and
 * after it what stands under `err`, which is left on the stack.
 */
function caught(error: unknown): LuaValue[] {
  const value = raisedValue(error);
  if (!(value instanceof LuaTable)) return [value];
  const text = index(value, 'err');
  return typeof text === 'string' || typeof text === 'number' ? [text] : [value, text];
}

function pcall(...args: LuaValue[]): LuaReturn {
  anyValue(args, 1, 'pcall');
  const [call, ...rest] = args;
  try {
    if (typeof call !== 'function') throw new LuaError(`attempt to call a ${typeName(call)} value`, 0);
    return [true, ...many(lua_callBack(call, ...rest))];
  } catch (error) {
    return [false, ...caught(error)];
  }
}

function xpcall(...args: LuaValue[]): LuaReturn {
  anyValue(args, 2, 'xpcall');
  const [call, handler] = args;
  try {
    if (typeof call !== 'function') throw new LuaError(`attempt to call a ${typeName(call)} value`, 0);
    return [true, ...many(lua_callBack(call))];
  } catch (error) {
    const value = raisedValue(error);
    return [false, typeof handler === 'function' ? first(lua_callBack(handler, value)) : value];
  }
}

function ipairs(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'ipairs');
  return [nextIndex, table, 0];
}

function nextIndex(...args: LuaValue[]): LuaReturn {
  const at = intArgument(args, 2, 'ipairs') + 1;
  const value = tableArgument(args, 1, 'ipairs').get(at);
  return value === undefined ? [] : [at, value];
}

function next(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'next');
  const key = table.next(args[1]);
  return key === undefined ? undefined : [key, table.get(key)];
}

function pairs(...args: LuaValue[]): LuaReturn {
  return [next, tableArgument(args, 1, 'pairs'), undefined];
}

function setmetatable(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'setmetatable');
  const meta = args[1];
  if (args.length < 2 || !(meta === undefined || meta instanceof LuaTable))
    throw badArgument(2, 'setmetatable', 'nil or table expected');
  if (table.meta?.get('__metatable') !== undefined) throw new LuaError('cannot change a protected metatable');
  if (table.isReadOnly) throw new LuaError('Attempt to modify a readonly table');
  if (meta?.get('__gc') !== undefined || meta?.get('__mode') !== undefined)
    throw new UnsupportedLua('metatables with __gc or __mode');
  table.meta = meta;
  return table;
}

function getmetatable(...args: LuaValue[]): LuaReturn {
  const value = anyValue(args, 1, 'getmetatable');
  if (typeof value === 'string') throw new UnsupportedLua('the metatable of strings');
  if (!(value instanceof LuaTable) || value.meta === undefined) return undefined;
  return value.meta.get('__metatable') ?? value.meta;
}

export const baseLibrary: Readonly<Record<string, LuaFunction>> = {
  assert: (...args) => {
    const value = anyValue(args, 1, 'assert');
    if (value !== undefined && value !== false) return args;
    throw new LuaError(args[1] === undefined ? 'assertion failed!' : stringArgument(args, 2, 'assert'), 0);
  },
  error: (...args) => {
    const level = optionalInt(args, 2, 'error', 1);
    const [value] = args;
    throw new LuaError(typeof value === 'number' && level > 0 ? numberToString(value) : value, level);
  },
  getmetatable,
  ipairs,
  next,
  pairs,
  pcall,
  rawequal: (...args) => anyValue(args, 1, 'rawequal') === anyValue(args, 2, 'rawequal'),
  rawget: (...args) => tableArgument(args, 1, 'rawget').get(anyValue(args, 2, 'rawget')),
  rawset: (...args) => {
    const table = tableArgument(args, 1, 'rawset');
    table.set(anyValue(args, 2, 'rawset'), anyValue(args, 3, 'rawset'));
    return table;
  },
  select,
  setmetatable,
  tonumber: (...args) => (args.length === 1 && typeof args[0] === 'number' ? args[0] : toNumberInBase(args)),
  tostring: (...args) => toText(anyValue(args, 1, 'tostring')),
  type: (...args) => typeName(anyValue(args, 1, 'type')),
  unpack,
  xpcall,
};
