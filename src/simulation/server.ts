/** A server of a simulated world: a simulated Redis at an address, and what befalls servers. */
import type { Argument, Command } from './labels.js';
import { EPOCH, type SimulatedProcess } from './process.js';
import {
  type ClusterMembership,
  type Refusal,
  type Reply,
  ReplyError,
  type RestartOptions,
  type Session,
  SimulatedRedis,
} from './redis/index.js';
import { ORDER, type Timeline } from './timeline.js';

/** A connection as its server knows it. */
export interface Served {
  readonly process: SimulatedProcess;
  cut(): void;
}

export interface ServerSettings {
  readonly timeline: Timeline;
  readonly host: string;
  readonly port: number;
  /** How often it looks for keys whose time has come, in milliseconds: only then are their events published. Undefined: never. */
  readonly expiresEveryMs?: number | undefined;
  /** Its place in a cluster; undefined: there is but one server. */
  readonly cluster?: ClusterMembership | undefined;
  /** As INFO tells it. @defaultValue 7.0.15 */
  readonly version?: string | undefined;
}

function texts(command: Command): (string | Buffer)[] {
  return command.map((part: Argument) => (typeof part === 'number' ? String(part) : part));
}

export class SimulatedServer {
  readonly host: string;
  readonly port: number;
  readonly #timeline: Timeline;
  readonly #connections = new Set<Served>();
  readonly #redis: SimulatedRedis;
  #stepMs = 0;
  #generation = 0;
  #stalledUntil = 0;
  #downUntil = 0;
  #refusal: Refusal | null = null;
  /** Refuses single commands of single connections, as an ACL does. */
  #denies: ((connection: Served, command: Command) => string | undefined) | undefined;

  constructor({ timeline, host, port, expiresEveryMs, cluster, version }: ServerSettings) {
    this.#timeline = timeline;
    this.host = host;
    this.port = port;
    this.#redis = new SimulatedRedis({
      name: `${host}:${port}`,
      now: () => this.now,
      cluster,
      ...(version === undefined ? {} : { version }),
      schedule: (atMs, callback) => this.#schedule(atMs, callback),
    });
    if (expiresEveryMs !== undefined) this.#expireEvery(expiresEveryMs);
  }

  get redis(): SimulatedRedis {
    return this.#redis;
  }

  /** Grows whenever all connections end. */
  get generation(): number {
    return this.#generation;
  }

  /** Its clock, epoch milliseconds. */
  get now(): number {
    return EPOCH + this.#stepMs + this.#timeline.now;
  }

  /** Until when it does nothing at all, in milliseconds of the world. */
  get stalledUntil(): number {
    return this.#stalledUntil;
  }

  /** Nobody can connect: the port is closed. */
  get isDown(): boolean {
    return this.#downUntil > this.#timeline.now;
  }

  get refusal(): Refusal | null {
    return this.#refusal;
  }

  /** Whether it answers as it should. */
  get isWell(): boolean {
    return !this.isDown && this.#refusal === null && this.#stalledUntil <= this.#timeline.now;
  }

  open(connection: Served): Session {
    this.#connections.add(connection);
    return this.#redis.connect();
  }

  /** The server's end of a connection is over. */
  closed(connection: Served): void {
    this.#connections.delete(connection);
  }

  execute(session: Session, connection: Served, command: Command, reply: (reply: Reply) => void): void {
    const denied = this.#denies?.(connection, command);
    if (denied === undefined) session.execute(texts(command), reply);
    else reply(new ReplyError(denied));
  }

  /** Does nothing for so long. */
  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#timeline.now + ms);
  }

  refuse(refusal: Refusal | null): void {
    this.#refusal = refusal;
    this.#redis.refuse(refusal);
  }

  deny(denies: ((connection: Served, command: Command) => string | undefined) | undefined): void {
    this.#denies = denies;
  }

  /** Sets its clock forward, or back. */
  stepClock(ms: number): void {
    this.#stepMs += ms;
  }

  /** Goes down with all its connections, and comes up again with what `options` says: its data, none, or that of a replica. */
  restart(downMs: number, options: RestartOptions): void {
    this.#generation += 1;
    this.#downUntil = Math.max(this.#downUntil, this.#timeline.now + downMs);
    for (const connection of [...this.#connections]) connection.cut();
    this.#redis.restart(options);
  }

  #expireEvery(ms: number): void {
    this.#timeline.after(ms, ORDER.arrival, undefined, () => {
      const isDue = (this.#redis.nextDue ?? Number.POSITIVE_INFINITY) <= this.now;
      if (isDue && this.#stalledUntil <= this.#timeline.now) this.#redis.expire();
      this.#expireEvery(ms);
    });
  }

  #schedule(atMs: number, callback: () => void): () => void {
    const due = atMs - this.#stepMs - EPOCH;
    let happening = this.#timeline.at(due, ORDER.arrival, undefined, fire);
    const self = this;
    function fire(): void {
      // While it stands still, nothing of its own happens either.
      if (self.#stalledUntil > self.#timeline.now) {
        happening = self.#timeline.at(self.#stalledUntil, ORDER.arrival, undefined, fire);
      } else {
        callback();
      }
    }
    return () => this.#timeline.cancel(happening);
  }
}
