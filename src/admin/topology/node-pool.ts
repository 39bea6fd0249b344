/** Connections to nodes, one each, kept up for as long as somebody looks at them. */
import type { Redis, RedisOptions } from 'ioredis';
import type { Clock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import { type Commands, createCommands } from '../../redis/commands.js';
import { withDeadline } from '../../redis/deadline.js';
import { reasonOf } from '../../redis/failure-reason.js';
import { Link } from '../../redis/link.js';

/** Makes a client of one node that is not connected. */
export type MakeClient = (address: string, settings: RedisOptions) => Redis;

interface PooledNode {
  readonly link: Link;
  /** What is being found out of why the last attempt failed. */
  explanation: Promise<Error | undefined> | undefined;
  readonly commands: Commands;
}

export class NodePool implements Disposable {
  readonly #makeClient: MakeClient;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #nodes = new Map<string, PooledNode>();
  #isClosed = false;

  /** @param timeoutMs deadline of each connection and of each command, in milliseconds */
  constructor(makeClient: MakeClient, timeoutMs: number, clock: Clock) {
    this.#makeClient = makeClient;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /**
   * Commands on a connection to this node that is up.
   * @throws why there is none; once this is closed, and at once when an earlier attempt failed and the next one has not succeeded yet
   */
  async commandsAt(address: string): Promise<Commands> {
    // A look that is under way when it is told to stop asks on.
    if (this.#isClosed) throw new Error('nobody looks any more');
    const node = this.#node(address);
    const { link, commands } = node;
    if (link.isUp) return commands;
    if (link.lastError !== undefined) throw link.lastError;
    const late = () => new Error(`no connection within ${this.#timeoutMs} ms`);
    try {
      await withDeadline(this.#clock, this.#timeoutMs, link.whenUp(), late);
    } catch (error) {
      throw (await node.explanation) ?? error;
    }
    return commands;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const { link } of this.#nodes.values()) link.close();
    this.#nodes.clear();
  }

  #node(address: string): PooledNode {
    const known = this.#nodes.get(address);
    if (known !== undefined) return known;
    const link = new Link({
      role: 'node',
      makeClient: () => this.#makeClient(address, this.#settings),
      clock: this.#clock,
      logger: silentLogger,
      connectTimeoutMs: this.#timeoutMs,
      retryMs: 100,
      maxRetryMs: 500,
      explain: (client, error) => {
        node.explanation = reasonOf(client, error).catch(() => undefined);
        return node.explanation;
      },
    });
    const commands = createCommands(link, this.#clock, this.#timeoutMs);
    const node: PooledNode = { link, commands, explanation: undefined };
    this.#nodes.set(address, node);
    return node;
  }

  get #settings(): RedisOptions {
    return {
      lazyConnect: true,
      connectionName: 'streamwarden:admin',
      disableClientInfo: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      reconnectOnError: null,
      // A node that has lost its slots or its master still answers, and what it says is what is wanted.
      enableReadyCheck: false,
      connectTimeout: this.#timeoutMs,
      replyMapping: 'legacy',
      keyPrefix: '',
    };
  }
}
