/**
 * The part of an ioredis client that streamwarden uses, in a simulated world: what `redis` is given as a template makes these. It behaves as
 * ioredis does with the settings of `ownSettings` (redis/connections.ts): it lives for one connection, queues nothing while there is none, sends
 * nothing twice, and rejects what waits for an answer when the connection ends.
 */
import { EventEmitter } from 'node:events';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { soon } from '../core/microtask.js';
import { NODE_CLIENT } from '../redis/target.js';
import type { Errands } from './errands.js';
import type { Argument, Command } from './labels.js';
import { Connection, type Network } from './network.js';
import type { SimulatedProcess } from './process.js';
import { type Reply, toText } from './redis/index.js';
import { isReplyError, toBuffers, toTexts } from './replies.js';
import type { SimulatedServer } from './server.js';
import { ORDER, type Owner } from './timeline.js';

export interface ClientWorld {
  readonly network: Network;
  readonly process: SimulatedProcess;
  /** Whose connections they are. @defaultValue the process: its event loop */
  readonly owner?: Owner;
  readonly errands: Errands<Connection>;
  /** Where a connection that is made now leads. @param options of its client: in a cluster they name the node */
  server(options: RedisOptions): SimulatedServer;
  /** When the server hears that this connection was given up, in milliseconds: Infinity when it never does. */
  heardAfterMs(role: string): number;
}

/** Commands that the library sends by method. Each has a form with `Buffer` at its end, whose texts come as Buffers. */
const COMMANDS = [
  'asking', 'client', 'cluster', 'config', 'del', 'eval', 'evalsha', 'exists', 'hget', 'hmget', 'hscan', 'hset', 'hsetnx', 'info', 'lrange',
  'mget', 'pexpire', 'psubscribe', 'pttl', 'role', 'set', 'time', 'xack', 'xadd', 'xautoclaim', 'xclaim', 'xdel', 'xgroup', 'xinfo', 'xlen', 'xpending',
  'xrange', 'xread', 'xreadgroup', 'xrevrange', 'xtrim', 'zadd', 'zrange', 'zrem',
] as const; // biome-ignore format: one list

/** Round trips until a client is ready: TCP, then what ioredis asks. */
const HANDSHAKES = 3;
/** How often a client that waits for a server to have loaded looks, in milliseconds. */
const LOADING_MS = 50;

const CLOSED = 'Connection is closed.';
const NOT_WRITEABLE = "Stream isn't writeable and enableOfflineQueue options is false";

/** What is used of a command of ioredis. */
interface SentCommand {
  readonly name: string;
  readonly args: readonly Argument[];
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

type Nested = Argument | readonly Nested[];

class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

function flat(args: readonly Nested[]): Argument[] {
  return args.flat(Number.POSITIVE_INFINITY as 8) as Argument[];
}

function toResult(reply: Reply | undefined, asBuffers: boolean): unknown {
  return asBuffers ? toBuffers(reply) : toTexts(reply);
}

interface Queued {
  readonly command: Command;
  readonly asBuffers: boolean;
}

/** Commands that are sent together. Resolves even where some of them failed. */
class SimulatedPipeline {
  readonly #queued: Queued[] = [];
  readonly #send: (commands: readonly Command[]) => Promise<readonly Reply[]>;

  constructor(send: (commands: readonly Command[]) => Promise<readonly Reply[]>) {
    this.#send = send;
  }

  add(command: Command, asBuffers: boolean): this {
    this.#queued.push({ command, asBuffers });
    return this;
  }

  async exec(): Promise<[Error | null, unknown][]> {
    try {
      const replies = await this.#send(this.#queued.map(({ command }) => command));
      return this.#queued.map(({ asBuffers }, at) => {
        const reply = replies[at];
        return isReplyError(reply)
          ? [new ReplyError(reply.message), undefined]
          : [null, toResult(reply, asBuffers)];
      });
    } catch (error) {
      return this.#queued.map(() => [error as Error, undefined]);
    }
  }
}

class SimulatedClient extends EventEmitter {
  readonly options: RedisOptions;
  readonly #world: ClientWorld;
  readonly #waiting = new Set<(error: Error) => void>();
  #connection: Connection | undefined;
  #server: SimulatedServer | undefined;
  #isOver = false;

  constructor(world: ClientWorld, options: RedisOptions) {
    super();
    this.#world = world;
    this.options = options;
  }

  get stream(): { readonly remoteAddress?: string; readonly remotePort?: number } {
    return this.#server === undefined
      ? {}
      : { remoteAddress: this.#server.host, remotePort: this.#server.port };
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { network } = this.#world;
      const owner = this.#owner;
      const server = this.#world.server(this.options);
      let takesMs = 0;
      for (let trip = 0; trip < 2 * HANDSHAKES; trip += 1) takesMs += network.latency();
      const attempt = () => {
        if (this.#isOver) return;
        if (server.isDown) {
          this.#end();
          reject(new Error(`connect ECONNREFUSED ${server.host}:${server.port}`));
          return;
        }
        const { timeline } = network;
        // A server that stands still accepts no command of the handshake, and one that loads is waited for.
        if (server.stalledUntil > timeline.now)
          timeline.at(server.stalledUntil, ORDER.arrival, owner, attempt);
        else if (server.refusal === 'LOADING') timeline.after(LOADING_MS, ORDER.timer, owner, attempt);
        else {
          this.#open(server);
          resolve();
        }
      };
      network.timeline.after(takesMs, ORDER.arrival, owner, attempt);
    });
  }

