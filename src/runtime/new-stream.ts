/** What a producer is given, checked and encoded before anything is sent. */
import { isStreamwardenError, messageOf, StreamwardenError, textOf } from '../core/errors.js';
import { encodePayload, type Info } from '../redis/entry.js';
import { invalid } from './option-errors.js';

export interface NewStream {
  /** Name of the data stream: any non-empty string. */
  readonly name: string;
  /** What its owner should know: an object that JSON can carry. */
  readonly info?: Info | null;
}

/** @throws StreamwardenError `InvalidOption`, whatever it is given */
export function payloadsOf(streams: readonly NewStream[]): string[] {
  if (!Array.isArray(streams)) throw invalid('streams', 'a list of objects with a name', streams);
  return streams.map(payloadOf);
}

function payloadOf(stream: unknown): string {
  let what = 'the stream';
  try {
    if (typeof stream !== 'object' || stream === null) throw invalid(what, 'an object with a name', stream);
    const { name, info } = stream as { readonly name: unknown; readonly info?: unknown };
    if (typeof name !== 'string' || name === '') throw invalid('name', 'a non-empty string', name);
    what = `info of ${textOf(name)}`;
    if (info !== undefined && info !== null && (typeof info !== 'object' || Array.isArray(info))) {
      throw invalid(what, 'an object', info);
    }
    return encodePayload(name, info as Info | null | undefined);
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
