import type { Clock } from '../core/clock.js';
import { isStreamwardenError } from '../core/errors.js';
import { clusterClientRequired } from './capabilities.js';
import type { Commands } from './commands.js';
import { isElsewhere, replyOf } from './reply-errors.js';

const PAUSE_MS = 100;

export interface Patience {
  /** Nodes that send a command to another one are being moved, and not a sign of a wrong address. */
  readonly isCluster: boolean;
  /** How long a call may go on being asked again, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the connection was closed for good: then nothing is asked again. */
  readonly isOver?: () => boolean;
}

function wasNotExecuted(error: unknown): boolean {
  return (
    isElsewhere(error) || (isStreamwardenError(error, 'RedisUnavailable') && error.details.sent === false)
  );
}

/**
 * Commands for whoever has nothing else to do than wait: what was certainly not executed (no connection, a failover, a slot on its way) is
 * asked again for a while. What may have been executed never is.
 *
 * @throws StreamwardenError `ClusterClientRequired` when the one server is a node of a cluster
 */
export function patientCommands(
  commands: Commands,
  clock: Clock,
  { isCluster, timeoutMs, isOver = () => false }: Patience,
): Commands {
  async function persist<T>(call: () => Promise<T>): Promise<T> {
    const deadline = clock.monotonic() + timeoutMs;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!isCluster && replyOf(error) === 'MOVED') throw clusterClientRequired();
        if (isOver() || !wasNotExecuted(error) || clock.monotonic() >= deadline) throw error;
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, PAUSE_MS));
    }
  }

  return {
    get isUp() {
      return commands.isUp;
    },
    run: (command, send) => persist(() => commands.run(command, send)),
    script: (name, keys, args) => persist(() => commands.script(name, keys, args)),
  };
}
