/** The operations on Redis of one incarnation, on one server or all over a cluster. */
import type { Stores } from '../actors/kernel.js';
import { type Clock, randomHex } from '../core/clock.js';
import { createCheckpointStore } from '../redis/checkpoints.js';
import type { Commands } from '../redis/commands.js';
import { bulkTimeoutFor, type Connections } from '../redis/connections.js';
import type { DataStreams } from '../redis/data-streams.js';
import { createDeadLetterStore } from '../redis/dead-letter-store.js';
import { createDelayedStore } from '../redis/delaying.js';
import { createDueLetterStore } from '../redis/due-letters.js';
import { createEntryLetterStore } from '../redis/entry-letters.js';
import { createEntryReader } from '../redis/entry-reader.js';
import { createFleetStore } from '../redis/fleet.js';
import { createGroupStore } from '../redis/group.js';
import { createLeaseStore, type LeaseSettings } from '../redis/lease-store.js';
import { createLockStore, createSpreadLockStore, noLocks } from '../redis/locks.js';
import type { Names } from '../redis/names.js';
import { createParkedStore } from '../redis/parking.js';
import { createSpread } from '../redis/spread.js';
import { createTakeStore } from '../redis/taking.js';

export interface StoreSettings extends LeaseSettings {
  readonly names: Names;
  readonly lockKeys: boolean;
  readonly clock: Clock;
}

/**
 * @param bulk commands on the connection for whatever is as large as others choose to make it
 * @param reads commands on the connection of the reader
 * @param dataStreams wherever those are
 */
export function createStores(
  connections: Connections,
  commands: Commands,
  bulk: Commands,
  reads: Commands,
  dataStreams: DataStreams,
  settings: StoreSettings,
): Stores {
  const { names, consumer, heartbeatMs, lockKeys, dlqMaxLen, clock } = settings;
  const { shards } = connections;
  // Unlike any other process's: the incarnation's name is, and so is this.
  const lockValue = `${consumer}/${randomHex(clock, 8)}`;
  const lease = createLeaseStore(commands, names, settings);
  const group = createGroupStore(commands, names, settings, clock);
  const entries = createEntryReader(bulk, names, clock, bulkTimeoutFor(heartbeatMs));
  const delayed = createDelayedStore(commands, names, settings);
  const parked = createParkedStore(commands, names, settings);
  const fleet = createFleetStore(commands, names, consumer);
  const entryLetters = createEntryLetterStore(bulk, names, dlqMaxLen, () => clock.now());
  const taking = createTakeStore(reads, names, consumer);
  const checkpoints = createCheckpointStore(commands, bulk, names, settings, lease.generation);
  const due = createDueLetterStore(commands, bulk, names, settings);
  if (shards === undefined) {
    return {
      lease,
      group,
      entries,
      due,
      delayed,
      parked,
      fleet,
      taking,
      dataStreams,
      entryLetters,
      checkpoints,
      deadLetters: createDeadLetterStore(bulk, names, dlqMaxLen),
      locks: lockKeys ? createLockStore(commands, lockValue, heartbeatMs) : noLocks,
    };
  }
  const spread = createSpread(shards);
  return {
    lease,
    group: { ...group, timesToLive: (keys) => spread.timesToLive(keys) },
    entries,
    due,
    delayed,
    parked,
    fleet,
    taking,
    dataStreams,
    entryLetters,
    checkpoints,
    deadLetters: createDeadLetterStore(shards.bulkFor(names.dlq), names, dlqMaxLen),
    locks: lockKeys ? createSpreadLockStore(spread, lockValue, heartbeatMs) : noLocks,
  };
}
