/**
 * The payload of an entry on the load balancer stream: field `lbs-input`, JSON `{"DataStreamName": "...", "Info": {...}}`.
 * The reading rules are those of Go's encoding/json, with which the Go client reads the same entries.
 */
import { messageOf } from '../core/errors.js';
import type { TraceFields } from '../core/trace-fields.js';
import { isNestedTooDeep, MOST_NESTED } from './json-depth.js';
import { type LargeIntegers, withLargeIntegersAsText } from './large-integers.js';
import { fieldOf, OWN_FIELDS, retryCountOf } from './own-fields.js';

/** Free-form facts that a producer attaches to a data stream. */
export type Info = Readonly<Record<string, unknown>>;

export interface Announcement {
  readonly name: string;
  /** null when the producer gave none. */
  readonly info: Info | null;
}

export type ParsedEntry =
  | { readonly ok: true; readonly announcement: Announcement; readonly retryCount: number }
  | { readonly ok: false; readonly problem: string; readonly retryCount: number };

export const PAYLOAD_FIELD = 'lbs-input';
const TRACEPARENT_FIELD = 'traceparent';
const TRACESTATE_FIELD = 'tracestate';

/** No process dies of parsing so much. What is larger, and what consumers may have died of, is not parsed by those who only move it. */
export const HARMLESS_BYTES = 65_536;

/** One entry as Redis returns it: its id and its fields and values in turn, repeated fields included. */
export interface RawEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

/** Stands for bytes that are no UTF-8. */
const REPLACEMENT = /\uFFFD/g;

function bytesOf(text: string): number {
  const bytes = Buffer.byteLength(text);
  // As many as characters: then none of them can be a replacement.
  return bytes === text.length ? bytes : bytes - 2 * (text.match(REPLACEMENT)?.length ?? 0);
}

/**
 * Bytes of an entry's fields and values, as `scripts/lib/entry-size.lua` counts them. Where they are no UTF-8 it may be a little less than
 * that, and never more.
 */
export function entryBytes(fields: readonly string[]): number {
  let bytes = 0;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    if (!OWN_FIELDS.has(name)) bytes += bytesOf(name) + bytesOf(fields[at + 1] as string);
  }
  return bytes;
}

/** Where the producer announced it from; undefined where it was not traced. Whether it makes sense is for the reader to say. */
export function traceOf({ fields }: RawEntry): TraceFields | undefined {
  // Most entries have nothing but their payload.
  if (fields.length <= 2) return undefined;
  const traceparent = fieldOf(fields, TRACEPARENT_FIELD);
  if (traceparent === undefined) return undefined;
  return { traceparent, tracestate: fieldOf(fields, TRACESTATE_FIELD) };
}

// The u flag folds letter case as Go does: 'ſ' (U+017F) counts as 's'.
const NAME_MEMBER = /^datastreamname$/iu;
const INFO_MEMBER = /^info$/iu;

/** As it is nearly always written, or in another case. */
export function isName(member: string): boolean {
  return member === 'DataStreamName' || NAME_MEMBER.test(member);
}

function isInfo(member: string): boolean {
  return member === 'Info' || INFO_MEMBER.test(member);
}

/** Names are sent with every heartbeat, in lock keys: what producers make long would hold it up. */
export const MOST_NAME_BYTES = 65_536;

export function isNameTooLong(name: string): boolean {
  return name.length > MOST_NAME_BYTES || Buffer.byteLength(name) > MOST_NAME_BYTES;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

function parsePayload(payload: string, largeIntegers: LargeIntegers): Announcement | string {
  if (isNestedTooDeep(payload)) return `expected ${PAYLOAD_FIELD} to be nested at most ${MOST_NESTED} deep`;
  let document: unknown;
  try {
    document = JSON.parse(largeIntegers === 'text' ? withLargeIntegersAsText(payload) : payload);
  } catch (error) {
    return `expected ${PAYLOAD_FIELD} to be JSON, got: ${messageOf(error)}`;
  }
  if (!isObject(document)) return `expected ${PAYLOAD_FIELD} to be a JSON object, got: ${describe(document)}`;

  let name = '';
  let info: Info | null = null;
  for (const [member, value] of Object.entries(document)) {
    if (isName(member)) {
      // Go leaves a string as it was when it meets null.
      if (value === null) continue;
      if (typeof value !== 'string') return `expected DataStreamName to be a string, got: ${describe(value)}`;
      name = value;
    } else if (isInfo(member)) {
      if (value !== null && !isObject(value)) return `expected Info to be an object, got: ${describe(value)}`;
      info = value;
    }
  }
  if (name === '') return 'expected DataStreamName to be a non-empty string, got: none';
  return isNameTooLong(name)
    ? `expected DataStreamName to have at most ${MOST_NAME_BYTES} bytes, got: ${Buffer.byteLength(name)}`
    : { name, info };
}

/** Reads an entry. Never throws: what cannot be parsed is dead-lettered, and says why. */
export function parseEntry(entry: RawEntry, largeIntegers: LargeIntegers = 'round'): ParsedEntry {
  const retryCount = retryCountOf(entry.fields);
  const payload = fieldOf(entry.fields, PAYLOAD_FIELD);
  if (payload === undefined) {
    return { ok: false, problem: `expected a field ${PAYLOAD_FIELD}, got: none`, retryCount };
  }
  const result = parsePayload(payload, largeIntegers);
  return typeof result === 'string'
    ? { ok: false, problem: result, retryCount }
    : { ok: true, announcement: result, retryCount };
}

/**
 * The payload of a new entry. `Info` is left out when there is none, as the Go client does.
 * @throws whatever JSON.stringify throws for what JSON cannot carry; TypeError for an info that is no object once it is JSON, such as a Date
 */
export function encodePayload(name: string, info?: object | null): string {
  const stream = `{"DataStreamName":${JSON.stringify(name)}`;
  if (!info) return `${stream}}`;
  const text = JSON.stringify(info) as string | undefined;
  if (!text?.startsWith('{')) throw new TypeError(`it becomes ${text ?? 'nothing'} as JSON`);
  return `${stream},"Info":${text}}`;
}

/** Bytes that a trace adds to an entry. */
export function traceBytes(trace: TraceFields | undefined): number {
  return trace === undefined ? 0 : entryBytes(encodeEntry('', trace).slice(2));
}

/** The fields of a new entry. */
export function encodeEntry(payload: string, trace?: TraceFields): string[] {
  const fields = [PAYLOAD_FIELD, payload];
  if (trace === undefined) return fields;
  fields.push(TRACEPARENT_FIELD, trace.traceparent);
  if (trace.tracestate !== undefined) fields.push(TRACESTATE_FIELD, trace.tracestate);
  return fields;
}
