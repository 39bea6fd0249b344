/** The connection of a producer, or of a visitor (service-access.ts): made when it is first needed, waited for within a time. */
import type { Clock } from '../core/clock.js';
import { isStreamwardenError, StreamwardenError } from '../core/errors.js';
import type { Connections } from '../redis/connections.js';
import { followShards, type ShardFollower } from '../redis/shard-follower.js';

export interface ProducerConnection {
  /**
   * Resolves when there is a connection; at once, if there is.
   * @throws StreamwardenError `RedisUnavailable` after the time; what no waiting heals at once: `PermissionDenied`, `RedisRefused`
   */
  up(): Promise<void>;
  close(): void;
}

/** @param timeoutMs how long a connection is waited for, in milliseconds */
export function createProducerConnection(
  connections: Connections,
  clock: Clock,
  timeoutMs: number,
): ProducerConnection {
  const { commands: link, shards } = connections;
  let follower: ShardFollower | undefined;

  function open(): void {
    if (shards === undefined) link.open();
    else follower ??= followShards(shards, link, clock);
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
          settle();
        };
        const timer = clock.setTimeout(() => over(() => reject(late())), timeoutMs);
        const forget = link.listen({
          up: () => over(resolve),
          down: (error) => {
            // Its database cannot be selected: no waiting heals that.
            const isFinal = isStreamwardenError(error) && !error.retriable && error.code !== 'RuntimeStopped';
            if (isFinal) over(() => reject(error));
          },
        });
        open();
        follower?.refused.catch((error: unknown) => over(() => reject(error as Error)));
      });
    },
    close() {
      follower?.stop();
      connections.close();
    },
  };
}
