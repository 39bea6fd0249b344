/** Redis's cjson. The order of an object's members is that of their insertion; Redis's is another one, which Lua does not promise. */
import { badArgument, stringArgument } from './arguments.js';
import { decodeJson } from './cjson-decoder.js';
import { LuaError, UnsupportedLua } from './errors.js';
import { numberToString } from './numbers.js';
import { typeName } from './operators.js';
import { type LuaFunction, LuaNull, LuaTable, type LuaValue, NULL } from './values.js';

const DEEPEST = 1000;
/** An array with more holes than this many times its items, and longer than ten, is refused. */
const SPARSE_RATIO = 2;
const SPARSE_SAFE = 10;

function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that JSON escapes
  return `"${text.replace(/["\\/\u0000-\u001f\u007f]/g, (c) => {
    switch (c) {
      case '"':
        return '\\"';
      case '\\':
        return '\\\\';
      case '/':
        return '\\/';
      case '\b':
        return '\\b';
      case '\f':
        return '\\f';
      case '\n':
        return '\\n';
      case '\r':
        return '\\r';
      case '\t':
        return '\\t';
      default:
        return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
    }
  })}"`;
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) {
    throw new LuaError('Cannot serialise number: must not be NaN or Inf');
  }
  return numberToString(value);
}

/** Length of a table that is an array; -1 when it is none. */
function arrayLength(table: LuaTable): number {
  let most = 0;
  let items = 0;
  for (let key = table.next(undefined); key !== undefined; key = table.next(key)) {
    if (typeof key !== 'number' || key < 1 || !Number.isInteger(key)) return -1;
    if (key > most) most = key;
    items += 1;
  }
  if (most > items * SPARSE_RATIO && most > SPARSE_SAFE) {
    throw new LuaError('Cannot serialise table: excessively sparse array');
  }
  return most;
}

function encoded(value: LuaValue, depth: number): string {
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return String(value);
  if (value === undefined || value instanceof LuaNull) return 'null';
  if (!(value instanceof LuaTable)) {
    throw new LuaError(`Cannot serialise ${typeName(value)}: type not supported`);
  }
  if (depth > DEEPEST) throw new LuaError(`Cannot serialise, excessive nesting (${depth})`);
  const length = arrayLength(value);
  if (length > 0) {
    const items: string[] = [];
    for (let at = 1; at <= length; at += 1) items.push(encoded(value.get(at), depth + 1));
    return `[${items.join(',')}]`;
  }
  const members: string[] = [];
  for (let key = value.next(undefined); key !== undefined; key = value.next(key)) {
    let name: string;
    if (typeof key === 'number') name = `"${numberText(key)}"`;
    else if (typeof key === 'string') name = escaped(key);
    else throw new LuaError('Cannot serialise table: table key must be a number or string');
    members.push(`${name}:${encoded(value.get(key), depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}

function refused(name: string): LuaFunction {
  return () => {
    throw new UnsupportedLua(`cjson.${name}`);
  };
}

export const cjsonConstants: Readonly<Record<string, LuaValue>> = { null: NULL };

export const cjsonLibrary: Readonly<Record<string, LuaFunction>> = {
  decode: (...args) => {
    if (args.length !== 1) throw badArgument(1, 'decode', 'expected 1 argument');
    return decodeJson(stringArgument(args, 1, 'decode'));
  },
  encode: (...args) => {
    if (args.length !== 1) throw badArgument(1, 'encode', 'expected 1 argument');
    return encoded(args[0], 1);
  },
  encode_sparse_array: refused('encode_sparse_array'),
  encode_max_depth: refused('encode_max_depth'),
  decode_max_depth: refused('decode_max_depth'),
  encode_number_precision: refused('encode_number_precision'),
  encode_keep_buffer: refused('encode_keep_buffer'),
  encode_invalid_numbers: refused('encode_invalid_numbers'),
  decode_invalid_numbers: refused('decode_invalid_numbers'),
  new: refused('new'),
};
