import { type NodeCalls, withCalls } from '../cluster/node-calls.js';
import { LauncherError } from '../errors.js';
import { findRedisBinary } from '../redis-binary.js';
import { type RedisServer, type StartRedisOptions, startRedis } from '../redis-server.js';
import { waitUntil } from '../wait-until.js';
import { addressOf, isReplica, type Opinion, readFields, readOpinion } from './sentinel-replies.js';
import type { RedisSentinels, StartRedisSentinelsOptions } from './types.js';

/**
 * How often Sentinels look and talk, in milliseconds: ten and two seconds, made for networks, are long for a test. Not shorter: a
 * Sentinel that for four publications has not heard why a replica calls itself master makes it a replica again, and the one that
 * leads a failover needs more than a second before it can say so.
 */
const periods = { 'INFO-PERIOD': 200, 'PUBLISH-PERIOD': 1_000 };

export class SentinelStand implements RedisSentinels {
  readonly masterName: string;
  readonly #options: StartRedisSentinelsOptions;
  #servers: readonly RedisServer[] = [];
  #sentinels: readonly RedisServer[] = [];

  private constructor(options: StartRedisSentinelsOptions) {
    this.#options = options;
    this.masterName = options.masterName ?? 'main';
  }

  static async start(options: StartRedisSentinelsOptions): Promise<SentinelStand> {
    checkPassword(options.password);
    // Containers could not reach one another under the addresses that clients are told.
    const stand = new SentinelStand({ ...options, binary: options.binary ?? (await findRedisBinary()) });
    try {
      await stand.#launch();
      await stand.settled();
      return stand;
    } catch (error) {
      await stand.stop();
      throw error;
    }
  }

  get servers(): readonly RedisServer[] {
    return this.#servers;
  }

  get sentinels(): readonly RedisServer[] {
    return this.#sentinels;
  }

  get addresses(): readonly { readonly host: string; readonly port: number }[] {
    return this.#sentinels.map(({ host, port }) => ({ host, port }));
  }

  get url(): string {
    const { password } = this.#options;
    const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    const addresses = this.#sentinels.map(addressOf).join(',');
    return `redis-sentinel://${credentials}${addresses}/${encodeURIComponent(this.masterName)}`;
  }

