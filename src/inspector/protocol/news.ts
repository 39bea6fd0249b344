/** Something rare that a person wants to know of. */

import type { Instant, Of } from './common.js';

/** Something rare that a person wants to know of: the seam's events of these types. */
export type NewsItem = { readonly at: Instant } & (
  | {
      readonly type: 'childFailed';
      readonly child: string;
      readonly code: string;
      readonly message: string;
      readonly restartInMs: number | null;
    }
  | { readonly type: 'childEscalated'; readonly child: string; readonly why: string }
  | { readonly type: 'childHealed'; readonly child: string }
  /** So many streams within a moment. */
  | {
      readonly type: 'lost';
      readonly reason: string;
      readonly count: number;
      /** The first 50 of them. */
      readonly streams: readonly LostStream[];
    }
  | {
      readonly type: 'moved';
      readonly why: string;
      readonly requeued: number;
      readonly deadLettered: number;
      readonly trimmed: number;
      readonly dlqLength: number;
    }
  | { readonly type: 'leaseLapsed'; readonly lapses: number }
  | { readonly type: 'leaseKept'; readonly silentMs: number }
  | {
      readonly type: 'scanFinished';
      readonly pending: number;
      readonly lockAlive: number;
      readonly requeued: number;
      readonly tookMs: number;
    }
  | {
      readonly type: 'keyspaceSetup';
      readonly master: string;
      readonly outcome: string;
      readonly error: string | null;
    }
  /** Only when what came of it differs from the time before. */
  | {
      readonly type: 'topologyAsked';
      readonly settled: boolean;
      readonly problems: readonly string[];
      readonly masters: readonly string[];
    }
  | { readonly type: 'topologyApplied'; readonly masters: readonly string[]; readonly anew: boolean }
  | { readonly type: 'groupRecreated'; readonly group: string }
);

export interface LostStream {
  /** At most 256 characters of it. */
  readonly name: string;
  /** Of the entry that was lost. */
  readonly id: string;
  /** Who owned it a moment later, by its name in the group; null: nobody that Redis knew of, or Redis was not asked in time. */
  readonly owner: string | null;
}

/** The latest news, oldest first; kept also while nobody watches, up to 500. */
export interface NewsTold extends Of {
  readonly kind: 'news';
  readonly news: readonly NewsItem[];
}
