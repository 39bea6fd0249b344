import { functionArgument, intArgument, optionalInt, stringArgument, tableArgument } from './arguments.js';
import { LuaError } from './errors.js';
import { numberToString } from './numbers.js';
import { first, lt, truthy, typeName } from './operators.js';
import { lua_callBack } from './source-lines.js';
import type { LuaFunction, LuaReturn, LuaTable, LuaValue } from './values.js';

function concat(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'concat');
  const separator = args[1] === undefined ? '' : stringArgument(args, 2, 'concat');
  const from = optionalInt(args, 3, 'concat', 1);
  const to = args[3] === undefined ? table.length : intArgument(args, 4, 'concat');
  let result = '';
  for (let at = from; at <= to; at += 1) {
    const value = table.get(at);
    if (typeof value === 'number') result += numberToString(value);
    else if (typeof value === 'string') result += value;
    else {
      throw new LuaError(`invalid value (${typeName(value)}) at index ${at} in table for 'concat'`);
    }
    if (at !== to) result += separator;
  }
  return result;
}

function insert(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'insert');
  const end = table.length + 1;
  if (args.length === 2) {
    table.set(end, args[1]);
    return [];
  }
  if (args.length !== 3) throw new LuaError("wrong number of arguments to 'insert'");
  const position = intArgument(args, 2, 'insert');
  for (let at = Math.max(end, position); at > position; at -= 1) table.set(at, table.get(at - 1));
  table.set(position, args[2]);
  return [];
}

function remove(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'remove');
  const end = table.length;
  const position = optionalInt(args, 2, 'remove', end);
  if (position < 1 || position > end) return [];
  const removed = table.get(position);
  for (let at = position; at < end; at += 1) table.set(at, table.get(at + 1));
  table.set(end, undefined);
  return removed;
}

/** As lua 5.1 sorts: the same order for items that compare as equal, and the same complaint about an order that is none. */
function sort(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'sort');
  const compare = args[1] === undefined ? undefined : functionArgument(args, 2, 'sort');
  const less: (a: LuaValue, b: LuaValue) => boolean =
    compare === undefined ? lt : (a, b) => truthy(first(lua_callBack(compare, a, b)));
  quicksort(table, 1, table.length, less);
  return [];
}

function quicksort(
  table: LuaTable,
  from: number,
  to: number,
  less: (a: LuaValue, b: LuaValue) => boolean,
): void {
  let low = from;
  let high = to;
  const exchange = (a: number, b: number) => {
    const kept = table.get(a);
    table.set(a, table.get(b));
    table.set(b, kept);
  };
  while (low < high) {
    if (less(table.get(high), table.get(low))) exchange(low, high);
    if (high - low === 1) return;
    const middle = Math.floor((low + high) / 2);
    if (less(table.get(middle), table.get(low))) exchange(middle, low);
    else if (less(table.get(high), table.get(middle))) exchange(middle, high);
    if (high - low === 2) return;
    const pivot = table.get(middle);
    exchange(middle, high - 1);
    let i = low;
    let j = high - 1;
    for (;;) {
      i += 1;
      while (less(table.get(i), pivot)) {
        if (i > high) throw new LuaError('invalid order function for sorting');
        i += 1;
      }
      j -= 1;
      while (less(pivot, table.get(j))) {
        if (j < low) throw new LuaError('invalid order function for sorting');
        j -= 1;
      }
      if (j < i) break;
      exchange(i, j);
    }
    exchange(high - 1, i);
    // The smaller part by recursion, the larger one by going on.
    if (i - low < high - i) {
      quicksort(table, low, i - 1, less);
      low = i + 1;
    } else {
      quicksort(table, i + 1, high, less);
      high = i - 1;
    }
  }
}

function maxn(...args: LuaValue[]): LuaReturn {
  const table = tableArgument(args, 1, 'maxn');
  let most = table.array.length;
  while (most > 0 && table.array[most - 1] === undefined) most -= 1;
  for (const key of table.hash?.keys() ?? []) if (typeof key === 'number' && key > most) most = key;
  return most;
}

/** Of Lua 5.0, and still there. */
function each(name: 'foreach' | 'foreachi'): LuaFunction {
  return (...args) => {
    const table = tableArgument(args, 1, name);
    const call = functionArgument(args, 2, name);
    if (name === 'foreachi') {
      const end = table.length;
      for (let at = 1; at <= end; at += 1) {
        const result = first(lua_callBack(call, at, table.get(at)));
        if (result !== undefined) return result;
      }
      return [];
    }
    for (let key = table.next(undefined); key !== undefined; key = table.next(key)) {
      const result = first(lua_callBack(call, key, table.get(key)));
      if (result !== undefined) return result;
    }
    return [];
  };
}

export const tableLibrary: Readonly<Record<string, LuaFunction>> = {
  concat,
  foreach: each('foreach'),
  foreachi: each('foreachi'),
  getn: (...args) => tableArgument(args, 1, 'getn').length,
  insert,
  maxn,
  remove,
  setn: () => {
    throw new LuaError("'setn' is obsolete");
  },
  sort,
};