  master(): Promise<RedisServer> {
    return withCalls(async (calls) => {
      const opinions = await this.#opinions(calls);
      const named = this.#servers.find((server) => {
        const votes = opinions.filter(({ address }) => address === addressOf(server)).length;
        return votes > opinions.length / 2;
      });
      if (named !== undefined) return named;
      throw await this.#notSettled('most Sentinels to name one of the servers', 'no such server');
    });
  }

  async failOver(): Promise<RedisServer> {
    const old = await this.master();
    await this.#wait('a Sentinel to begin a failover', async (calls) => {
      // It refuses for as long as it has not heard of its replicas lately: NOGOODSLAVE.
      await calls.call(this.#sentinel(), 'SENTINEL', 'FAILOVER', this.masterName);
      return undefined;
    });
    return this.#promotedInsteadOf(old);
  }

  async killMaster(): Promise<RedisServer> {
    const old = await this.master();
    await old.kill();
    return this.#promotedInsteadOf(old);
  }

  async restart(server: RedisServer): Promise<void> {
    await server.restart();
    if (this.#sentinels.includes(server)) await this.#hasten(server);
    await this.settled();
  }

  settled(): Promise<void> {
    return this.#wait('the Sentinels to be settled', (calls) => this.#whyUnsettled(calls));
  }

  describe(): Promise<string> {
    return withCalls(async (calls) => {
      const lines = this.#sentinels.map(async (sentinel) => {
        if (!sentinel.running) return `${addressOf(sentinel)} does not run`;
        const { address, flags, otherSentinels } = await this.#opinion(sentinel, calls);
        return `${addressOf(sentinel)} names ${address} (${flags}) and knows ${otherSentinels} other Sentinels`;
      });
      return (await Promise.all(lines.map((line) => line.catch(String)))).join('\n');
    });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#sentinels, ...this.#servers].map((server) => server.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #launch(): Promise<void> {
    const { sentinels = 3, replicas = 1 } = this.#options;
    const master = await startRedis(this.#dataOptions());
    this.#servers = [master];
    const replicaOptions = this.#dataOptions({ replicaof: `${master.host} ${master.port}` });
    await this.#startAll(replicas, replicaOptions, (server) => {
      this.#servers = [...this.#servers, server];
    });
    // They find the replicas in the master's INFO, which they read at their start.
    await this.#wait('the replicas to follow', (calls) => whyNotFollowed(master, this.#servers, calls));
    await this.#startAll(sentinels, this.#sentinelOptions(master), (server) => {
      this.#sentinels = [...this.#sentinels, server];
    });
    await Promise.all(this.#sentinels.map((sentinel) => this.#hasten(sentinel)));
  }

  async #startAll(
    count: number,
    options: StartRedisOptions,
    keep: (server: RedisServer) => void,
  ): Promise<void> {
    const starting = Array.from({ length: count }, async () => keep(await startRedis(options)));
    const outcomes = await Promise.allSettled(starting);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #dataOptions(config: StartRedisOptions['config'] = {}): StartRedisOptions {
    const { sentinels, replicas, masterName, downAfterMs, timeoutMs, ...server } = this.#options;
    return {
      ...server,
      config: {
        'repl-diskless-sync-delay': 0,
        ...(server.password !== undefined && { masterauth: JSON.stringify(server.password) }),
        ...server.config,
        ...config,
      },
    };
  }

  #sentinelOptions(master: RedisServer): StartRedisOptions {
    const { sentinels = 3, downAfterMs = 1_000, password, binary } = this.#options;
    const name = this.masterName;
    const quorum = Math.floor(sentinels / 2) + 1;
    return {
      ...(binary !== undefined && { binary }),
      args: ['--sentinel'],
      config: {
        sentinel: [
          `monitor ${name} ${master.host} ${master.port} ${quorum}`,
          `down-after-milliseconds ${name} ${downAfterMs}`,
          // Twice as long must pass between two failovers that Sentinels begin by themselves.
          `failover-timeout ${name} ${2 * downAfterMs}`,
          ...(password === undefined ? [] : [`auth-pass ${name} ${JSON.stringify(password)}`]),
        ],
      },
    };
  }

  /** Redis 6.2 cannot: there the first failover takes some ten seconds longer. */
  async #hasten(sentinel: RedisServer): Promise<void> {
    const args = Object.entries(periods).flat();
    await withCalls((calls) => calls.call(sentinel, 'SENTINEL', 'DEBUG', ...args)).catch(() => undefined);
  }

  async #promotedInsteadOf(old: RedisServer): Promise<RedisServer> {
    await this.#wait(`a server to be promoted instead of ${addressOf(old)}`, async (calls) => {
      const opinions = await this.#opinions(calls);
      const isNamed = opinions.some(({ address }) => address === addressOf(old));
      return isNamed ? 'Sentinels that name it' : this.#whyUnsettled(calls);
    });
    return this.master();
  }

  async #whyUnsettled(calls: NodeCalls): Promise<string | undefined> {
    const opinions = await this.#opinions(calls);
    const [first] = opinions;
    if (opinions.some(({ address }) => address !== first?.address)) return 'Sentinels that disagree';
    const troubled = opinions.find(({ flags }) => flags !== 'master');
    if (troubled !== undefined) return `a master that is ${troubled.flags}`;
    if (opinions.some(({ otherSentinels }) => otherSentinels !== this.#sentinels.length - 1))
      return 'Sentinels that do not know one another';
    const master = this.#servers.find((server) => addressOf(server) === first?.address);
    if (master === undefined) return 'a master that is none of the servers';
    return (await whyNotFollowed(master, this.#servers, calls)) ?? this.#whoSeesNoReplica(master, calls);
  }

  /**
   * Whether every Sentinel knows what each replica is by now. One that still believes a former master to be a master would make it a
   * replica again just when another Sentinel has promoted it.
   */
  async #whoSeesNoReplica(master: RedisServer, calls: NodeCalls): Promise<string | undefined> {
    const replicas = this.#servers.filter((server) => server.running && server !== master);
    for (const sentinel of this.#sentinels.filter(({ running }) => running)) {
      const reply = await calls.call(sentinel, 'SENTINEL', 'REPLICAS', this.masterName);
      const seen = (reply as unknown[]).map(readFields);
      const missed = replicas.find((replica) => !seen.some((fields) => isReplica(fields, replica, master)));
      if (missed !== undefined)
        return `${addressOf(sentinel)} that does not take ${addressOf(missed)} for a replica`;
    }
    return undefined;
  }

  #opinions(calls: NodeCalls): Promise<Opinion[]> {
    const running = this.#sentinels.filter((sentinel) => sentinel.running);
    return Promise.all(running.map((sentinel) => this.#opinion(sentinel, calls)));
  }

  async #opinion(sentinel: RedisServer, calls: NodeCalls): Promise<Opinion> {
    const reply = await calls.call(sentinel, 'SENTINEL', 'MASTER', this.masterName);
    return readOpinion(reply);
  }

  /** One that runs. */
  #sentinel(): RedisServer {
    const sentinel = this.#sentinels.find(({ running }) => running);
    if (sentinel !== undefined) return sentinel;
    throw new LauncherError('NotRunning', 'expected a Sentinel that runs, got: none');
  }

  /** @throws {@link LauncherError} `NotSettled` */
  #wait(what: string, look: (calls: NodeCalls) => Promise<string | undefined>): Promise<void> {
    const timeoutMs = this.#options.timeoutMs ?? 120_000;
    return withCalls(async (calls) => {
      const wrong = await waitUntil(() => look(calls), timeoutMs);
      if (wrong !== undefined) throw await this.#notSettled(`${what} within ${timeoutMs} ms`, wrong);
    });
  }

  async #notSettled(expected: string, got: string): Promise<LauncherError> {
    return new LauncherError('NotSettled', `expected ${expected}, got: ${got}\n${await this.describe()}`);
  }
}

/** A Sentinel writes it back into its configuration without quotes, and could not read that when it restarts. */
function checkPassword(password = ''): void {
  if (/[\s"'\\]/.test(password))
    throw new LauncherError(
      'InvalidOption',
      'expected a password for Sentinels without spaces, quotes and backslashes, got: one with them',
    );
}

/** Why `master` is not the master of all the others that run, in words; undefined when it is. */
async function whyNotFollowed(
  master: RedisServer,
  servers: readonly RedisServer[],
  calls: NodeCalls,
): Promise<string | undefined> {
  for (const server of servers.filter(({ running }) => running)) {
    const [role, host, port, state] = (await calls.call(server, 'ROLE')) as unknown[];
    if (server === master && role !== 'master') return `${addressOf(master)} as ${role}`;
    if (server === master) continue;
    const follows = role === 'slave' && `${host}:${port}` === addressOf(master) && state === 'connected';
    if (!follows) return `${addressOf(server)} that does not follow ${addressOf(master)}`;
  }
  return undefined;
}
