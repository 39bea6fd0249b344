import { numberArgument } from './arguments.js';
import type { LuaFunction, LuaValue } from './values.js';

const double = new DataView(new ArrayBuffer(8));

/** As BitOp makes 32 bits of a double: adds 2^52 + 2^51, which rounds to even, and takes the lowest bits of what that is in memory. */
function bitsOf(args: readonly LuaValue[], position: number, name: string): number {
  double.setFloat64(0, numberArgument(args, position, name) + 6755399441055744);
  return double.getInt32(4);
}

function folded(name: string, compute: (a: number, b: number) => number): LuaFunction {
  return (...args) => {
    let result = bitsOf(args, 1, name);
    for (let at = args.length; at > 1; at -= 1) result = compute(result, bitsOf(args, at, name));
    return result | 0;
  };
}

function shifted(name: string, compute: (value: number, by: number) => number): LuaFunction {
  return (...args) => compute(bitsOf(args, 1, name), bitsOf(args, 2, name) & 31) | 0;
}

function tohex(...args: LuaValue[]): string {
  const value = bitsOf(args, 1, 'tohex') >>> 0;
  const wanted = args[1] === undefined ? 8 : bitsOf(args, 2, 'tohex');
  const digits = Math.min(8, Math.abs(wanted));
  const text = value
    .toString(16)
    .padStart(8, '0')
    .slice(8 - digits);
  return wanted < 0 ? text.toUpperCase() : text;
}

export const bitLibrary: Readonly<Record<string, LuaFunction>> = {
  arshift: shifted('arshift', (value, by) => value >> by),
  band: folded('band', (a, b) => a & b),
  bnot: (...args) => ~bitsOf(args, 1, 'bnot'),
  bor: folded('bor', (a, b) => a | b),
  bswap: (...args) => {
    const value = bitsOf(args, 1, 'bswap');
    return (
      ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | ((value >>> 24) & 0xff)
    );
  },
  bxor: folded('bxor', (a, b) => a ^ b),
  lshift: shifted('lshift', (value, by) => value << by),
  rol: shifted('rol', (value, by) => (value << by) | (by === 0 ? 0 : value >>> (32 - by))),
  ror: shifted('ror', (value, by) => (value >>> by) | (by === 0 ? 0 : value << (32 - by))),
  rshift: shifted('rshift', (value, by) => value >>> by),
  tobit: (...args) => bitsOf(args, 1, 'tobit'),
  tohex,
};
