/** How far a data stream has come, and how far its owner, or whoever is given it next, is behind. */
import { timeOfEntryId } from '../core/entry-id.js';
import { isStreamwardenError } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { type KeptCheckpoint, lookAtCheckpoint } from '../redis/checkpoint-survey.js';
import type { Commands } from '../redis/commands.js';
import type { DataStreams } from '../redis/data-streams.js';
import type { Lag } from '../redis/lag.js';
import { LagCount } from '../redis/lag-count.js';
import type { Names } from '../redis/names.js';

export interface PositionStatus {
  /** Of a Redis stream. */
  readonly key: string;
  /** The last entry that has been dealt with; null: all have, and the stream has been removed. */
  readonly id: string | null;
  /** What is behind it. Null: the stream is not beside the load balancer stream, or the user may not look. */
  readonly lag: Lag | null;
}

export interface CheckpointStatus extends Omit<KeptCheckpoint, 'positions'> {
  readonly positions: readonly PositionStatus[];
}

/** So much of what an application saved is shown to people. */
const MOST_SHOWN = 200;

/** As people are shown it: short, and without what looks like a password. */
export function shownValue(value: string): string {
  const shown = redact(value);
  return shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN)}…` : shown;
}

/** The same for whom it is one fact among others. Null: nothing is kept, or the user may not look. */
export async function checkpointToShow(
  read: () => Promise<CheckpointStatus | null>,
): Promise<CheckpointStatus | 'unreadable' | null> {
  try {
    const found = await read();
    return found && { ...found, value: found.value === null ? null : shownValue(found.value) };
  } catch (error) {
    if (isStreamwardenError(error, 'InvalidCheckpoint')) return 'unreadable';
    if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
    return null;
  }
}

/** Keys of one checkpoint that are looked at: it is small, and no more fit. */
const MOST_LOOKED_AT = 100;

/** Null: nothing is kept of it. @throws StreamwardenError `InvalidCheckpoint`, `PermissionDenied`: rejects with */
export async function readCheckpoint(
  commands: Commands,
  names: Names,
  streams: Pick<DataStreams, 'placeOf' | 'look'>,
  dataStream: string,
): Promise<CheckpointStatus | null> {
  const kept = await lookAtCheckpoint(commands, names, dataStream);
  if (kept === null) return null;
  const positions = await Promise.all(
    kept.positions.map(async ({ key, id }, index) => {
      const lag = id === null || index >= MOST_LOOKED_AT ? null : await lagBehind(streams, key, id);
      return { key, id, lag };
    }),
  );
  return { ...kept, positions };
}

async function lagBehind(
  streams: Pick<DataStreams, 'placeOf' | 'look'>,
  key: string,
  position: string,
): Promise<Lag | null> {
  try {
    const { redisMs, answers } = await streams.look(streams.placeOf(key), [{ key, after: position }]);
    const answer = answers[0];
    if (answer === undefined || !('facts' in answer) || answer.facts === undefined) return null;
    const { entries, isExact } = new LagCount().count(
      { position, count: null, nextId: answer.nextId },
      answer.facts,
    );
    const addedAt = answer.nextId === null ? null : timeOfEntryId(answer.nextId, redisMs);
    const ms = entries === 0 ? 0 : addedAt === null ? null : Math.max(0, Math.round(redisMs - addedAt));
    return { entries, isExact, ms };
  } catch (error) {
    if (!isStreamwardenError(error)) throw error;
    return null;
  }
}
