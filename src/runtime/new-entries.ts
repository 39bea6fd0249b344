/** Entries that are to be appended to data streams, checked before anything is sent. */
import { StreamwardenError, textOf } from '../core/errors.js';
import { END_FIELD } from '../redis/end-mark.js';
import type { Names } from '../redis/names.js';
import type { EntryRow } from './entry-adder.js';
import { entriesOf, LONE_SURROGATE, type NewStream, type SizedEntry } from './new-stream.js';
import { invalid, onlyKnown } from './option-errors.js';

/** What a field of an entry may be given as. A number is written in decimals; bytes stay what they are. */
export type FieldValue = string | number | Uint8Array;

/** Fields of an entry, in their order: at least one, and the first one is not `_end`. */
export type NewEntryFields = Readonly<Record<string, FieldValue>>;

export interface AppendOptions {
  /** Key of the Redis stream that it is added to, as it is in Redis. @defaultValue ioredis' `keyPrefix` and the name of the data stream */
  readonly key?: string;
  /** About how many entries the stream is to keep: the oldest are trimmed, whether they have been read or not. An integer from 1 up. @defaultValue all */
  readonly maxLen?: number;
}

export interface EndOptions extends Pick<AppendOptions, 'key'> {}

/** With what its owner should know, where the data stream is announced by this. */
export type WithInfo<TInput, TOptions> = TOptions & Pick<NewStream<TInput>, 'info'>;

/** The options of a call, which may be left out where the service's info may be null. */
export type OptionsArgument<TInput, TOptions> = null extends TInput
  ? [options?: WithInfo<TInput, TOptions>]
  : [options: WithInfo<TInput, TOptions>];

/** An entry, and the data stream that it is for. */
export type NewDataEntry<TInput = object | null, TFields = NewEntryFields> = NewStream<TInput> &
  AppendOptions & {
    readonly fields: TFields;
  };

/** What has been checked. */
export interface CheckedEntry {
  readonly row: EntryRow;
  /** Of its fields and values. */
  readonly bytes: number;
  /** Its data stream, as it is announced. */
  readonly stream: SizedEntry;
  /** As consumers read them. */
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * @param maxEntryBytes of an entry, and of what announces its data stream
 * @throws StreamwardenError `InvalidOption`, whatever it is given
 */
export function appendedOf(
  entries: readonly NewDataEntry[],
  names: Names,
  maxEntryBytes: number,
): CheckedEntry[] {
  const streams = entriesOf(entries, maxEntryBytes);
  return entries.map((entry, index) => {
    const stream = streams[index] as SizedEntry;
    const { fields, key, maxLen } = entry;
    const { flat, texts, bytes } = encoded(fields, stream.name);
    if (bytes > maxEntryBytes) {
      const limit = `small enough for an entry of at most ${maxEntryBytes} bytes (maxEntryBytes)`;
      throw refusal(`fields of ${textOf(stream.name)}`, limit, bytes);
    }
    const row = { key: keyOf(key, stream.name, names), maxLen: limitOf(maxLen), fields: flat };
    return { row, bytes, stream, fields: texts };
  });
}

/** @throws StreamwardenError `InvalidOption` */
export function endOf(stream: NewStream & EndOptions, names: Names, maxEntryBytes: number): CheckedEntry {
  const [entry] = entriesOf([stream], maxEntryBytes);
  const { name } = entry as SizedEntry;
  const row = { key: keyOf(stream.key, name, names), fields: [END_FIELD, '1'] };
  return { row, bytes: END_FIELD.length + 1, stream: entry as SizedEntry, fields: {} };
}

/** @throws StreamwardenError `InvalidOption`: it is no object, or has another option */
export function appendOptionsOf(
  options: unknown,
  ...known: readonly string[]
): Readonly<Record<string, unknown>> {
  return onlyKnown(options, ['info', 'key', ...known]);
}

function keyOf(key: unknown, name: string, names: Names): string {
  const given = key ?? names.dataKey(name);
  if (typeof given !== 'string' || given === '') throw invalid('key', 'a non-empty string', key);
  if (names.isOwn(given)) {
    throw invalid(
      key === undefined ? 'name' : 'key',
      'none of the keys that streamwarden keeps itself',
      given,
    );
  }
  return given;
}

function limitOf(maxLen: unknown): number | undefined {
  if (maxLen === undefined) return undefined;
  if (typeof maxLen !== 'number' || !Number.isSafeInteger(maxLen) || maxLen < 1) {
    throw invalid('maxLen', 'an integer from 1 up', maxLen);
  }
  return maxLen;
}

interface Encoded {
  readonly flat: readonly (string | Buffer)[];
  readonly texts: Readonly<Record<string, string>>;
  readonly bytes: number;
}

function encoded(fields: unknown, name: string): Encoded {
  const what = `fields of ${textOf(name)}`;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw invalid(what, 'an object with at least one field', fields);
  }
  const flat: (string | Buffer)[] = [];
  const texts: Record<string, string> = Object.create(null);
  let bytes = 0;
  for (const [field, value] of entriesIn(fields, what)) {
    if (LONE_SURROGATE.test(field))
      throw invalid(what, 'an object whose fields are well-formed Unicode', fields);
    const encodedValue = writtenOf(value, `field ${textOf(field)} of ${textOf(name)}`);
    flat.push(field, encodedValue);
    texts[field] = String(encodedValue);
    bytes += Buffer.byteLength(field) + Buffer.byteLength(encodedValue);
  }
  if (flat.length === 0) throw invalid(what, 'an object with at least one field', fields);
  if (flat[0] === END_FIELD) {
    throw refusal(what, `an object whose first field is not ${END_FIELD}: that is what end() adds`);
  }
  return { flat, texts, bytes };
}

function entriesIn(fields: object, what: string): [string, unknown][] {
  try {
    return Object.entries(fields);
  } catch {
    // A getter, or a proxy, that throws.
    throw refusal(what, 'an object whose fields can be read');
  }
}

function writtenOf(value: unknown, what: string): string | Buffer {
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) throw invalid(what, 'well-formed Unicode', value);
    return value;
  }
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) {
    return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  throw invalid(what, 'a string, a finite number or bytes', value);
}

/** Without the value: it is as large as it is. */
function refusal(option: string, expected: string, got?: number): StreamwardenError {
  const message = `expected ${option} to be ${expected}${got === undefined ? '' : `, got: ${got}`}`;
  return new StreamwardenError('InvalidOption', message, { details: { option, expected } });
}
