/** The connection of a producer, or of an admin: made when it is first needed, waited for within a time. */
import type { Clock } from '../core/clock.js';
import { isStreamwardenError, StreamwardenError } from '../core/errors.js';
import type { Connections } from '../redis/connections.js';
import { followShards, type ShardFollower } from '../redis/shard-follower.js';

export interface ProducerConnection {
  /**
   * Resolves when there is a connection; at once, if there is.
   * @throws StreamwardenError `RedisUnavailable` after the time; what no waiting heals at once: `PermissionDenied`, `RedisRefused`;
   *   `RuntimeStopped` when it is closed meanwhile
   */
  up(): Promise<void>;
  close(): void;
}

/**
 * @param timeoutMs how long a connection is waited for, in milliseconds
 * @param patience `once`: the first attempt that fails ends the waiting
 */
export function createProducerConnection(
  connections: Connections,
  clock: Clock,
  timeoutMs: number,
  patience: 'wait' | 'once' = 'wait',
): ProducerConnection {
  const { commands: link, shards } = connections;
  let follower: ShardFollower | undefined;
  /** Of each call that waits for a connection: ends its waiting. */
  const waiting = new Set<(error: Error) => void>();

  function open(): void {
    if (shards === undefined) link.open();
    else follower ??= followShards(shards, link, clock, onProblem);
  }

  function onProblem(problem: string): void {
    if (patience === 'wait') return;
    for (const fail of [...waiting]) fail(notNow(new Error(problem)));
  }

  function notNow(error: Error): StreamwardenError {
    return new StreamwardenError('RedisUnavailable', `no connection to Redis: ${error.message}`, {
      retriable: true,
      cause: error,
      details: { sent: false },
    });
  }

  function late(): StreamwardenError {
    const why = link.lastError?.message ?? link.waitsFor ?? follower?.problem ?? 'not tried yet';
    return new StreamwardenError(
      'RedisUnavailable',
      `no connection to Redis within ${timeoutMs} ms: ${why}`,
      {
        retriable: true,
        cause: link.lastError,
        details: { sent: false },
      },
    );
  }

  return {
    async up() {
      if (link.isUp) return;
      await new Promise<void>((resolve, reject) => {
        const over = (settle: () => void) => {
          clock.clearTimeout(timer);
          forget();
          waiting.delete(fail);
          settle();
        };
        const fail = (error: Error) => over(() => reject(error));
        const timer = clock.setTimeout(() => fail(late()), timeoutMs);
        const forget = link.listen({
          up: () => over(resolve),
          down: (error) => {
            // Its database cannot be selected: no waiting heals that.
            const isFinal = isStreamwardenError(error) && !error.retriable && error.code !== 'RuntimeStopped';
            if (isFinal) fail(error);
            else if (patience === 'once') fail(notNow(error));
          },
        });
        waiting.add(fail);
        open();
        follower?.refused.catch((error: unknown) => fail(error as Error));
      });
    },
    close() {
      follower?.stop();
      for (const fail of [...waiting]) {
        fail(new StreamwardenError('RuntimeStopped', 'the connection was closed'));
      }
      connections.close();
    },
  };
}
