/** Dead letters, and what can be done with them. */

import type { Json } from '../../replay/json-safe.js';
import type { Instant } from './common.js';

export interface DeadLettersReply {
  /** How many there are. */
  readonly length: number;
  /** Newest first. */
  readonly letters: readonly DeadLetterRow[];
  /** What to ask for the next page with; null: this was the last. With `find` there may be few letters, or none, as one request looks through so many as 20 pages have. */
  readonly after: string | null;
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
