/** Dead letters, how they are looked for, and what can be done with those that are chosen. */

import type { Json } from '../../replay/json-safe.js';
import type { Instant } from './common.js';

/** Which letters: what is left out lets everything through. */
export interface LettersFilter {
  /** A text that name, reason, last owner or error has, in capitals or not. */
  readonly find?: string;
  /** Exactly this reason. */
  readonly reason?: string;
  /** Exactly this name of an error, such as `TypeError`. */
  readonly errorName?: string;
  /** They came there so many milliseconds ago, by the clock of Redis, or earlier. */
  readonly olderMs?: number;
  /** They came there within so many milliseconds. */
  readonly newerMs?: number;
}

export interface DeadLettersReply {
  /** How many there are. */
  readonly length: number;
  /** Newest first. */
  readonly letters: readonly DeadLetterRow[];
  /** What to ask for the next page with; null: this was the last. With a filter there may be few letters, or none, as one request looks through so many as 20 pages have. */
  readonly after: string | null;
}

/** A part of the dead-letter stream, as it was when somebody began to look through it: what comes later, or grows older, is not in it. */
export interface LettersRange {
  /** Id of the newest letter then; null: there was none. */
  readonly newest: string | null;
  readonly fromMs: Instant | null;
  readonly toMs: Instant | null;
}

/** What one request counted, of at most a thousand letters. Whoever asks goes on with `after` and `range`, and adds up. */
export interface LetterGroupsReply {
  /** How many there are. */
  readonly length: number;
  readonly range: LettersRange;
  /** How many of that age were looked through. */
  readonly looked: number;
  /** How many of them the whole filter lets through. */
  readonly matching: number;
  /** By reason, of those that all of the filter but its reason lets through. The largest first, at most 50. */
  readonly reasons: readonly LetterGroup[];
  /** By the name of the error, likewise. */
  readonly errors: readonly LetterGroup[];
  /** What to go on with; null: all have been looked through. */
  readonly after: string | null;
}

export interface LetterGroup {
  /** Null: it has none. */
  readonly name: string | null;
  readonly count: number;
}

export interface DeadLetterRow {
  /** On the dead-letter stream. */
  readonly id: string;
  /** When it was dead-lettered. */
  readonly at: Instant;
  /** `max_retries_exceeded`, `delivery_limit`, `rejected`, `unparseable`, `tooLarge`, or what another client wrote; null: nothing. */
  readonly reason: string | null;
  readonly retryCount: number;
  /** How often a handler of it threw. */
  readonly failures: number;
  /** How often an owner of it died. */
  readonly deaths: number;
  /** Name in the group of who had it last; null: the letter does not say. */
  readonly owner: string | null;
  /** What its handler threw at last; null: nothing, or the letter does not say. */
  readonly error: {
    readonly name: string;
    readonly message: string;
    readonly stack: string | null;
  } | null;
  /** The data stream's name; null: it cannot be parsed. */
  readonly stream: string | null;
  /** Why it cannot be parsed; null when it can. */
  readonly problem: string | null;
  readonly info: Json;
  /** Field and value, in order. Cut where a value is too long to be shown. */
  readonly fields: readonly { readonly name: string; readonly value: string; readonly cut: boolean }[];
}

export interface DeadLettersRequest {
  readonly ids: readonly string[];
}

/** By id: what became of each. `gone`: it was not there any more. */
export interface DeadLettersOutcome {
  readonly outcomes: Readonly<Record<string, 'redriven' | 'deleted' | 'gone' | { readonly error: string }>>;
}
