/** Access to the keys of one service for a process that is none of its consumers: an operator who looks, and repairs. */
import { type Clock, randomHex } from '../core/clock.js';
import { silentLogger } from '../core/logger.js';
import type { Cancelled } from '../redis/cancelling.js';
import { type Claims, createClaims } from '../redis/claims.js';
import type { Commands } from '../redis/commands.js';
import { createConnections, createHomeCommands } from '../redis/connections.js';
import { createDataStreams, type DataStreams } from '../redis/data-streams.js';
import { createDeadLetterQueue, type DeadLetterQueue } from '../redis/dead-letter-queue.js';
import { createEntryReader } from '../redis/entry-reader.js';
import { createFleetStore, type FleetStore } from '../redis/fleet.js';
import { createGroupStore, type GroupStore } from '../redis/group.js';
import type { LeaseSettings } from '../redis/lease-store.js';
import type { Names } from '../redis/names.js';
import { createOwnerRecords } from '../redis/owner-records.js';
import { createOwnerSurvey, type OwnerSurvey } from '../redis/owner-survey.js';
import { type PauseChange, pauseStreams } from '../redis/parking.js';
import { patientCommands } from '../redis/patient-commands.js';
import { createPendingSurvey, type PendingSurvey } from '../redis/pending-survey.js';
import { createSpread } from '../redis/spread.js';
import { createStranded, type Stranded } from '../redis/stranded.js';
import { createProducerConnection } from '../runtime/producer-connection.js';
import { cancelAll, createRepeatedCall } from '../runtime/repeated-call.js';
import type { CompiledServiceOptions } from '../runtime/service-settings.js';

export interface ServiceAccess extends Disposable {
  readonly names: Names;
  /** Commands on the server of the load balancer stream. */
  readonly home: Commands;
  /** Commands on the server of the dead-letter stream, which a cluster may keep elsewhere. */
  readonly letters: Commands;
  readonly deadLetters: DeadLetterQueue;
  readonly pending: PendingSurvey;
  readonly owners: OwnerSurvey;
  readonly claims: Claims;
  readonly stranded: Stranded;
  /** Cancels data streams, in their order. Safe to repeat, and repeated while an answer is lost. */
  cancel(dataStreams: readonly string[]): Promise<Cancelled[]>;
  /** Pauses or resumes one. Safe to repeat, and repeated while an answer is lost. */
  setPaused(what: 'pause' | 'resume', dataStream: string): Promise<PauseChange>;
  /** Data streams, where they live in the same deployment. */
  readonly dataStreams: DataStreams;
  /** Lock keys of it are looked for all over a cluster. */
  readonly group: GroupStore;
  readonly fleet: FleetStore;
  /**
   * Resolves when there is a connection; opens it if need be.
   * @throws StreamwardenError `RedisUnavailable` when there is none within the time; `PermissionDenied`, `RedisRefused`
   */
  up(): Promise<void>;
  /** Whether there is a load balancer stream, a dead-letter stream, or something delayed, of this service. */
  exists(): Promise<boolean>;
  /** Ends the connections, and whatever waits for them. */
  close(): void;
}

export interface AccessSettings extends CompiledServiceOptions {
  /**
   * `wait`: a connection is waited for until the time is over, and what was certainly not executed is asked again. `once`: the first attempt
   * that fails is the answer, for a caller who looks again anyway. @defaultValue 'wait'
   */
  readonly patience?: 'wait' | 'once';
}

/** It has nothing pending and keeps no presence; its name is for readers of MONITOR and CLIENT LIST. */
function administrator(clock: Clock, dlqIsLocal: boolean): LeaseSettings {
  return {
    consumer: `admin:${randomHex(clock, 4)}`,
    heartbeatMs: 0,
    maxRetries: 0,
    dlqMaxLen: 0,
    dlqIsLocal,
    duplicates: 'queue',
    historyKey: undefined,
  };
}

/** Connects nothing yet. @throws StreamwardenError `InvalidOption` */
export function accessService(
  { redis, isCluster, names, layout, timeoutMs, patience = 'wait' }: AccessSettings,
  clock: Clock,
): ServiceAccess {
  const settings = administrator(clock, layout.dlqIsLocal);
  const connections = createConnections({
    target: redis,
    isCluster,
    clock,
    logger: silentLogger,
    heartbeatMs: timeoutMs,
    connectionName: `streamwarden:${settings.consumer}`,
    home: names.lbs,
    waitsForLoading: patience === 'wait',
  });
  const connection = createProducerConnection(connections, clock, timeoutMs, patience);
  const { shards } = connections;
  let isClosed = false;
  const patient = (commands: Commands): Commands =>
    patience === 'once'
      ? commands
      : patientCommands(commands, clock, {
          isCluster: shards !== undefined,
          timeoutMs,
          isOver: () => isClosed,
        });
  const commands = createHomeCommands(connections, clock, timeoutMs);
  const home = patient(commands);
  const repeated = createRepeatedCall({
    connections,
    connection,
    clock,
    timeoutMs,
    isClosed: () => isClosed,
  });
  const letters = shards === undefined || layout.dlqIsLocal ? home : patient(shards.commandsFor(names.dlq));
  const spread = shards && createSpread(shards);

  const here = createGroupStore(home, names, settings, clock);
  const group = spread ? { ...here, timesToLive: spread.timesToLive } : here;
  const owners = createOwnerRecords(home, names);
  const entries = createEntryReader(home, names, clock, timeoutMs);
  const stranded = createStranded(home, names);
  const pending = createPendingSurvey({ names, group, entries, owners });

  function close(): void {
    isClosed = true;
    connection.close();
  }

  // It takes no connection more, but in a cluster to a node that is asked.
  const among = { ...connections, data: connections.data && connections.commands };
  const dataStreams = createDataStreams(among, clock, timeoutMs, names.dataKey);

  return {
    names,
    dataStreams,
    home,
    letters,
    deadLetters: createDeadLetterQueue({ names, home, letters, layout, clock, timeoutMs }),
    pending,
    group,
    fleet: createFleetStore(home, names, settings.consumer),
    async cancel(dataStreams) {
      return await cancelAll(repeated, commands, names, dataStreams);
    },
    async setPaused(what, dataStream) {
      const [changed] = await repeated(() => pauseStreams(commands, names, what, [dataStream]));
      return changed as PauseChange;
    },
    owners: createOwnerSurvey({ names, commands: home, clock, timeoutMs, owners, pending }),
    stranded,
    claims: createClaims({ names, layout, commands: home, group, entries, caller: settings.consumer }),
    up: () => connection.up(),
    async exists() {
      const there = await Promise.all([
        home.run('EXISTS', (client) => client.exists(names.lbs, names.delayed)),
        letters.run('EXISTS', (client) => client.exists(names.dlq)),
      ]);
      return there.some((count) => count > 0);
    },
    close,
    [Symbol.dispose]: close,
  };
}
