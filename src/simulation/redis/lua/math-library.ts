import { badArgument, intArgument, numberArgument } from './arguments.js';
import { LuaError, UnsupportedLua } from './errors.js';
import { power } from './operators.js';
import type { LuaFunction, LuaValue } from './values.js';

type OneNumber = (value: number) => number;

function ofOne(name: string, compute: OneNumber): LuaFunction {
  return (...args) => compute(numberArgument(args, 1, name));
}

function fmod(a: number, b: number): number {
  return a % b;
}

/** Their last digits depend on the library that computes them. */
const INEXACT = 'acos asin atan atan2 cos cosh exp log log10 sin sinh tan tanh'.split(' ');

function inexact(name: string): LuaFunction {
  return () => {
    throw new UnsupportedLua(`math.${name}`);
  };
}

function frexp(value: number): [number, number] {
  if (value === 0 || !Number.isFinite(value)) return [value, 0];
  let exponent = Math.max(-1073, Math.floor(Math.log2(Math.abs(value))) + 1);
  let mantissa = value * 2 ** -exponent;
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent -= 1;
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent += 1;
  }
  return [mantissa, exponent];
}

function extreme(name: string, isBetter: (a: number, b: number) => boolean): LuaFunction {
  return (...args) => {
    let best = numberArgument(args, 1, name);
    for (let at = 2; at <= args.length; at += 1) {
      const value = numberArgument(args, at, name);
      if (isBetter(value, best)) best = value;
    }
    return best;
  };
}

const MULTIPLIER = 0x5deece66dn;
const MASK = (1n << 48n) - 1n;

/** Redis's `math.random`: the sequence of lrand48, the same on every machine. */
export class RandomNumbers {
  #state: bigint;

  constructor(state = (0x1234n << 32n) | (0xabcdn << 16n) | 0x330en) {
    this.#state = state;
  }

  copy(): RandomNumbers {
    return new RandomNumbers(this.#state);
  }

  seed(value: number): void {
    this.#state = (BigInt.asUintN(32, BigInt(value)) << 16n) | 0x330en;
  }

  /** Between 0 (included) and 1. */
  next(): number {
    this.#state = (this.#state * MULTIPLIER + 11n) & MASK;
    const most = 0x7fffffff;
    return (Number(this.#state >> 17n) % most) / most;
  }
}

function random(numbers: () => RandomNumbers): LuaFunction {
  return (...args: LuaValue[]) => {
    const r = numbers().next();
    if (args.length === 0) return r;
    if (args.length > 2) throw new LuaError('wrong number of arguments');
    const low = args.length === 1 ? 1 : intArgument(args, 1, 'random');
    const high = intArgument(args, args.length, 'random');
    if (low > high) throw badArgument(args.length, 'random', 'interval is empty');
    return Math.floor(r * (high - low + 1)) + low;
  };
}

export const mathConstants: Readonly<Record<string, number>> = {
  huge: Number.POSITIVE_INFINITY,
  pi: Math.PI,
};

/** @param numbers those of the server that runs the script */
export function mathLibrary(numbers: () => RandomNumbers): Readonly<Record<string, LuaFunction>> {
  const remainder: LuaFunction = (...args) =>
    fmod(numberArgument(args, 1, 'fmod'), numberArgument(args, 2, 'fmod'));
  return {
    ...Object.fromEntries(INEXACT.map((name) => [name, inexact(name)])),
    abs: ofOne('abs', Math.abs),
    ceil: ofOne('ceil', Math.ceil),
    deg: ofOne('deg', (value) => value / (Math.PI / 180)),
    floor: ofOne('floor', Math.floor),
    fmod: remainder,
    frexp: (...args) => frexp(numberArgument(args, 1, 'frexp')),
    ldexp: (...args) => numberArgument(args, 1, 'ldexp') * 2 ** intArgument(args, 2, 'ldexp'),
    max: extreme('max', (a, b) => a > b),
    min: extreme('min', (a, b) => a < b),
    mod: remainder,
    modf: (...args) => {
      const value = numberArgument(args, 1, 'modf');
      const whole = Math.trunc(value);
      const rest = Math.abs(value) === Number.POSITIVE_INFINITY ? 0 : value - whole;
      // What is left has the sign of the whole.
      return [whole, rest === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rest];
    },
    pow: (...args) => power(numberArgument(args, 1, 'pow'), numberArgument(args, 2, 'pow')),
    rad: ofOne('rad', (value) => value * (Math.PI / 180)),
    random: random(numbers),
    randomseed: (...args) => {
      numbers().seed(intArgument(args, 1, 'randomseed'));
      return [];
    },
    sqrt: ofOne('sqrt', Math.sqrt),
  };
}
