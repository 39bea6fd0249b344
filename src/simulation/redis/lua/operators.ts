/** What the operators of a compiled script do. Names are short where they are called from every line of compiled code. */
import { LuaError, UnsupportedLua } from './errors.js';
import { numberToString, stringToNumber } from './numbers.js';
import { type LuaFunction, LuaNull, type LuaReturn, LuaTable, type LuaValue } from './values.js';

/** What a value is called in an error text: `local 'x'`, `field 'y'`; '' where Lua has no name for it. */
export type Description = string;

let stringMethods: LuaTable | undefined;

/** `('x'):upper()` looks into this table. */
export function setStringMethods(table: LuaTable): void {
  stringMethods = table;
}

export function typeName(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'object':
      return value instanceof LuaNull ? 'userdata' : 'table';
    default:
      return typeof value;
  }
}

export function first(result: LuaReturn): LuaValue {
  return Array.isArray(result) ? result[0] : (result as LuaValue);
}

export function many(result: LuaReturn): readonly LuaValue[] {
  return Array.isArray(result) ? result : [result as LuaValue];
}

export function truthy(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}

function typeError(operation: string, value: LuaValue, description: Description): LuaError {
  const type = typeName(value);
  return new LuaError(
    description === ''
      ? `attempt to ${operation} a ${type} value`
      : `attempt to ${operation} ${description} (a ${type} value)`,
  );
}

/** Metamethod of a value, undefined when it has none. */
export function metamethod(value: LuaValue, event: string): LuaValue {
  if (value instanceof LuaTable) return value.meta?.get(event);
  if (typeof value === 'string' && event === '__index') return stringMethods;
  return undefined;
}

// --- calls

export function fn(value: LuaValue, description: Description = ''): LuaFunction {
  return typeof value === 'function' ? value : callable(value, description);
}

function callable(value: LuaValue, description: Description): LuaFunction {
  const meta = metamethod(value, '__call');
  if (typeof meta !== 'function') throw typeError('call', value, description);
  return (...args) => meta(value, ...args);
}

// --- tables

export function index(table: LuaValue, key: LuaValue, description: Description = ''): LuaValue {
  if (table instanceof LuaTable) {
    const value = table.get(key);
    if (value !== undefined || table.meta === undefined) return value;
  }
  return indexByMeta(table, key, description);
}

/** As `index`, for a key that is a text. */
export function field(table: LuaValue, key: string, description: Description = ''): LuaValue {
  if (table instanceof LuaTable) {
    const value = table.hash?.get(key);
    if (value !== undefined || table.meta === undefined) return value;
  }
  return indexByMeta(table, key, description);
}

function indexByMeta(table: LuaValue, key: LuaValue, description: Description): LuaValue {
  let at = table;
  for (let loop = 0; loop < 100; loop += 1) {
    if (at instanceof LuaTable) {
      const value = at.get(key);
      if (value !== undefined) return value;
    }
    const meta = metamethod(at, '__index');
    if (meta === undefined) {
      if (at instanceof LuaTable) return undefined;
      throw typeError('index', at, loop === 0 ? description : '');
    }
    if (typeof meta === 'function') return first(meta(at, key));
    at = meta;
  }
  throw new LuaError('loop in gettable');
}

export function setIndex(
  table: LuaValue,
  key: LuaValue,
  value: LuaValue,
  description: Description = '',
): void {
  if (table instanceof LuaTable && table.meta === undefined) table.set(key, value);
  else setByMeta(table, key, value, description);
}

function setByMeta(table: LuaValue, key: LuaValue, value: LuaValue, description: Description): void {
  let at = table;
  for (let loop = 0; loop < 100; loop += 1) {
    const meta = metamethod(at, '__newindex');
    if (at instanceof LuaTable) {
      if (meta === undefined || at.get(key) !== undefined) {
        at.set(key, value);
        return;
      }
    } else if (meta === undefined) throw typeError('index', at, loop === 0 ? description : '');
    if (typeof meta === 'function') {
      meta(at, key, value);
      return;
    }
    at = meta;
  }
  throw new LuaError('loop in settable');
}

