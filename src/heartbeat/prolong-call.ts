/** How the heartbeat thread calls its script. */
import type { Names } from '../redis/names.js';

export interface ProlongCall {
  readonly keys: readonly string[];
  /** Behind the generation. */
  readonly args: readonly (string | number)[];
}

export function prolongCall(names: Names, consumer: string, heartbeatMs: number): ProlongCall {
  return { keys: [names.presence(consumer)], args: [heartbeatMs, consumer, names.presences] };
}
