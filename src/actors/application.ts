/** What actors tell the application through. Implemented by the runtime; nothing here may throw. */

import type { DeadLetterReason } from '../redis/due-consumer.js';
import type { Info } from '../redis/entry.js';
import type { Ownership } from './ownership.js';

/** An entry that was, or may be, taken from a dead consumer. */
export interface ExpiredEntry {
  readonly id: string;
  readonly name: string;
  readonly info: Info | null;
  readonly retryCount: number;
  /** Name in the group of the dead consumer. */
  readonly owner: string;
}

/** An entry that was moved to the dead-letter stream. */
export interface BuriedEntry {
  readonly id: string;
  /** '' when nobody here knows it: it cannot be parsed, or was too large to be read. */
  readonly name: string;
  readonly retryCount: number;
  readonly reason: DeadLetterReason;
  /** On the dead-letter stream. */
  readonly letterId: string;
}

export interface Application {
  /** How many more streams it can be told of now. */
  readonly room: number;
  /** Verified as ours: hand it over. */
  added(ownership: Ownership): void;
  uncertain(ownership: Ownership): void;
  confirmed(ownership: Ownership): void;
  disowned(ownership: Ownership, reason: string): void;
  /** Its stream has been ensured by a producer meanwhile: `touches` has grown. */
  touched(ownership: Ownership): void;
  /** A producer has cancelled its stream: nobody shall work on it any more. */
  cancelled(ownership: Ownership): void;
  expired(entry: ExpiredEntry): void;
  deadLettered(entry: BuriedEntry): void;
  /** Others are to have it, since this process has more than its share: nobody shall work on it any more. */
  moving(ownership: Ownership): void;
  /** Whether it may be handed over for that reason. */
  isMovable(ownership: Ownership): boolean;
  /** Whether handlers of the application work on streams; else nobody can tell whether somebody does. */
  readonly hasHandler: boolean;
  /** Whether a handler of the application is at work on it. */
  isBusy(ownership: Ownership): boolean;
  /** Ended for whatever reason: finished, handed over, lost. Its handle is dead. */
  ended(ownership: Ownership): void;
}
