/** A simulated world: time, chance, network, servers and processes, all decided by one seed. */
import { createHash } from 'node:crypto';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { slotOf } from '../redis/slot-map.js';
import { Chance } from './chance.js';
import { type ClientWorld, clientTemplate, clusterTemplate } from './client.js';
import { Errands, type ErrandsHooks } from './errands.js';
import { type Connection, Network } from './network.js';
import { SimulatedProcess } from './process.js';
import type { ClusterMaster } from './redis/index.js';
import { SimulatedServer } from './server.js';
import { type Owner, Timeline } from './timeline.js';

/** As Redis does by default. */
const EXPIRES_EVERY_MS = 100;

export interface WorldSettings {
  readonly seed: number;
  /** Most that a message normally takes one way, in milliseconds. */
  readonly latencyMs: number;
  /** Bytes a millisecond that each connection carries; undefined: whatever there is. */
  readonly bytesPerMs?: number | undefined;
  /** Events of expiries are published. */
  readonly hasKeyspaceEvents?: boolean;
  /** Several servers, each with slots of its own that stay where they are. Undefined: one server, with all keys. */
  readonly cluster?: ClusterSettings | undefined;
  /** Of the servers, as INFO tells it. @defaultValue 7.0.15 */
  readonly version?: string;
  /** Gets what code of the world throws where nobody catches it. */
  readonly onThrown: (error: unknown) => void;
  readonly hooks: ErrandsHooks<Connection>;
}

export interface ClusterSettings {
  /** How many there are. */
  readonly servers: number;
  /** The first of them serves this key. */
  readonly home: string;
}

export interface ProcessOptions {
  readonly rate?: number;
  readonly wallOffsetMs?: number;
}

export class World {
  readonly chance: Chance;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly errands: Errands<Connection>;
  /** One, or the masters of a cluster. */
  readonly servers: readonly [SimulatedServer, ...SimulatedServer[]];
  readonly #masters: readonly ClusterMaster[];
  /** When a server hears of a connection that its client gave up, in milliseconds; Infinity: never. */
  heardAfterMs: () => number;

  constructor(settings: WorldSettings) {
    const { seed, latencyMs, bytesPerMs, hasKeyspaceEvents, cluster, version, onThrown, hooks } = settings;
    this.chance = new Chance(seed);
    this.timeline = new Timeline(onThrown);
    this.network = new Network({
      timeline: this.timeline,
      chance: this.chance.fork('network'),
      latencyMs,
      bytesPerMs,
    });
    this.errands = new Errands(hooks);
    const masters = mastersOf(cluster);
    this.#masters = masters;
    const [first, ...others] = masters.map(
      ({ id, host, port }) =>
        new SimulatedServer({
          timeline: this.timeline,
          host,
          port,
          version,
          expiresEveryMs: hasKeyspaceEvents ? EXPIRES_EVERY_MS : undefined,
          ...(cluster && { cluster: { id, masters } }),
        }),
    );
    this.servers = [first as SimulatedServer, ...others];
    this.heardAfterMs = () => this.network.latency();
  }

  /** Where everything is kept; of several, that of the key that is at home with the first. */
  get server(): SimulatedServer {
    return this.servers[0];
  }

  /** The one that has this key. */
  serverOf(key: string): SimulatedServer {
    if (this.servers.length === 1) return this.server;
    const slot = slotOf(key);
    const at = this.#masters.findIndex(({ slots: [from, to] }) => slot >= from && slot <= to);
    return this.servers[at] ?? this.server;
  }

  /** @param name decides its chance: a process of the same name draws the same numbers */
  process(name: string, { rate = 1, wallOffsetMs = 0 }: ProcessOptions = {}): SimulatedProcess {
    const { timeline } = this;
    return new SimulatedProcess({
      timeline,
      chance: this.chance.fork(`process ${name}`),
      rate,
      wallOffsetMs,
    });
  }

  /** What a runtime or a producer of this process takes as its option `redis`. */
  redisFor(process: SimulatedProcess): Redis | Cluster {
    if (this.servers.length === 1) return this.templateFor(process);
    const nodes = this.servers.map(({ host, port }) => ({ host, port }));
    return clusterTemplate(this.#clientWorld(process), nodes);
  }

  /** A client of one server, to be copied; in a cluster of the one that its options name. */
  templateFor(process: SimulatedProcess, owner: Owner = process): Redis {
    return clientTemplate(this.#clientWorld(process, owner));
  }

  #clientWorld(process: SimulatedProcess, owner: Owner = process): ClientWorld {
    const { network, errands } = this;
    return {
      network,
      process,
      owner,
      errands,
      server: (options) => this.#serverAt(options),
      heardAfterMs: () => this.heardAfterMs(),
    };
  }

  #serverAt({ host, port }: RedisOptions): SimulatedServer {
    if (this.servers.length === 1) return this.server;
    const found = this.servers.find((server) => server.host === host && server.port === port);
    if (found === undefined) throw new Error(`expected a server at ${host}:${port}, got: none`);
    return found;
  }
}

const SLOTS = 16_384;

/** Slots are shared out evenly. */
function mastersOf(cluster: ClusterSettings | undefined): ClusterMaster[] {
  const { servers, home } = cluster ?? { servers: 1, home: '' };
  const bound = (share: number) => Math.round((share * SLOTS) / servers);
  const shareOfHome = Array.from({ length: servers }, (_, share) => share).findIndex(
    (share) => slotOf(home) < bound(share + 1),
  );
  return Array.from({ length: servers }, (_, index) => {
    const host = `10.0.0.${index + 1}`;
    const share = (index + shareOfHome) % servers;
    return {
      id: createHash('sha1').update(host).digest('hex'),
      host,
      port: 6379,
      slots: [bound(share), bound(share + 1) - 1],
    };
  });
}
