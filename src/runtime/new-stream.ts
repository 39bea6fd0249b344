/** What a producer is given, checked and encoded before anything is sent. */
import { isStreamwardenError, messageOf, StreamwardenError, textOf } from '../core/errors.js';
import type { NewEntry } from '../redis/announcing.js';
import { type LaterEntry, MOST_DELAY_MS } from '../redis/delaying.js';
import { encodeEntry, encodePayload, entryBytes, isNameTooLong, MOST_NAME_BYTES } from '../redis/entry.js';
import { isNestedTooDeep, MOST_NESTED } from '../redis/json-depth.js';
import { invalid } from './option-errors.js';

/** What is to be announced. */
export type NewStream<TInput = object | null> = {
  /** Name of the data stream: any non-empty string. */
  readonly name: string;
} & (null extends TInput
  ? {
      /** What its owner should know: an object that JSON can carry. */
      readonly info?: TInput;
    }
  : {
      /** What its owner should know: an object that JSON can carry, and that the service's schema takes. */
      readonly info: TInput;
    });

/** What has been checked. */
export interface SizedEntry extends NewEntry {
  /** Of its entry, without a trace. */
  readonly bytes: number;
}

/** The `info` of a call, which may be left out where it may be null, and what comes after it. */
export type InfoArgument<TInput, TRest extends unknown[] = []> = null extends TInput
  ? [info?: TInput, ...rest: TRest]
  : [info: TInput, ...rest: TRest];

export interface AddOptions {
  /**
   * It is given to somebody only so many milliseconds later, by the clock of Redis: an integer from 0 to 31622400000, which is 366 days.
   * @defaultValue 0: at once
   */
  readonly delayMs?: number;
}

/** A stream that is to be added. */
export type AddedStream<TInput = object | null> = NewStream<TInput> & AddOptions;

/**
 * @param maxEntryBytes what consumers would dead-letter for its size is not announced
 * @throws StreamwardenError `InvalidOption`, whatever it is given
 */
export function addedEntriesOf(
  streams: readonly AddedStream[],
  maxEntryBytes: number,
): (SizedEntry & LaterEntry)[] {
  const entries = checked(streams, maxEntryBytes);
  return entries.map(({ name, payload, bytes }, index) => ({
    name,
    payload,
    bytes,
    delayMs: delayOf(streams[index]),
  }));
}

function delayOf(stream: unknown): number {
  const { delayMs = 0 } = stream as { readonly delayMs?: unknown };
  if (typeof delayMs !== 'number' || !Number.isInteger(delayMs) || delayMs < 0 || delayMs > MOST_DELAY_MS) {
    throw invalid('delayMs', `an integer from 0 to ${MOST_DELAY_MS}`, delayMs);
  }
  return delayMs;
}

/** @throws StreamwardenError `InvalidOption` */
export function namesOf(names: readonly string[]): readonly string[] {
  if (!Array.isArray(names)) throw invalid('names', 'a list of names', names);
  for (const name of names as readonly unknown[]) {
    if (typeof name !== 'string' || name === '') throw invalid('name', 'a non-empty string', name);
    if (isNameTooLong(name)) throw invalid('name', `at most ${MOST_NAME_BYTES} bytes long`, name);
    if (LONE_SURROGATE.test(name)) throw invalid('name', 'well-formed Unicode', name);
  }
  return names;
}

/**
 * As `addedEntriesOf`, for names that are to be known again.
 *
 * @throws StreamwardenError `InvalidOption` for a name that is no text that Unicode allows, too: Redis would be asked for another one
 */
export function entriesOf(streams: readonly NewStream[], maxEntryBytes: number): SizedEntry[] {
  const entries = checked(streams, maxEntryBytes);
  for (const { name } of entries) {
    if (LONE_SURROGATE.test(name)) throw invalid('name', 'well-formed Unicode', name);
  }
  return entries;
}

/** Text that Unicode does not allow: Redis would be given another one. */
export const LONE_SURROGATE = /\p{Surrogate}/u;

function checked(streams: readonly NewStream[], maxEntryBytes: number): SizedEntry[] {
  if (!Array.isArray(streams)) throw invalid('streams', 'a list of objects with a name', streams);
  return streams.map((stream) => entryOf(stream, maxEntryBytes));
}

function entryOf(stream: unknown, maxEntryBytes: number): SizedEntry {
  let what = 'the stream';
  try {
    if (typeof stream !== 'object' || stream === null) throw invalid(what, 'an object with a name', stream);
    const { name, info } = stream as { readonly name: unknown; readonly info?: unknown };
    if (typeof name !== 'string' || name === '') throw invalid('name', 'a non-empty string', name);
    if (isNameTooLong(name)) throw invalid('name', `at most ${MOST_NAME_BYTES} bytes long`, name);
    what = `info of ${textOf(name)}`;
    if (info !== undefined && info !== null && (typeof info !== 'object' || Array.isArray(info))) {
      throw invalid(what, 'an object', info);
    }
    const payload = encodePayload(name, info as object | null | undefined);
    if (isNestedTooDeep(payload)) {
      throw refusal(what, `an object that is nested at most ${MOST_NESTED} deep, with the payload around it`);
    }
    const bytes = entryBytes(encodeEntry(payload));
    if (bytes > maxEntryBytes) {
      throw refusal(
        what,
        `small enough for an entry of at most ${maxEntryBytes} bytes (maxEntryBytes)`,
        `${bytes}`,
      );
    }
    return { name, payload, bytes };
  } catch (error) {
    if (isStreamwardenError(error, 'InvalidOption')) throw error;
    // A bigint, a circle, what is nested without end, or what a getter or a toJSON of the application's throws.
    throw new StreamwardenError(
      'InvalidOption',
      `expected ${what} to be an object that JSON can carry: ${messageOf(error)}`,
      { cause: error, details: { option: what, expected: 'an object that JSON can carry' } },
    );
  }
}

/** Without the value: it is as large as it is. */
function refusal(option: string, expected: string, got?: string): StreamwardenError {
  const message = `expected ${option} to be ${expected}${got === undefined ? '' : `, got: ${got}`}`;
  return new StreamwardenError('InvalidOption', message, { details: { option, expected } });
}
