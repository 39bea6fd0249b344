/** string.format */
import { badArgument, numberArgument, stringArgument } from './arguments.js';
import { LuaError } from './errors.js';
import { toExponentForm, toFixedForm, toGeneralForm } from './numbers.js';
import type { LuaValue } from './values.js';

interface Directive {
  readonly left: boolean;
  readonly sign: '+' | ' ' | '';
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly width: number;
  /** -1: none given. */
  readonly precision: number;
}

function pad(sign: string, body: string, directive: Directive, mayZero: boolean): string {
  const missing = directive.width - sign.length - body.length;
  if (missing <= 0) return sign + body;
  if (directive.left) return sign + body + ' '.repeat(missing);
  return directive.zero && mayZero ? sign + '0'.repeat(missing) + body : ' '.repeat(missing) + sign + body;
}

const INT64 = 1n << 64n;

/** As C casts a double to a 64 bit integer on x86: what does not fit is the smallest one. */
function toInt64(value: number): bigint {
  if (!(value > -(2 ** 63) - 1 && value < 2 ** 63)) return -(1n << 63n);
  return BigInt(Math.trunc(value));
}

function integer(value: number, conversion: string, directive: Directive): string {
  const signed = toInt64(value);
  const isSigned = conversion === 'd' || conversion === 'i';
  const magnitude = isSigned ? (signed < 0n ? -signed : signed) : unsignedOf(value);
  const radix = conversion === 'o' ? 8 : conversion === 'x' || conversion === 'X' ? 16 : 10;
  let digits = magnitude.toString(radix);
  if (conversion === 'X') digits = digits.toUpperCase();
  if (directive.precision === 0 && magnitude === 0n) digits = '';
  if (digits.length < directive.precision) digits = '0'.repeat(directive.precision - digits.length) + digits;
  let prefix = '';
  if (directive.alternate && magnitude !== 0n && radix === 16) prefix = conversion === 'X' ? '0X' : '0x';
  if (directive.alternate && radix === 8 && digits[0] !== '0') digits = `0${digits}`;
  if (isSigned) prefix = signed < 0n ? '-' : directive.sign;
  return pad(prefix, digits, directive, directive.precision === -1);
}

/** As C casts a double to an unsigned 64 bit integer on x86. */
function unsignedOf(value: number): bigint {
  if (value >= 2 ** 63) return value < 2 ** 64 ? BigInt(Math.trunc(value)) : 0n;
  return ((toInt64(value) % INT64) + INT64) % INT64;
}

function float(value: number, conversion: string, directive: Directive): string {
  const isNegative = value < 0 || Object.is(value, -0) || Number.isNaN(value);
  const size = Math.abs(value);
  const precision = directive.precision === -1 ? 6 : directive.precision;
  const form =
    conversion === 'f'
      ? toFixedForm
      : conversion === 'e' || conversion === 'E'
        ? toExponentForm
        : toGeneralForm;
  let text = form(size, precision, directive.alternate);
  if (conversion === 'E' || conversion === 'G') text = text.toUpperCase();
  return pad(isNegative ? '-' : directive.sign, text, directive, Number.isFinite(value));
}

function quoted(text: string): string {
  let result = '"';
  for (const c of text) {
    if (c === '"' || c === '\\' || c === '\n') result += `\\${c}`;
    else if (c === '\r') result += '\\r';
    else if (c === '\0') result += '\\000';
    else result += c;
  }
  return `${result}"`;
}

const DIRECTIVE = /^([-+ #0]*)(\d*)(?:(\.)(\d*))?/;

export function format(...args: LuaValue[]): string {
  const text = stringArgument(args, 1, 'format');
  let result = '';
  let at = 0;
  let argument = 1;
  while (at < text.length) {
    const percent = text.indexOf('%', at);
    if (percent === -1) return result + text.slice(at);
    result += text.slice(at, percent);
    at = percent + 1;
    if (text[at] === '%') {
      result += '%';
      at += 1;
      continue;
    }
    argument += 1;
    const [matched, flags = '', width = '', point, precision = ''] = DIRECTIVE.exec(
      text.slice(at),
    ) as RegExpExecArray;
    if (flags.length >= 6) throw new LuaError('invalid format (repeated flags)');
    if (width.length > 2 || precision.length > 2)
      throw new LuaError('invalid format (width or precision too long)');
    at += matched.length;
    const conversion = text[at] ?? '';
    if (argument > args.length) throw badArgument(argument, 'format', 'no value');
    at += 1;
    const directive: Directive = {
      left: flags.includes('-'),
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
      alternate: flags.includes('#'),
      zero: flags.includes('0'),
      width: Number(width),
      precision: point === undefined ? -1 : Number(precision),
    };
    result += convert(conversion, directive, args, argument);
  }
  return result;
}

function convert(conversion: string, directive: Directive, args: LuaValue[], argument: number): string {
  switch (conversion) {
    case 'c': {
      const code = numberArgument(args, argument, 'format');
      // Beyond 32 bits C makes the smallest integer of it, whose lowest byte is 0.
      const fits = code > -(2 ** 31) - 1 && code < 2 ** 31;
      const padded = pad('', String.fromCharCode(fits ? Math.trunc(code) & 255 : 0), directive, false);
      // What C's printf has written is read up to its first zero byte.
      const zero = padded.indexOf('\0');
      return zero === -1 ? padded : padded.slice(0, zero);
    }
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return integer(numberArgument(args, argument, 'format'), conversion, directive);
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return float(numberArgument(args, argument, 'format'), conversion, directive);
    case 'q':
      return quoted(stringArgument(args, argument, 'format'));
    case 's': {
      const text = stringArgument(args, argument, 'format');
      if (directive.precision === -1 && text.length >= 100) return text;
      // Written by printf, a text ends at its first zero byte.
      const zero = text.indexOf('\0');
      const read = zero === -1 ? text : text.slice(0, zero);
      return pad(
        '',
        directive.precision === -1 ? read : read.slice(0, directive.precision),
        directive,
        false,
      );
    }
    default:
      if (conversion === '') throw new LuaError("invalid option '%' to 'format'");
      throw new LuaError(`invalid option '%${conversion}' to 'format'`);
  }
}
