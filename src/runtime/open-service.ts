/** A short visit to a service by somebody who is none of its consumers: an operator who looks, and repairs. */
import { type Clock, randomHex, systemClock } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import { type Claims, createClaims } from '../redis/claims.js';
import { createConnections, createHomeCommands } from '../redis/connections.js';
import { createDeadLetterQueue, type DeadLetterQueue } from '../redis/dead-letter-queue.js';
import { createEntryReader } from '../redis/entry-reader.js';
import { createGroupStore } from '../redis/group.js';
import type { LeaseSettings } from '../redis/lease-store.js';
import type { Names } from '../redis/names.js';
import { createOwnerRecords } from '../redis/owner-records.js';
import { createOwnerSurvey, type OwnerSurvey } from '../redis/owner-survey.js';
import { patientCommands } from '../redis/patient-commands.js';
import { createPendingSurvey, type PendingSurvey } from '../redis/pending-survey.js';
import { createSpread } from '../redis/spread.js';
import { createStranded, type Stranded } from '../redis/stranded.js';
import { createProducerConnection } from './producer-connection.js';
import type { CompiledServiceOptions } from './service-settings.js';

export interface ServiceAccess extends AsyncDisposable {
  readonly names: Names;
  readonly deadLetters: DeadLetterQueue;
  readonly pending: PendingSurvey;
  readonly owners: OwnerSurvey;
  readonly claims: Claims;
  readonly stranded: Stranded;
  /** Whether there is a load balancer stream, a dead-letter stream, or something delayed, of this service. */
  exists(): Promise<boolean>;
  /** The clock of the server that the dead-letter stream is on, epoch milliseconds. */
  lettersNow(): Promise<number>;
}

/** It has nothing pending and keeps no presence; its name is for whoever reads MONITOR. */
function visitor(clock: Clock, dlqIsLocal: boolean): LeaseSettings {
  return {
    consumer: `visitor:${randomHex(clock, 4)}`,
    heartbeatMs: 0,
    maxRetries: 0,
    dlqMaxLen: 0,
    dlqIsLocal,
    duplicates: 'queue',
    historyKey: undefined,
  };
}

/**
 * Connects.
 *
 * @param clock another one than the system's is for simulations
 * @throws StreamwardenError `RedisUnavailable` when there is no usable connection within the time;
 *   `PermissionDenied`, `RedisRefused`
 */
export async function openService(
  { redis, isCluster, names, layout, timeoutMs }: CompiledServiceOptions,
  clock: Clock = systemClock,
): Promise<ServiceAccess> {
  const settings = visitor(clock, layout.dlqIsLocal);
  const connections = createConnections({
    target: redis,
    isCluster,
    clock,
    logger: silentLogger,
    heartbeatMs: timeoutMs,
    connectionName: `streamwarden:${settings.consumer}`,
    home: names.lbs,
  });
  const connection = createProducerConnection(connections, clock, timeoutMs);
  const { shards } = connections;
  const patience = { isCluster: shards !== undefined, timeoutMs };
  const home = patientCommands(createHomeCommands(connections, clock, timeoutMs), clock, patience);
  const letters =
    shards === undefined || layout.dlqIsLocal
      ? home
      : patientCommands(shards.commandsFor(names.dlq), clock, patience);
  const spread = shards && createSpread(shards);

  const here = createGroupStore(home, names, settings, clock);
  const group = spread ? { ...here, timesToLive: spread.timesToLive } : here;
  const owners = createOwnerRecords(home, names);
  const entries = createEntryReader(home, names, clock, timeoutMs);
  const stranded = createStranded(home, names);
  const pending = createPendingSurvey({ names, group, entries, owners });

  try {
    await connection.up();
  } catch (error) {
    connection.close();
    throw error;
  }
  return {
    names,
    deadLetters: createDeadLetterQueue({ names, home, letters, layout, clock, timeoutMs }),
    pending,
    owners: createOwnerSurvey({ names, commands: home, clock, timeoutMs, owners, pending }),
    stranded,
    claims: createClaims({ names, layout, commands: home, group, entries, caller: settings.consumer }),
    async exists() {
      const there = await Promise.all([
        home.run('EXISTS', (client) => client.exists(names.lbs, names.delayed)),
        letters.run('EXISTS', (client) => client.exists(names.dlq)),
      ]);
      return there.some((count) => count > 0);
    },
    async lettersNow() {
      const [seconds] = await letters.run('TIME', (client) => client.time());
      return Number(seconds) * 1_000;
    },
    async [Symbol.asyncDispose]() {
      connection.close();
    },
  };
}
