import type { Redis } from 'ioredis';
import { systemClock } from '../../src/core/clock.js';
import { silentLogger } from '../../src/core/logger.js';
import { type Commands, createCommands } from '../../src/redis/commands.js';
import { type CheckpointStore, createCheckpointStore } from '../../src/redis/checkpoints.js';
import { createConnections } from '../../src/redis/connections.js';
import { createDeadLetterStore, type DeadLetterStore } from '../../src/redis/dead-letter-store.js';
import { createDueLetterStore, type DueLetterStore } from '../../src/redis/due-letters.js';
import { createEntryReader, type EntryReader } from '../../src/redis/entry-reader.js';
import { createFleetStore, type FleetStore } from '../../src/redis/fleet.js';
import { createGroupStore, type GroupStore } from '../../src/redis/group.js';
import {
  createLeaseStore,
  type EntryRef,
  type LeaseSettings,
  type LeaseStore,
} from '../../src/redis/lease-store.js';
import { createLockStore, type LockStore } from '../../src/redis/locks.js';
import { createNames, type Names } from '../../src/redis/names.js';
import { createTakeStore, type TakeStore } from '../../src/redis/taking.js';
import type { SuiteRedis } from './redis.js';

/** The operations of one consumer, without anything that calls them by itself. */
export interface WireConsumer {
  /** Name in the group. */
  readonly name: string;
  readonly lease: LeaseStore;
  readonly group: GroupStore;
  readonly fleet: FleetStore;
  readonly taking: TakeStore;
  readonly checkpoints: CheckpointStore;
  readonly entries: EntryReader;
  readonly locks: LockStore;
  readonly due: DueLetterStore;
  readonly deadLetters: DeadLetterStore;
  /** Delivers up to so many entries to it; each with its data stream's name. */
  read(count?: number): Promise<EntryRef[]>;
  /** Its process dies, as far as Redis can see. */
  vanish(): Promise<void>;
}

export interface Wire {
  readonly names: Names;
  readonly historyKey: string;
  commands(): Commands;
  redis(): Redis;
  /** A consumer whose presence is written under generation 1. */
  join(name: string, settings?: Partial<LeaseSettings>): Promise<WireConsumer>;
  /** The same, without presence. */
  stranger(name: string, settings?: Partial<LeaseSettings>): WireConsumer;
  /** Adds entries with these fields after the payload. */
  announce(name: string, ...fields: string[]): Promise<string>;
  /** Announces streams, delivers them to a consumer and has it acquire them. */
  own(consumer: WireConsumer, ...streams: string[]): Promise<EntryRef[]>;
  history(): Promise<Record<string, unknown>[]>;
  pendingIds(): Promise<string[]>;
  /** Ids and fields of a stream. */
  entries(key: string): Promise<[string, string[]][]>;
}

/** Gives each test a group and the operations on it, over connections made as the runtime makes them. */
export function useWire(suite: SuiteRedis): Wire {
  const names = createNames({ service: 'wire' });
  const historyKey = `{${names.lbs}}:history`;
  let commands: Commands | undefined;
  let close: () => void = () => {};

  beforeEach(async () => {
    const connections = createConnections({
      target: suite.server().url,
      clock: systemClock,
      logger: silentLogger,
      heartbeatMs: 10_000,
      connectionName: 'wire',
      home: names.lbs,
    });
    const link = connections.commands;
    commands = createCommands(link, systemClock, 5_000);
    close = () => connections.close();
    await new Promise<void>((resolve) => {
      link.listen({ up: () => resolve(), down: () => {} });
      link.open();
    });
    await suite.redis().xgroup('CREATE', names.lbs, names.group, '0', 'MKSTREAM');
  });
  afterEach(() => close());

  const present = (): Commands => {
    if (commands === undefined) throw new Error('expected commands to be asked for inside a test');
    return commands;
  };

  function stranger(name: string, settings: Partial<LeaseSettings> = {}): WireConsumer {
    const all: LeaseSettings = {
      consumer: name,
      heartbeatMs: 60_000,
      maxRetries: 3,
      duplicates: 'queue',
      dlqMaxLen: 0,
      dlqIsLocal: true,
      historyKey,
      ...settings,
    };
    const lease = createLeaseStore(present(), names, all);
    return {
      name,
      lease,
      checkpoints: createCheckpointStore(present(), present(), names, all, lease.generation),
      group: createGroupStore(present(), names, all, systemClock),
      fleet: createFleetStore(present(), names, name),
      taking: createTakeStore(present(), names, name),
      entries: createEntryReader(present(), names, systemClock, 5_000),
      locks: createLockStore(present(), `${name}/token`, all.heartbeatMs),
      due: createDueLetterStore(present(), present(), names, all),
      deadLetters: createDeadLetterStore(present(), names, all.dlqMaxLen),
      async read(count = 100) {
        const { lbs, group } = names;
        const reply = await suite
          .redis()
          .xreadgroup('GROUP', group, name, 'COUNT', count, 'STREAMS', lbs, '>');
        const [[, entries]] = (reply ?? [['', []]]) as [[string, [string, string[]][]]];
        return entries.map(([id, fields]) => {
          try {
            return { id, name: JSON.parse(fields[1] ?? '').DataStreamName };
          } catch {
            return { id, name: '' };
          }
        });
      },
      async vanish() {
        await suite.redis().del(names.presence(name));
      },
    };
  }

  const announce = async (name: string, ...fields: string[]): Promise<string> => {
    const payload = JSON.stringify({ DataStreamName: name });
    return String(await suite.redis().xadd(names.lbs, '*', 'lbs-input', payload, ...fields));
  };

  return {
    names,
    historyKey,
    commands: present,
    redis: () => suite.redis(),
    stranger,
    async join(name, settings) {
      const consumer = stranger(name, settings);
      await consumer.lease.raise(1);
      return consumer;
    },
    announce,
    async own(consumer, ...streams) {
      for (const stream of streams) await announce(stream);
      const batch = await consumer.read();
      await consumer.lease.acquire(batch);
      return batch;
    },
    async history() {
      const lines = await suite.redis().lrange(historyKey, 0, -1);
      return lines.map((line) => JSON.parse(line));
    },
    async pendingIds() {
      const rows = (await suite.redis().xpending(names.lbs, names.group, '-', '+', 1000)) as string[][];
      return rows.map(([id]) => String(id));
    },
    entries: (key) => suite.redis().xrange(key, '-', '+'),
  };
}
