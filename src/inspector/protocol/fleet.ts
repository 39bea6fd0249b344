/** All processes of a service, and their streams, from Redis. */

import type { FoundStream, StreamsPage } from '../../admin/fleet-access.js';
import type { SuggestedNames } from '../../admin/stream-names.js';
import type { Move } from '../../admin/status/moves.js';
import type { BalanceStatus } from '../../admin/status/service-status.js';
import type { MemberRecord } from '../../redis/fleet.js';
import type { OwnerChange } from '../../redis/history-tail.js';
import type { Ownership } from '../../redis/owner-survey.js';
import type { PendingRow } from '../../redis/pending-survey.js';
import type { FleetMember } from '../../runtime/fleet.js';
import type { Instant } from './common.js';

/** All processes of the service, from Redis, at most one second old. */
export interface FleetReply {
  readonly at: Instant;
  /** In the order of their names. */
  readonly members: readonly FleetRow[];
  /** What the last round of balancing found. Null: there was none, or the user may not look. */
  readonly balance: BalanceStatus | null;
  /** Between which looks who gained and lost streams, newest first, at most 100. Looks are taken while somebody asks for them. */
  readonly moves: readonly FleetMoves[];
}

export interface FleetRow {
  /** Name in the group. */
  readonly name: string;
  readonly consumerId: string;
  readonly kind: FleetMember['kind'];
  /** The runtime that was asked. */
  readonly self: boolean;
  readonly isAlive: boolean | null;
  /** How long its presence still stands, in milliseconds; null: it has none. */
  readonly presenceMs: number | null;
  readonly pending: number;
  readonly owned: number | null;
  /** Streams that it is to hand over, by the last round; below 0: so many are to come to it. */
  readonly handOver: number;
  /** Streams that it would have if all had their share, by the last round; null: nobody knows. */
  readonly share: number | null;
  /** What it said of itself with its last heartbeat. */
  readonly process: MemberRecord | null;
}

/** Who had more, and who fewer streams than at the look before. */
export interface FleetMoves {
  /** Counts up. */
  readonly number: number;
  readonly at: Instant;
  /** The largest change first, at most 20. */
  readonly moves: readonly Move[];
  /** Further processes. */
  readonly more: number;
}

/** A page of what is pending for one consumer. */
export type FleetStreamsReply = StreamsPage;

export type FleetStreamReply = FoundStream;

/** Names of data streams that are pending, as far as one request looks. */
export type FleetNamesReply = SuggestedNames;

export type { BalanceStatus, Move, OwnerChange, Ownership, PendingRow };
