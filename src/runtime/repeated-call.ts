/** Repeats a call of a producer, or of an admin, that may be repeated, through whatever passes, for a limited time. */
import type { Clock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import { type Cancelled, cancelStreams, MOST_CANCELLED } from '../redis/cancelling.js';
import { clusterClientRequired } from '../redis/capabilities.js';
import type { Commands } from '../redis/commands.js';
import type { Connections } from '../redis/connections.js';
import type { Names } from '../redis/names.js';
import { isElsewhere, isPassing, replyOf } from '../redis/reply-errors.js';
import type { ProducerConnection } from './producer-connection.js';

/** Before what Redis has refused is sent again, in milliseconds. */
export const REFUSED_PAUSE_MS = 100;

export interface RepeatedCallSettings {
  readonly connections: Connections;
  readonly connection: ProducerConnection;
  readonly clock: Clock;
  /** How long one call is repeated, in milliseconds. */
  readonly timeoutMs: number;
  isClosed(): boolean;
}

export type RepeatedCall = <T>(
  call: () => Promise<T>,
  isRepeatable?: (error: unknown) => boolean,
) => Promise<T>;

/** @throws StreamwardenError `RuntimeStopped` when the producer is closed; what the last try met */
export function createRepeatedCall(settings: RepeatedCallSettings): RepeatedCall {
  const { connections, connection, clock, timeoutMs, isClosed } = settings;
  return async (call, isRepeatable = isPassing) => {
    const deadline = clock.monotonic() + timeoutMs;
    for (;;) {
      if (isClosed()) throw new StreamwardenError('RuntimeStopped', 'the producer is closed');
      await connection.up();
      try {
        return await call();
      } catch (error) {
        if (connections.kind !== 'cluster' && replyOf(error) === 'MOVED') throw clusterClientRequired();
        if (!isRepeatable(error) || clock.monotonic() >= deadline) throw error;
        if (isElsewhere(error)) connections.commands.replace(error as Error);
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, REFUSED_PAUSE_MS));
    }
  };
}

/** Cancels data streams, as many at a time as one call may. */
export async function cancelAll(
  repeated: RepeatedCall,
  commands: Commands,
  names: Names,
  dataStreams: readonly string[],
): Promise<Cancelled[]> {
  const cancelled: Cancelled[] = [];
  while (cancelled.length < dataStreams.length) {
    const some = dataStreams.slice(cancelled.length, cancelled.length + MOST_CANCELLED);
    cancelled.push(...(await repeated(() => cancelStreams(commands, names, some))));
  }
  return cancelled;
}
