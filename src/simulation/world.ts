/** A simulated world: time, chance, network, servers and processes, all decided by one seed. */
import type { Redis } from 'ioredis';
import { Chance } from './chance.js';
import { clientTemplate } from './client.js';
import { Errands, type ErrandsHooks } from './errands.js';
import { type Connection, Network } from './network.js';
import { SimulatedProcess } from './process.js';
import { SimulatedServer } from './server.js';
import { Timeline } from './timeline.js';

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
  /** Gets what code of the world throws where nobody catches it. */
  readonly onThrown: (error: unknown) => void;
  readonly hooks: ErrandsHooks<Connection>;
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
  /** Where everything is kept. */
  readonly server: SimulatedServer;
  /** When a server hears of a connection that its client gave up, in milliseconds; Infinity: never. */
  heardAfterMs: () => number;

  constructor(settings: WorldSettings) {
    const { seed, latencyMs, bytesPerMs, hasKeyspaceEvents, onThrown, hooks } = settings;
    this.chance = new Chance(seed);
    this.timeline = new Timeline(onThrown);
    this.network = new Network({
      timeline: this.timeline,
      chance: this.chance.fork('network'),
      latencyMs,
      bytesPerMs,
    });
    this.errands = new Errands(hooks);
    this.server = new SimulatedServer({
      timeline: this.timeline,
      host: '10.0.0.1',
      port: 6379,
      expiresEveryMs: hasKeyspaceEvents ? EXPIRES_EVERY_MS : undefined,
    });
    this.heardAfterMs = () => this.network.latency();
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
  redisFor(process: SimulatedProcess): Redis {
    const { network, errands, server } = this;
    return clientTemplate({
      network,
      process,
      errands,
      server: () => server,
      heardAfterMs: () => this.heardAfterMs(),
    });
  }
}
