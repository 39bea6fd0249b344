/** Facts of a server on which nothing is wrong, for tests to spoil. */

import type {
  Facts,
  LetterFacts,
  SeenConsumer,
  ServerFacts,
  ServiceFacts,
} from '../../../src/admin/doctor/facts.js';
import type { DelayedStatus } from '../../../src/admin/status/service-status.js';
import type { MasterPicture, NodePicture, TopologyPicture } from '../../../src/admin/topology/picture.js';

export type Spoilt<T> = { readonly [K in keyof T]?: T[K] };

export interface ServerInput extends Omit<Spoilt<ServerFacts>, 'info' | 'config' | 'rights'> {
  readonly info?: Readonly<Record<string, string | number>>;
  readonly config?: Readonly<Record<string, string>>;
  readonly rights?: Spoilt<ServerFacts['rights']>;
}

export function server({ info, config, rights, ...rest }: ServerInput = {}): ServerFacts {
  return {
    address: '127.0.0.1:7000',
    role: 'master',
    info: new Map(Object.entries({ ...SOUND_INFO, ...info }).map(([name, value]) => [name, String(value)])),
    config: new Map(Object.entries({ ...SOUND_CONFIG, ...config })),
    clock: { aheadMs: 0, errorMs: 1 },
    roundTripsMs: [0.2, 0.3, 0.4],
    missingCommands: [],
    refusedForEntries: [],
    rights: { hasUser: true, isComplete: true, commands: [], keys: [], channels: [], ...rights },
    subscribers: [],
    ...rest,
  };
}

/** One that answers nothing about itself. */
export function muteServer(): ServerFacts {
  return {
    ...server({ missingCommands: null, subscribers: null, clock: null }),
    info: new Map(),
    config: new Map(),
  };
}

const SOUND_INFO = {
  redis_version: '7.0.15',
  loading: 0,
  used_memory: 10 * 1_048_576,
  maxmemory: 100 * 1_048_576,
  maxmemory_policy: 'noeviction',
  evicted_keys: 0,
  aof_enabled: 1,
  aof_last_write_status: 'ok',
  rdb_last_bgsave_status: 'ok',
  connected_slaves: 0,
  connected_clients: 10,
  rejected_connections: 0,
};

const SOUND_CONFIG = {
  'notify-keyspace-events': 'KEx',
  'maxmemory-policy': 'noeviction',
  save: '',
  appendfsync: 'everysec',
  'min-replicas-to-write': '0',
  'min-replicas-max-lag': '10',
  maxclients: '10000',
  'client-output-buffer-limit': 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  timeout: '0',
  'tcp-keepalive': '300',
  'lua-time-limit': '5000',
  'busy-reply-threshold': '5000',
};

export function node(address: string, rest: Spoilt<NodePicture> = {}): NodePicture {
  return { address, id: null, state: 'up', error: null, keyspaceEvents: null, subscribers: null, ...rest };
}

export function master(address: string, rest: Spoilt<MasterPicture> = {}): MasterPicture {
  return { ...node(address), slots: null, replicas: [], ...rest };
}

export interface FactsInput {
  readonly topology?: Spoilt<TopologyPicture>;
  readonly servers?: readonly ServerFacts[];
  readonly sentinels?: Facts['sentinels'];
  readonly service?: ServiceFacts | null;
  readonly assumed?: Spoilt<Facts['assumed']>;
}

/** Unless the topology is given, every server is a master of its own that answers. */
export function facts({
  topology,
  servers = [server()],
  sentinels,
  service,
  assumed,
}: FactsInput = {}): Facts {
  return {
    topology: {
      kind: 'single',
      settled: true,
      problems: [],
      epoch: null,
      masters: servers.map(({ address }) => master(address)),
      others: [],
      sentinels: [],
      ...topology,
    },
    servers,
    silent: [],
    sentinels: sentinels ?? [],
    service: service ?? null,
    assumed: { heartbeatMs: 2_000, keyspaceEvents: 'require', lockKeys: true, ...assumed },
  };
}

export interface ServiceInput {
  readonly length?: number;
  readonly hasGroup?: boolean;
  readonly consumers?: readonly SeenConsumer[];
  readonly dlq?: number;
  readonly dueLetters?: number;
  readonly letters?: Readonly<Record<string, LetterFacts>>;
  readonly delayed?: DelayedStatus | null;
}

export function service({
  length = 0,
  hasGroup = true,
  consumers = [],
  dlq = 0,
  dueLetters = 0,
  letters = {},
  delayed = { count: 0, nextMs: null, lateMs: 0 },
}: ServiceInput = {}): ServiceFacts {
  return {
    service: 'orders',
    problem: null,
    status: {
      service: 'orders',
      stream: { name: 'orders-input', length },
      group: {
        name: 'orders-group',
        created: hasGroup,
        pending: 0,
        undelivered: length,
        stranded: null,
        vanished: 0,
      },
      consumers: [],
      balance: null,
      dlq: { name: 'orders-input-dlq', length: dlq },
      delayed,
      parked: { count: 0, names: 0, hottest: [] },
      paused: { count: 0, names: [] },
      totals: { added: null, delivered: null, deadLettered: null },
    },
    consumers,
    lastId: null,
    owners: '{orders-input}:owners',
    stranded: 0,
    dueLetters,
    letters: new Map(Object.entries(letters)),
  };
}

export function ours(name: string, rest: Spoilt<SeenConsumer> = {}): SeenConsumer {
  return { name, kind: 'ours', pending: 0, presenceMs: 1_500, keepsLocks: null, ...rest };
}