/** A constructor with keys. `layout` has one letter an item of `items`: `p`: by position; `k`: a key, which its value follows. */
export function construct(layout: string, items: readonly LuaValue[]): LuaTable {
  const array: LuaValue[] = [];
  const pairs: [LuaValue, LuaValue][] = [];
  for (let at = 0; at < items.length; at += 1) {
    if (layout[at] === 'k') {
      pairs.push([items[at], items[at + 1]]);
      at += 1;
    } else array.push(items[at]);
  }
  const table = LuaTable.constructed(array);
  for (const [key, value] of pairs) {
    // Items by position are stored last, and win.
    if (typeof key === 'number' && Number.isInteger(key) && key >= 1 && key <= array.length) continue;
    table.set(key, value);
  }
  return table;
}

/** A constructor with names only. */
export function record(names: readonly string[], values: readonly LuaValue[]): LuaTable {
  const hash = new Map<LuaValue, LuaValue>();
  for (let at = 0; at < names.length; at += 1) {
    const value = values[at];
    const name = names[at] as string;
    if (value !== undefined) hash.set(name, value);
    else hash.delete(name);
  }
  return new LuaTable([], hash);
}

export function len(value: LuaValue, description: Description = ''): number {
  if (value instanceof LuaTable) return value.length;
  if (typeof value === 'string') return value.length;
  throw typeError('get length of', value, description);
}

// --- arithmetic

type Arithmetic = '__add' | '__sub' | '__mul' | '__div' | '__mod' | '__pow' | '__unm';

/** A number, or a text that reads as one; undefined: neither. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? stringToNumber(value) : undefined;
}

function byArithmetic(
  a: LuaValue,
  b: LuaValue,
  event: Arithmetic,
  compute: (a: number, b: number) => number,
  aName: Description,
  bName: Description,
): LuaValue {
  const x = toNumber(a);
  const y = toNumber(b);
  if (x !== undefined && y !== undefined) return compute(x, y);
  const meta = metamethod(a, event) ?? metamethod(b, event);
  if (meta !== undefined) return first(fn(meta)(a, b));
  throw x === undefined
    ? typeError('perform arithmetic on', a, aName)
    : typeError('perform arithmetic on', b, bName);
}

export function modulo(a: number, b: number): number {
  return a - Math.floor(a / b) * b;
}

/** Powers whose result is exact. Of any other the last digits depend on the library that computes them, and a script may show them. */
export function power(a: number, b: number): number {
  // C's pow gives 1 where JavaScript gives NaN.
  if (a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b))) return 1;
  const result = a ** b;
  if (!Number.isFinite(result) || result === 0 || !Number.isFinite(a) || !Number.isFinite(b)) return result;
  if (b === 1 || isExactPower(a, b, result)) return result;
  throw new UnsupportedLua(`a power that is not exact (${a} ^ ${b})`);
}

function isExactPower(a: number, b: number, result: number): boolean {
  // A power of two to a whole power is one.
  if (
    Number.isInteger(b) &&
    Number.isInteger(Math.log2(Math.abs(a))) &&
    2 ** Math.log2(Math.abs(a)) === Math.abs(a)
  ) {
    return true;
  }
  if (Number.isInteger(a) && Number.isInteger(b) && b >= 0) return Number.isSafeInteger(result);
  return b === 0.5 && Number.isInteger(result) && result * result === a;
}

export function add(a: LuaValue, b: LuaValue, aName: Description = '', bName: Description = ''): LuaValue {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  return byArithmetic(a, b, '__add', (x, y) => x + y, aName, bName);
}

export function sub(a: LuaValue, b: LuaValue, aName: Description = '', bName: Description = ''): LuaValue {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return byArithmetic(a, b, '__sub', (x, y) => x - y, aName, bName);
}

