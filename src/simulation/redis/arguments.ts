/** How commands read their arguments. */
import { type IdPart, MAXIMUM_ID, parseId, type StreamId, ZERO_ID } from './data/stream-id.js';
import { ReplyError } from './reply.js';
import { Unsupported } from './unsupported.js';

const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
const MOST = 9223372036854775807n;
const LEAST = -9223372036854775808n;

/** A 64 bit integer, as near as a number comes; undefined: it is none. */
export function parseInteger(text: string): number | undefined {
  if (text.length === 0 || text.length > 20 || !/^(?:0|-?[1-9]\d*)$/.test(text)) return undefined;
  if (text.length < 16) return Number(text);
  const exact = BigInt(text);
  return exact > MOST || exact < LEAST ? undefined : Number(exact);
}

/** @throws ReplyError */
export function integer(text: string | undefined, message = NOT_AN_INTEGER): number {
  const value = text === undefined ? undefined : parseInteger(text);
  if (value === undefined) throw new ReplyError(message);
  return value;
}

/** The same, of a counter that is going to be counted with. @throws ReplyError; Unsupported where that would not be exact */
export function counter(text: string | undefined, message?: string): number {
  const value = integer(text, message);
  if (!Number.isSafeInteger(value)) throw new Unsupported('counts beyond 2^53');
  return value;
}

const NUMBER =
  /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|inf(?:inity)?|0[xX][0-9a-fA-F]+)$/i;

/** A double, as Redis reads one; undefined: it is none. */
export function parseDouble(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const isNegative = text.startsWith('-');
  const bare = text.replace(/^[+-]/, '').toLowerCase();
  const value = bare.startsWith('inf') ? Number.POSITIVE_INFINITY : Number(bare);
  return isNegative ? -value : value;
}

const INVALID_ID = new ReplyError('ERR Invalid stream ID specified as stream command argument');

/** An id that is written out: not `-` or `+`. @throws ReplyError */
export function strictId(text: string | undefined, missing: IdPart = 0): StreamId {
  const parsed = text === undefined || text === '-' || text === '+' ? undefined : parseId(text, missing);
  if (parsed === undefined) throw INVALID_ID;
  return parsed.id;
}

/** The same, and undefined where it is none. */
export function strictIdOrNone(text: string): StreamId | undefined {
  return text === '-' || text === '+' ? undefined : parseId(text)?.id;
}

/** The id of an entry to be added: `<ms>-*` leaves the sequence to Redis. @throws ReplyError */
export function idToAdd(text: string): { id: StreamId; hasSequence: boolean } {
  const parsed = text === '-' || text === '+' ? undefined : parseId(text, 0, true);
  if (parsed === undefined) throw INVALID_ID;
  return parsed;
}

/** An id where `-` and `+` stand for the smallest and the largest. @throws ReplyError */
export function looseId(text: string, missing: IdPart = 0): StreamId {
  if (text === '-') return ZERO_ID;
  if (text === '+') return MAXIMUM_ID;
  return strictId(text, missing);
}

/** One end of a range: `(` leaves the id itself out. @throws ReplyError */
export function rangeStart(text: string): StreamId {
  if (text.length < 2 || text[0] !== '(') return looseId(text);
  const next = strictId(text.slice(1)).next();
  if (next === undefined) throw new ReplyError('ERR invalid start ID for the interval');
  return next;
}

/** @throws ReplyError */
export function rangeEnd(text: string): StreamId {
  if (text.length < 2 || text[0] !== '(') return looseId(text, MAXIMUM_ID.seq);
  const previous = strictId(text.slice(1), MAXIMUM_ID.seq).previous();
  if (previous === undefined) throw new ReplyError('ERR invalid end ID for the interval');
  return previous;
}

export function wrongArity(name: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${name}' command`);
}

export function unknownSubcommand(name: string, subcommand: string): ReplyError {
  return new ReplyError(
    `ERR unknown subcommand '${subcommand.slice(0, 128)}'. Try ${name.toUpperCase()} HELP.`,
  );
}

/** Syntax of a subcommand is wrong. */
export function subcommandSyntax(name: string, subcommand: string): ReplyError {
  return new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${subcommand.slice(0, 128)}'. Try ${name.toUpperCase()} HELP.`,
  );
}
