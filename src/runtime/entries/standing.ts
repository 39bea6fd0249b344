/** Where a cursor is, as whoever counts how far it is behind wants to know: found out when that asks, so that reading pays nothing for it. */

import { REMOVED } from '../../actors/data/progress.js';
import { isEntryId } from '../../core/entry-id.js';
import type { DataRow } from '../../redis/data-streams.js';
import type { Standing } from '../../redis/lag.js';
import { START } from './position.js';

export interface WalkedSoFar {
  /** The last entry that has been committed; undefined: none. */
  readonly position: string | undefined;
  /** Where reading begins while there is none. */
  readonly from: string;
  /** Rows of the pages before this one. */
  readonly before: number;
  readonly rows: readonly DataRow[];
  /** Of these rows, how many have been handed out. */
  readonly at: number;
  /** The last entry that has been handed out. */
  readonly handed: string | undefined;
  /** The first row of what is in the handler's hands, and how many there are. */
  readonly inHand: DataRow | undefined;
  readonly handedCount: number;
  /** Whatever has been handed out is committed when more is asked for. */
  readonly isAuto: boolean;
}

export function standingOf(walked: WalkedSoFar): Standing {
  const { before, rows, inHand, isAuto, from } = walked;
  const known = walked.position ?? from;
  const position = known !== REMOVED && isEntryId(known) ? known : START;
  const count = countOf(walked);
  const next = count === null ? undefined : rows[count - before]?.[0];
  const held = isAuto && inHand !== undefined ? inHand[0] : undefined;
  return { position, count, nextId: next ?? held ?? null };
}

/** How many entries have been read up to the position; null: it is in an earlier page. */
function countOf(walked: WalkedSoFar): number | null {
  const { position, before, rows, at, handed, inHand, handedCount, isAuto } = walked;
  if (handed === undefined || position === undefined) return 0;
  if (position === handed) return before + at;
  const index = rows.findIndex(([id], place) => place < at && id === position);
  if (index >= 0) return before + index + 1;
  if (isAuto && inHand !== undefined) return before + at - handedCount;
  // It stands before all that has been read.
  return before === 0 ? 0 : null;
}
