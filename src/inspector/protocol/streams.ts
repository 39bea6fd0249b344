/** What a runtime is doing with one stream of its own. */

import type { Json } from '../../replay/json-safe.js';
import type { StreamActivity } from '../../runtime/stream-activity.js';
import type { Instant } from './common.js';

export interface StreamReply {
  readonly at: Instant;
  /** Null: the runtime does not have it, or not any more. */
  readonly activity: StreamFacts | null;
  /** What a handler of the same data stream threw last, under an earlier entry that this runtime had; null: nothing that it remembers. */
  readonly before: ThrownBefore | null;
}

export interface StreamFacts extends Omit<StreamActivity, 'info'> {
  /** Null where it is too large to be shown, too: `isInfoLeftOut`. */
  readonly info: Json;
  readonly isInfoLeftOut: boolean;
}

export interface ThrownBefore {
  /** Of the entry. */
  readonly id: string;
  /** When the runtime was rid of it. */
  readonly at: Instant;
  /** With its stack, secrets left out. */
  readonly thrown: string;
}
