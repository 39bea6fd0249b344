/** Recordings that were begun in the inspector. */

import type { Instant, Of } from './common.js';

export interface RecordingInfo {
  readonly id: string;
  /** What a download is called. */
  readonly name: string;
  readonly startedAt: Instant;
  readonly active: boolean;
  readonly events: number;
  /** Events that could not be written. */
  readonly lost: number;
  readonly bytes: number;
  /** What ended it before its time. */
  readonly error: string | null;
}

/** All recordings that were begun here. The oldest are deleted when there are too many, and all when the inspector closes. */
export interface RecordingsChanged extends Of {
  readonly kind: 'recordings';
  readonly recordings: readonly RecordingInfo[];
}
