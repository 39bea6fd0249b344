/** What can be done with one data stream that lives. */

import type { ClaimedEntry } from '../../admin/claiming.js';
import type { Cancelled } from '../../redis/cancelling.js';
import type { PauseChange } from '../../redis/parking.js';

export const STREAM_ACTIONS = ['release', 'claim', 'pause', 'resume', 'cancel'] as const;

export type StreamAction = (typeof STREAM_ACTIONS)[number];

export interface StreamActionRequest {
  readonly name: string;
  /** Of `release` and `claim`: the entry that is meant, and no later one of the name. */
  readonly id?: string;
  /** Of `claim`: whether it is taken from a holder that is alive as well. */
  readonly force?: boolean;
}

/** What became of it. */
export type StreamActionReply =
  /** `underWay`: its handler has not returned yet, or Redis does not answer; it is released as soon as that has happened. */
  | { readonly action: 'release'; readonly outcome: 'released' | 'underWay' }
  | ({ readonly action: 'claim' } & ClaimedEntry)
  | ({ readonly action: 'pause' | 'resume' } & PauseChange)
  | ({ readonly action: 'cancel' } & Cancelled);
