/** Checks of a library function's arguments, with Lua's words for what is wrong. */
import { LuaError } from './errors.js';
import { numberToString } from './numbers.js';
import { toNumber, typeName } from './operators.js';
import type { LuaValue } from './values.js';
import { LuaTable } from './values.js';

export function badArgument(position: number, name: string, problem: string): LuaError {
  return new LuaError(`bad argument #${position} to '${name}' (${problem})`);
}

function wrongType(args: readonly LuaValue[], position: number, name: string, expected: string): LuaError {
  const got = position > args.length ? 'no value' : typeName(args[position - 1]);
  return badArgument(position, name, `${expected} expected, got ${got}`);
}

/** @param position from 1 */
export function anyValue(args: readonly LuaValue[], position: number, name: string): LuaValue {
  if (position > args.length) throw badArgument(position, name, 'value expected');
  return args[position - 1];
}

export function stringArgument(args: readonly LuaValue[], position: number, name: string): string {
  const value = args[position - 1];
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return numberToString(value);
  throw wrongType(args, position, name, 'string');
}

export function numberArgument(args: readonly LuaValue[], position: number, name: string): number {
  const value = toNumber(args[position - 1]);
  if (value === undefined) throw wrongType(args, position, name, 'number');
  return value;
}

/** As C makes an int of a double: cut, not rounded. */
export function integerArgument(args: readonly LuaValue[], position: number, name: string): number {
  const value = Math.trunc(numberArgument(args, position, name));
  return value === 0 || Number.isNaN(value) ? 0 : value;
}

export function optionalInteger(
  args: readonly LuaValue[],
  position: number,
  name: string,
  otherwise: number,
): number {
  return args[position - 1] === undefined ? otherwise : integerArgument(args, position, name);
}

export function tableArgument(args: readonly LuaValue[], position: number, name: string): LuaTable {
  const value = args[position - 1];
  if (value instanceof LuaTable) return value;
  throw wrongType(args, position, name, 'table');
}

export function functionArgument(args: readonly LuaValue[], position: number, name: string) {
  const value = args[position - 1];
  if (typeof value === 'function') return value;
  throw wrongType(args, position, name, 'function');
}
