/** Actors: how each stands, what they say to each other, and the lines about those that are watched. */

import type { Line, StateValue } from '../../replay/format.js';
import type { Instant, Of } from './common.js';
import type { Limits } from './live.js';
import type { NewsItem } from './news.js';

/** How an actor stands: always the whole of it. */
export interface ActorRow {
  /** Names it. One that is started again, or comes again, has the same. */
  readonly path: string;
  /** Path of who stands above it; null at the top. Derived, so that the tree is the one of the documentation. */
  readonly parent: string | null;
  /**
   * Id of its machine. Null: a supervised child that has none (`consumer/toucher`), or none at the moment, since it is to be started again. Its state is
   * then that of its supervision: `running`, `restarting` or `ended`.
   */
  readonly machine: string | null;
  /** The data stream's name, of an ownership; the master's address, of a subscription; else null. */
  readonly label: string | null;
  /** How the lock of an ownership's stream stands: `held`, `missing`, `foreign`, `being taken`, `waited for`, `being released`; null: it has none. */
  readonly lock: string | null;
  readonly state: StateValue;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** How often its supervisor has started it again; null: nobody would. */
  readonly restarts: number | null;
  /** Since when it lives, where that was seen. */
  readonly since: Instant | null;
  /** Events delivered to it while somebody watched the runtime. */
  readonly events: number;
  /** The last of them. */
  readonly last: { readonly seq: number; readonly at: Instant; readonly type: string } | null;
  /** How it ended; null: it lives, or that is not known. */
  readonly ended: Ended | null;
}

export interface Ended {
  readonly at: Instant;
  /** Why, where there is more to say than its last state, as in its context. */
  readonly reason: string | null;
  /** What the handler of an ownership threw last, with its stack, secrets left out; null: nothing. */
  readonly thrown: string | null;
}

/** The latest actors that had ended before the viewer came, oldest first; kept also while nobody watches, up to 1000. */
export interface EndedTold extends Of {
  readonly kind: 'ended';
  readonly rows: readonly ActorRow[];
}

/** A part of the actors that live. */
export interface ActorsTold extends Of {
  readonly kind: 'actors';
  readonly rows: readonly ActorRow[];
}

/** Up to 100 ms of what happened. To be applied in this order: what ended, then what began or changed (a path may be in both). */
export interface Delta extends Of {
  readonly kind: 'delta';
  readonly at: Instant;
  /** Actors that have ended, as they stood last. They are no longer among those that live. */
  readonly ended: readonly ActorRow[];
  /** Actors that began or changed. */
  readonly actors: readonly ActorRow[];
  /** Oldest first. Under load the oldest of the batch are left out. */
  readonly messages: readonly Message[];
  /** So many messages are left out before the first one. */
  readonly skipped: number;
  readonly news: readonly NewsItem[];
}

/** Somebody told somebody something: one arrow of the sequence diagram. */
export interface Message {
  /** Numbers what is heard of this runtime. Gaps where something was skipped, or nobody watched. */
  readonly seq: number;
  readonly at: Instant;
  /** Path of the actor that was processing something when it sent this; null: from outside, that is Redis, a timer, or the application. */
  readonly from: string | null;
  /** Path of the actor; null: the application was told a notification. */
  readonly to: string | null;
  /** Type of the event or of the notification. */
  readonly type: string;
  /** The stream that it is about, where it is about one. */
  readonly label: string | null;
  /** The state before and the state it led to, in words (`present.confirmed`); null for notifications. Equal when it stayed. */
  readonly before: string | null;
  readonly after: string | null;
  /** Processing it threw. */
  readonly threw: boolean;
}

/** Lines about one watched actor, in order. The first ones after a watch are its history, as far as it is remembered, and may be none. */
export interface Detail extends Of {
  readonly kind: 'detail';
  readonly actor: string;
  readonly lines: readonly Line[];
  /** So many lines are left out before these, which begin with a join then. */
  readonly skipped: number;
  /**
   * By the seq of an event: the transitions that it led through, each named by the path of the state it leaves, `#`, and its place among that state's
   * transitions. Missing where it cannot be told.
   */
  readonly taken: Readonly<Record<number, readonly string[]>>;
  /** This is the history: forget any lines from before. */
  readonly isHistory: boolean;
}

export interface WatchRequest {
  /** At most {@link Limits.watched}. */
  readonly actors: readonly { readonly runtime: string; readonly actor: string }[];
}
