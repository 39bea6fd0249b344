import type { Kernel } from '../../src/actors/kernel.js';
import { Wakes } from '../../src/actors/data/wakes.js';
import { systemClock } from '../../src/core/clock.js';
import { type Connections, createConnections } from '../../src/redis/connections.js';
import type { Names } from '../../src/redis/names.js';
import type { RedisTarget } from '../../src/redis/target.js';

export interface ListeningWakes {
  readonly wakes: Wakes;
  readonly connections: Connections;
  /** Names as they were heard. */
  readonly heard: string[];
  readonly errors: unknown[];
  readonly warnings: string[];
  close(): void;
}

/** The wakes of one consumer, without a runtime around them. */
export function wakesOf(
  target: RedisTarget,
  names: Names,
  consumer: string,
  woken: (name: string) => void = () => {},
): ListeningWakes {
  const ended = new AbortController();
  const warnings: string[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_facts: unknown, message?: string) => void warnings.push(String(message)),
    error: () => undefined,
  };
  const connections = createConnections({
    target,
    clock: systemClock,
    logger,
    heartbeatMs: 1000,
    connectionName: consumer,
    home: names.lbs,
  });
  const heard: string[] = [];
  const errors: unknown[] = [];
  const kernel = {
    clock: systemClock,
    logger,
    names,
    consumer,
    connections,
    settings: { heartbeatMs: 1000 },
    ended: ended.signal,
  } as unknown as Kernel;
  const wakes = new Wakes(kernel, (name) => {
    heard.push(name);
    woken(name);
  });
  return {
    wakes,
    connections,
    heard,
    errors,
    warnings,
    close() {
      ended.abort();
      wakes.stop();
      connections.close();
    },
  };
}
