/**
 * Ids of stream entries: two unsigned 64 bit numbers. Each is a number while that is exact and a bigint beyond, so that `<` and `===` work on
 * whatever is there.
 */
export type IdPart = number | bigint;

const MOST = (1n << 64n) - 1n;

function normal(value: bigint): IdPart {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function successor(part: IdPart): IdPart {
  return typeof part === 'number' && part < Number.MAX_SAFE_INTEGER ? part + 1 : normal(BigInt(part) + 1n);
}

function predecessor(part: IdPart): IdPart {
  return typeof part === 'number' ? part - 1 : normal(part - 1n);
}

export class StreamId {
  readonly ms: IdPart;
  readonly seq: IdPart;
  #text: string | undefined;

  constructor(ms: IdPart, seq: IdPart) {
    this.ms = ms;
    this.seq = seq;
  }

  toString(): string {
    this.#text ??= `${this.ms}-${this.seq}`;
    return this.#text;
  }

  get isZero(): boolean {
    return this.ms === 0 && this.seq === 0;
  }

  get isMaximum(): boolean {
    return this.ms === MOST && this.seq === MOST;
  }

  /** The next id; undefined after the last. */
  next(): StreamId | undefined {
    if (this.seq !== MOST) return new StreamId(this.ms, successor(this.seq));
    return this.ms === MOST ? undefined : new StreamId(successor(this.ms), 0);
  }

  /** The id before; undefined before the first. */
  previous(): StreamId | undefined {
    if (this.seq !== 0) return new StreamId(this.ms, predecessor(this.seq));
    return this.ms === 0 ? undefined : new StreamId(predecessor(this.ms), MOST);
  }
}

export const ZERO_ID = new StreamId(0, 0);
export const MAXIMUM_ID = new StreamId(MOST, MOST);

/** Below 0: a comes before b. */
export function compareIds(a: StreamId, b: StreamId): number {
  if (a.ms === b.ms) return a.seq === b.seq ? 0 : a.seq < b.seq ? -1 : 1;
  return a.ms < b.ms ? -1 : 1;
}

function parsePart(text: string): IdPart | undefined {
  if (text.length > 0 && text.length <= 15) {
    let value = 0;
    for (let at = 0; at < text.length; at += 1) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) return slowPart(text);
      value = value * 10 + digit;
    }
    return value;
  }
  return slowPart(text);
}

/** As strtoull reads what is no plain number: blanks and a sign in front. */
function slowPart(text: string): IdPart | undefined {
  if (!/^[ \t\n\v\f\r]*\+?\d+$/.test(text)) return undefined;
  const value = BigInt(text.trim().replace('+', ''));
  return value <= MOST ? normal(value) : undefined;
}

export interface ParsedId {
  readonly id: StreamId;
  /** False for `<ms>-*`. */
  readonly hasSequence: boolean;
}

/**
 * @param missing sequence of an id that is milliseconds only
 * @param mayLeaveSequence `<ms>-*` is an id
 */
export function parseId(text: string, missing: IdPart = 0, mayLeaveSequence = false): ParsedId | undefined {
  const dash = text.indexOf('-');
  const ms = parsePart(dash === -1 ? text : text.slice(0, dash));
  if (ms === undefined) return undefined;
  if (dash === -1) return { id: new StreamId(ms, missing), hasSequence: true };
  const rest = text.slice(dash + 1);
  if (mayLeaveSequence && rest === '*') return { id: new StreamId(ms, 0), hasSequence: false };
  const seq = parsePart(rest);
  return seq === undefined ? undefined : { id: new StreamId(ms, seq), hasSequence: true };
}
