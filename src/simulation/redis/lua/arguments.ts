/** Checks of a library function's arguments, with Lua's words for what is wrong. */
import { LuaError } from './errors.js';
import { numberToString } from './numbers.js';
import { toNumber, typeName } from './operators.js';
import { lineAtLevel } from './source-lines.js';
import type { LuaValue } from './values.js';
import { LuaTable } from './values.js';

export function badArgument(position: number, name: string, problem: string): LuaError {
  // Lua names a function as its caller does; `pcall` has no name for it.
  const shown = lineAtLevel(1) === 0 ? '?' : name;
  return new LuaError(`bad argument #${position} to '${shown}' (${problem})`);
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

/** As C makes a 64 bit integer of a double on x86: cut, and what does not fit is the smallest one. */
function toInteger(value: number): number {
  if (!(value >= -(2 ** 63) && value < 2 ** 63)) return -(2 ** 63);
  const whole = Math.trunc(value);
  return whole === 0 ? 0 : whole;
}

export function integerArgument(args: readonly LuaValue[], position: number, name: string): number {
  return toInteger(numberArgument(args, position, name));
}

/** Where Lua keeps no more than the lower 32 bits. */
export function intArgument(args: readonly LuaValue[], position: number, name: string): number {
  const value = integerArgument(args, position, name);
  return value === (value | 0) ? value : Number(BigInt.asIntN(32, BigInt(value)));
}

export function optionalInteger(
  args: readonly LuaValue[],
  position: number,
  name: string,
  otherwise: number,
): number {
  return args[position - 1] === undefined ? otherwise : integerArgument(args, position, name);
}

export function optionalInt(
  args: readonly LuaValue[],
  position: number,
  name: string,
  otherwise: number,
): number {
  return args[position - 1] === undefined ? otherwise : intArgument(args, position, name);
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
