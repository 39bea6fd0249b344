/**
 * Values as JSON can carry them and give them back: what a line of a recording holds of events, inputs and contexts.
 *
 * JSON has no word for errors, for numbers such as NaN, nor for bytes. They become objects with one member whose name begins with `$`:
 * docs/reference/recording-format.md lists them. Members that are undefined are left out, as JSON does: a machine cannot tell the two apart.
 */
import { textOf } from '../core/errors.js';
import { mayHoldCredentials, redact } from '../core/logger.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Deeper than this nothing is a fact that a machine decides by. */
const MAX_DEPTH = 32;

/** So many values are looked at. Data that meet themselves again at many places are a tree without end, however small they are. */
const MAX_VALUES = 1_000_000;

/** What is left of it. */
interface Work {
  left: number;
}

/** Stands for what is there and is no data: undefined in a list, a function, an object that throws when it is looked at. */
const NO_DATA: Json = { $undefined: true };
const TOO_DEEP: Json = { $tooDeep: true };

function encodeText(text: string): string {
  return mayHoldCredentials(text) ? redact(text) : text;
}

function encodeNumber(value: number): Json {
  return Number.isFinite(value) ? value : { $number: String(value) };
}

/** What is kept of an error: no stack, which names files of whoever ran it and differs from build to build. */
function encodeError(error: Error, depth: number, work: Work): Json {
  const fields: Record<string, Json> = {
    name: textOf(error.name),
    message: encodeText(typeof error.message === 'string' ? error.message : textOf(error.message)),
  };
  for (const [key, value] of Object.entries(error)) {
    if (key !== 'stack' && value !== undefined) fields[key] = encode(value, depth, work);
  }
  if (error.cause !== undefined && fields.cause === undefined)
    fields.cause = encode(error.cause, depth, work);
  return { $error: fields };
}

function encodeObject(value: object, depth: number, work: Work): Json {
  const fields: Record<string, Json> = {};
  let isTagged = false;
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined || typeof member === 'function' || typeof member === 'symbol') continue;
    fields[key] = encode(member, depth, work);
    isTagged ||= key.startsWith('$');
  }
  return isTagged ? { $object: fields } : fields;
}

function encode(value: unknown, depth: number, work: Work): Json {
  work.left -= 1;
  switch (typeof value) {
    case 'string':
      return encodeText(value);
    case 'number':
      return encodeNumber(value);
    case 'boolean':
      return value;
    case 'bigint':
      return { $bigint: String(value) };
    case 'object':
      break;
    default:
      return NO_DATA;
  }
  if (value === null) return null;
  const inner = depth + 1;
  if (inner > MAX_DEPTH || work.left < 0) return TOO_DEEP;
  try {
    return encodeData(value, inner, work);
  } catch {
    // A getter, or a proxy, of the application's.
    return NO_DATA;
  }
}

function encodeData(value: object, depth: number, work: Work): Json {
  if (Array.isArray(value)) return value.map((item) => encode(item, depth, work));
  if (value instanceof Error) return encodeError(value, depth, work);
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Map) return { $map: encode([...value], depth, work) };
  if (value instanceof Set) return { $set: encode([...value], depth, work) };
  return encodeObject(value, depth, work);
}

/** Whether JSON carries it as it is: most of what machines are told is so plain that a copy would be made for nothing. */
function isPlain(value: unknown, depth: number, work: Work): value is Json {
  work.left -= 1;
  switch (typeof value) {
    case 'string':
      return !mayHoldCredentials(value);
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return true;
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth >= MAX_DEPTH || work.left < 0) return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, depth + 1, work));
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  for (const [key, member] of Object.entries(value)) {
    if (key.startsWith('$') || !isPlain(member, depth + 1, work)) return false;
  }
  return true;
}

/**
 * Makes a value that JSON.stringify carries as it is; the same one where nothing has to be changed. Credentials in texts are taken out. Never
 * throws, and ends, whatever it is given.
 */
export function toJson(value: unknown): Json {
  try {
    if (isPlain(value, 0, { left: MAX_VALUES })) return value;
  } catch {
    // What throws when it is looked at is not plain.
  }
  return encode(value, 0, { left: MAX_VALUES });
}

function decodeError(fields: Readonly<Record<string, Json>>): Error {
  const { message, cause, ...rest } = fields;
  const error = new Error(String(message), cause === undefined ? undefined : { cause: fromJson(cause) });
  // The stack would be that of the replay, and would differ between two of them.
  delete error.stack;
  for (const [key, value] of Object.entries(rest)) {
    Object.defineProperty(error, key, {
      value: fromJson(value),
      enumerable: key !== 'name',
      writable: true,
      configurable: true,
    });
  }
  return error;
}

function fieldsOf(value: Json | undefined): Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json>>)
    : {};
}

function decodeFields(value: Readonly<Record<string, Json>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    // Assigned so that a member called __proto__ is data, whoever wrote the file.
    Object.defineProperty(fields, key, {
      value: fromJson(member),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return fields;
}

function decodeTagged(tag: string, value: Json): unknown {
  switch (tag) {
    case '$number':
      return Number(value);
    case '$bigint':
      return BigInt(String(value));
    case '$date':
      return new Date(Number(value));
    case '$bytes':
      return Buffer.from(String(value), 'base64');
    case '$map':
      return new Map(fromJson(value) as [unknown, unknown][]);
    case '$set':
      return new Set(fromJson(value) as unknown[]);
    case '$error':
      return decodeError(fieldsOf(value));
    case '$object':
      return decodeFields(fieldsOf(value));
    default:
      return undefined;
  }
}

/** The inverse of {@link toJson}, but for what it left out. */
export function fromJson(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromJson);
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0].startsWith('$')) return decodeTagged(only[0], only[1]);
  return decodeFields(value as Readonly<Record<string, Json>>);
}

/** Equal as JSON: the order of members does not count. */
export function isSameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isSameJson(item, b[index]));
  }
  const left = a as Readonly<Record<string, Json>>;
  const right = b as Readonly<Record<string, Json>>;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && isSameJson(left[key], right[key]));
}