  disconnect(): void {
    this.#isOver = true;
    this.#connection?.close(this.#world.heardAfterMs(this.#role));
  }

  duplicate(settings: RedisOptions): SimulatedClient {
    return new SimulatedClient(this.#world, { ...this.options, ...settings });
  }

  pipeline(): SimulatedPipeline {
    return new SimulatedPipeline((commands) => this.#send(commands));
  }

  call(name: string, ...args: Nested[]): Promise<unknown> {
    return this.command([name.toUpperCase(), ...flat(args)], false);
  }

  callBuffer(name: string, ...args: Nested[]): Promise<unknown> {
    return this.command([name.toUpperCase(), ...flat(args)], true);
  }

  /** A command that has been made already. It has its answer by its promise. */
  sendCommand(command: SentCommand): void {
    this.call(command.name, ...command.args).then(command.resolve, command.reject);
  }

  async command(command: Command, asBuffers: boolean): Promise<unknown> {
    const [reply] = await this.#send([command]);
    if (isReplyError(reply)) throw new ReplyError(reply.message);
    return toResult(reply, asBuffers);
  }

  get #owner(): Owner {
    return this.#world.owner ?? this.#world.process;
  }

  /** Commands, reader, subscriber: the end of the connection's name. */
  get #role(): string {
    return this.options.connectionName?.split(':').at(-1) ?? '';
  }

  #open(server: SimulatedServer): void {
    const { network, process, errands } = this.#world;
    this.#server = server;
    this.#connection = new Connection({
      network,
      process,
      owner: this.#owner,
      server,
      role: this.#role,
      errands,
    });
    this.#connection.listen({
      ended: () => this.#end(),
      message: (pattern, channel, payload) =>
        this.emit('pmessage', ...[pattern, channel, payload].map(toText)),
    });
  }

  #send(commands: readonly Command[]): Promise<readonly Reply[]> {
    return new Promise((resolve, reject) => {
      const connection = this.#connection;
      if (connection === undefined || !connection.isOpen) {
        reject(new Error(this.#isOver ? CLOSED : NOT_WRITEABLE));
        return;
      }
      this.#waiting.add(reject);
      connection.send(commands, (replies) => {
        if (this.#waiting.delete(reject)) resolve(replies);
      });
    });
  }

  /** A turn later, as a socket tells of its end. */
  #end(): void {
    this.#isOver = true;
    soon(() => {
      for (const reject of this.#waiting) reject(new Error(CLOSED));
      this.#waiting.clear();
      this.emit('end');
    });
  }
}

function addCommands(): void {
  for (const name of COMMANDS) {
    for (const asBuffers of [false, true]) {
      const method = asBuffers ? `${name}Buffer` : name;
      const command = (args: Nested[]) => [name.toUpperCase(), ...flat(args)];
      Object.defineProperties(SimulatedClient.prototype, {
        [method]: {
          value(this: SimulatedClient, ...args: Nested[]) {
            return this.command(command(args), asBuffers);
          },
        },
      });
      Object.defineProperties(SimulatedPipeline.prototype, {
        [method]: {
          value(this: SimulatedPipeline, ...args: Nested[]) {
            return this.add(command(args), asBuffers);
          },
        },
      });
    }
  }
  for (const asBuffers of [false, true]) {
    Object.defineProperties(SimulatedPipeline.prototype, {
      [asBuffers ? 'callBuffer' : 'call']: {
        value(this: SimulatedPipeline, name: string, ...args: Nested[]) {
          return this.add([name.toUpperCase(), ...flat(args)], asBuffers);
        },
      },
    });
  }
}

addCommands();

/** What the option `redis` takes: it is copied, and neither used nor closed. */
export function clientTemplate(world: ClientWorld, options: RedisOptions = {}): Redis {
  return new SimulatedClient(world, options) as unknown as Redis;
}

/** A template that counts as a cluster, and makes clients of its nodes. */
class SimulatedCluster {
  readonly isCluster = true;
  readonly options = {};
  /** Nodes to begin with. */
  readonly startupNodes: readonly RedisOptions[];
  readonly [NODE_CLIENT]: (options: RedisOptions) => Redis;

  constructor(world: ClientWorld, startupNodes: readonly RedisOptions[]) {
    this.startupNodes = startupNodes;
    this[NODE_CLIENT] = (options) => clientTemplate(world, options);
  }

  duplicate(): never {
    throw new Error('expected each node to have clients of its own, got: one of the whole cluster');
  }

  pipeline(): never {
    return this.duplicate();
  }
}

/** The same of a cluster. @param nodes addresses to begin with */
export function clusterTemplate(world: ClientWorld, nodes: readonly RedisOptions[]): Cluster {
  return new SimulatedCluster(world, nodes) as unknown as Cluster;
}
