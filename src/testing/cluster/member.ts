import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FaultProxy, startFaultProxy } from '../fault-proxy.js';
import { busPortOf } from '../free-port.js';
import { type RedisServer, type StartRedisOptions, startRedis } from '../redis-server.js';
import { serverAddress } from '../server-address.js';
import { type BusPartition, type BusProxy, startBusProxy } from './bus-proxy.js';
import { type CallTarget, type NodeCalls, withCalls } from './node-calls.js';
import { type NodeView, parseNodeView } from './node-view.js';
import type { CutOffFrom, RedisClusterNode } from './types.js';

/** What stands before a node of a proxied cluster. */
interface Proxies {
  readonly clients: FaultProxy;
  readonly bus: BusProxy;
}

export interface MemberOptions {
  readonly server: StartRedisOptions;
  /** Which nodes of the cluster cannot hear one another; undefined when no proxies are wanted. */
  readonly partition: BusPartition | undefined;
}

export interface MemberRecord {
  /** Undefined for a master. */
  readonly masterId: string | undefined;
  /** The slots that it served. */
  readonly slots: readonly number[];
}

/** One node, from its start to its removal. */
export class Member implements RedisClusterNode {
  /** From whom it is cut off at present. */
  cutOffFrom: CutOffFrom | undefined;
  /** What it was when the cluster was last settled. */
  known: MemberRecord = { masterId: undefined, slots: [] };
  /** When it last won or lost an election, as far as that was seen; by `performance.now()`. */
  electionAt = Number.NEGATIVE_INFINITY;
  readonly #proxies: Proxies | undefined;
  readonly #target: CallTarget;

  private constructor(
    readonly server: RedisServer,
    readonly id: string,
    target: CallTarget,
    proxies: Proxies | undefined,
  ) {
    this.#target = target;
    this.#proxies = proxies;
  }

  static async launch({ server: options, partition }: MemberOptions): Promise<Member> {
    const server = await startRedis(options);
    const closers: (() => Promise<void>)[] = [() => server.stop()];
    try {
      const { tls } = await serverAddress(options, server.host, server.port);
      const target = { url: server.url, tls };
      const id = String(await withCalls((calls) => calls.call(target, 'CLUSTER', 'MYID')));
      if (partition === undefined) return new Member(server, id, target, undefined);
      const clients = await startFaultProxy({ host: server.host, port: server.port });
      closers.push(() => clients.close());
      const bus = await startBusProxy({ host: server.host, port: busPortOf(server.port), id, partition });
      closers.push(() => bus.close());
      await announce(server, target, { clients, bus });
      return new Member(server, id, target, { clients, bus });
    } catch (error) {
      await Promise.all(closers.map((close) => close()));
      throw error;
    }
  }

  get host(): string {
    return this.server.host;
  }

  get port(): number {
    return this.proxy?.port ?? this.server.port;
  }

  /** The port of its bus, as its peers are told. */
  get busPort(): number {
    return this.#proxies?.bus.port ?? busPortOf(this.server.port);
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get url(): string {
    const url = new URL(this.server.url);
    url.port = String(this.port);
    return String(url);
  }

  get proxy(): FaultProxy | undefined {
    return this.#proxies?.clients;
  }

  get up(): boolean {
    return this.server.running && this.cutOffFrom !== 'everyone';
  }

  /** Whether the rest of the cluster can be expected to find it alive. */
  get takesPart(): boolean {
    return this.up && this.cutOffFrom !== 'peers';
  }

  async role(): Promise<'master' | 'replica'> {
    return (await withCalls((calls) => this.view(calls))).myself.role;
  }

  call(command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return withCalls((calls) => this.ask(calls, command, ...args));
  }

  /** The same, over a connection that an operation keeps. */
  ask(calls: NodeCalls, command: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return calls.call(this.#target, command, ...args);
  }

  /** Sends commands at once and resolves with their replies; rejects with the first error among these. */
  async askAll(
    calls: NodeCalls,
    commands: readonly (readonly [string, ...(string | number)[]])[],
  ): Promise<unknown[]> {
    const pipeline = calls.client(this.#target).pipeline();
    for (const [command, ...args] of commands) pipeline.call(command, ...args);
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
  }

  async view(calls: NodeCalls): Promise<NodeView> {
    const [info, nodes, role] = await this.askAll(calls, [
      ['CLUSTER', 'INFO'],
      ['CLUSTER', 'NODES'],
      ['ROLE'],
    ]);
    return parseNodeView(String(info), String(nodes), role as readonly unknown[]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.#proxies?.clients.close(), this.#proxies?.bus.close()]);
  }
}

/** Has a node make itself known under its proxies, from now on and when it restarts. */
async function announce(server: RedisServer, target: CallTarget, { clients, bus }: Proxies): Promise<void> {
  const directives = [
    ['cluster-announce-ip', server.host],
    ['cluster-announce-port', clients.port],
    ['cluster-announce-bus-port', bus.port],
  ] as const;
  const lines = directives.map(([name, value]) => `${name} ${value}\n`).join('');
  await appendFile(join(server.dir, 'redis.conf'), lines);
  await withCalls((calls) =>
    Promise.all(directives.map(([name, value]) => calls.call(target, 'CONFIG', 'SET', name, value))),
  );
}
