/** Where the entries of data streams are, as a producer reaches it: with the service, or in a deployment of its own that is connected to when it is needed. */
import { type Clock, randomHex } from '../core/clock.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { type Logger, redact } from '../core/logger.js';
import type { Commands } from '../redis/commands.js';
import {
  commandTimeoutFor,
  type Connections,
  createConnections,
  createHomeCommands,
} from '../redis/connections.js';
import { createDataServers, type DataServers } from '../redis/data-servers.js';
import type { Names } from '../redis/names.js';
import { deploymentOf, type RedisTarget } from '../redis/target.js';
import { createProducerConnection, type ProducerConnection } from './producer-connection.js';

export interface DataPlace {
  readonly servers: DataServers;
  /** Resolves when there is a connection. */
  up(): Promise<void>;
  close(): void;
}

export interface DataPlaceSettings {
  /** Where the service is. */
  readonly connections: Connections;
  readonly commands: Commands;
  readonly connection: ProducerConnection;
  /** Undefined: where the service is. */
  readonly target: RedisTarget | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeoutMs: number;
}

/** In a cluster some node has to be asked who the others are: it is that of this key. */
const ANY_KEY = 'streamwarden';

export function openDataPlace(settings: DataPlaceSettings): DataPlace {
  const { connections, commands, connection, target, clock, logger, timeoutMs } = settings;
  if (target === undefined) {
    return {
      servers: createDataServers(connections, commands, connections.shards === undefined),
      up: () => connection.up(),
      close: () => {},
    };
  }
  const elsewhere = createConnections({
    target,
    clock,
    logger,
    heartbeatMs: timeoutMs,
    connectionName: `streamwarden:producer-data:${randomHex(clock, 4)}`,
    home: ANY_KEY,
  });
  const there = createProducerConnection(elsewhere, clock, timeoutMs);
  const patient = createHomeCommands(elsewhere, clock, Math.max(commandTimeoutFor(timeoutMs), 1000));
  return {
    servers: createDataServers(elsewhere, patient, false),
    up: () => there.up(),
    close: () => there.close(),
  };
}

/**
 * The names of a service whose data streams are elsewhere: the prefix there counts for them.
 * @throws StreamwardenError `InvalidOption`
 */
export function withData(names: Names, target: RedisTarget | undefined): Names {
  if (target === undefined) return names;
  try {
    const { keyPrefix = '' } = deploymentOf(target).options;
    return { ...names, dataKey: (dataStream) => keyPrefix + dataStream, isOwn: () => false };
  } catch (error) {
    if (isStreamwardenError(error)) throw error;
    const message = `expected data to be what ioredis takes, got: ${redact(messageOf(error))}`;
    throw new StreamwardenError('InvalidOption', message, { cause: error, details: { option: 'data' } });
  }
}