export function mul(a: LuaValue, b: LuaValue, aName: Description = '', bName: Description = ''): LuaValue {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  return byArithmetic(a, b, '__mul', (x, y) => x * y, aName, bName);
}

export function div(a: LuaValue, b: LuaValue, aName: Description = '', bName: Description = ''): LuaValue {
  if (typeof a === 'number' && typeof b === 'number') return a / b;
  return byArithmetic(a, b, '__div', (x, y) => x / y, aName, bName);
}

export function mod(a: LuaValue, b: LuaValue, aName: Description = '', bName: Description = ''): LuaValue {
  if (typeof a === 'number' && typeof b === 'number') return modulo(a, b);
  return byArithmetic(a, b, '__mod', modulo, aName, bName);
}

export function pow(a: LuaValue, b: LuaValue, aName: Description = '', bName: Description = ''): LuaValue {
  return byArithmetic(a, b, '__pow', power, aName, bName);
}

export function unm(a: LuaValue, aName: Description = ''): LuaValue {
  if (typeof a === 'number') return -a;
  return byArithmetic(a, a, '__unm', (x) => -x, aName, aName);
}

export function concat(a: LuaValue, b: LuaValue, aName: Description = '', bName: Description = ''): LuaValue {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  const x = typeof a === 'number' ? numberToString(a) : a;
  const y = typeof b === 'number' ? numberToString(b) : b;
  if (typeof x === 'string' && typeof y === 'string') return x + y;
  const meta = metamethod(a, '__concat') ?? metamethod(b, '__concat');
  if (meta !== undefined) return first(fn(meta)(a, b));
  throw typeof x === 'string' ? typeError('concatenate', b, bName) : typeError('concatenate', a, aName);
}

// --- comparison

export function eq(a: LuaValue, b: LuaValue): boolean {
  if (a === b) return true;
  if (!(a instanceof LuaTable && b instanceof LuaTable)) return false;
  const meta = a.meta?.get('__eq');
  if (meta === undefined || meta !== b.meta?.get('__eq')) return false;
  return truthy(first(fn(meta)(a, b)));
}

function orderError(a: LuaValue, b: LuaValue): LuaError {
  const [x, y] = [typeName(a), typeName(b)];
  return new LuaError(x === y ? `attempt to compare two ${x} values` : `attempt to compare ${x} with ${y}`);
}

function byOrder(a: LuaValue, b: LuaValue, event: '__lt' | '__le'): boolean | undefined {
  if (typeName(a) !== typeName(b)) throw orderError(a, b);
  const meta = metamethod(a, event);
  if (meta === undefined || meta !== metamethod(b, event)) return undefined;
  return truthy(first(fn(meta)(a, b)));
}

export function lt(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'string' && typeof b === 'string') return a < b;
  const result = byOrder(a, b, '__lt');
  if (result === undefined) throw orderError(a, b);
  return result;
}

export function le(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a <= b;
  if (typeof a === 'string' && typeof b === 'string') return a <= b;
  const result = byOrder(a, b, '__le');
  if (result !== undefined) return result;
  const swapped = byOrder(b, a, '__lt');
  if (swapped === undefined) throw orderError(a, b);
  return !swapped;
}

export function gt(a: LuaValue, b: LuaValue): boolean {
  return lt(b, a);
}

export function ge(a: LuaValue, b: LuaValue): boolean {
  return le(b, a);
}

/** A bound of a numeric `for`. */
export function bound(value: LuaValue, which: 'initial' | 'limit' | 'step'): number {
  const number = toNumber(value);
  if (number !== undefined) return number;
  throw new LuaError(`'for' ${which === 'initial' ? 'initial value' : which} must be a number`);
}

export function noSuchGlobal(name: string): never {
  throw new LuaError(`Script attempted to access nonexistent global variable '${name}'`);
}

export function protectedGlobal(): never {
  throw new LuaError('Attempt to modify a readonly table');
}
