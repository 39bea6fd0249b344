/** Short work with Redis, wherever it is: one server, the master that Sentinels name, a cluster. */
import { Cluster, type Redis, type RedisOptions } from 'ioredis';
import { messageOf, StreamwardenError } from '../core/errors.js';
import { parseAddress } from '../redis/address.js';
import { connectAnswered, listenToErrors } from '../redis/handshake.js';
import { redisError } from '../redis/reply-errors.js';
import { deploymentOf } from '../redis/target.js';
import { addressOf } from './redis-option.js';
import { explained } from './url-mistakes.js';

/** In a cluster each command goes where its key is; the keys of one command, and of one pipeline, have to share a slot. */
export type ShortClient = Redis | Cluster;

/**
 * Connects, does the work, disconnects. No retries: whoever asks wants to know now.
 *
 * @throws CliError when the URL is of another kind than what is there
 * @throws StreamwardenError `RedisUnavailable` when there is no usable connection within `timeoutMs`
 */
export async function withRedis<T>(
  url: string,
  timeoutMs: number,
  work: (client: ShortClient) => Promise<T>,
): Promise<T> {
  const client = await openRedis(url, timeoutMs);
  try {
    return await work(client);
  } catch (error) {
    throw await redisFailure(url, error);
  } finally {
    client.disconnect();
  }
}

/**
 * A client that is connected, for whoever disconnects it. It does not reconnect.
 *
 * @throws as {@link withRedis} does
 */
export async function openRedis(url: string, timeoutMs: number): Promise<ShortClient> {
  const client = makeClient(url, timeoutMs);
  try {
    await connect(client, url, timeoutMs);
    return client;
  } catch (error) {
    client.disconnect();
    throw await redisFailure(url, error);
  }
}

/** What a command on such a client was rejected with, in our words; anything that is not about Redis as it is. */
export function redisFailure(url: string, error: unknown): Promise<unknown> {
  return explained(url, isAboutRedis(error) ? redisError(error, 'a command', true) : error);
}

function makeClient(url: string, timeoutMs: number): ShortClient {
  const deployment = deploymentOf(url);
  const settings: RedisOptions = {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    commandTimeout: Math.max(1_000, timeoutMs),
    connectionName: 'streamwarden:cli',
    disableClientInfo: true,
    keyPrefix: '',
    // A server that is still loading says so itself.
    enableReadyCheck: false,
  };
  if (deployment.kind !== 'cluster') {
    const hosts = 1 + (deployment.options.sentinels?.length ?? 0);
    // One Sentinel that is frozen must leave time for the others.
    const sentinelCommandTimeout = Math.ceil(timeoutMs / hosts);
    return deployment.makeClient({ ...settings, sentinelCommandTimeout, retryStrategy: () => null });
  }
  const { seeds, options } = deployment;
  return new Cluster(seeds.map(parseAddress), {
    lazyConnect: true,
    clusterRetryStrategy: () => null,
    // A cluster that is down says so itself, in the words of Redis.
    enableReadyCheck: false,
    slotsRefreshTimeout: Math.ceil(timeoutMs / (seeds.length + 1)),
    redisOptions: { ...(options as object), ...(settings as object) },
  });
}

/** @throws StreamwardenError `RedisUnavailable` */
async function connect(client: ShortClient, url: string, timeoutMs: number): Promise<void> {
  const told = listenToErrors(client);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([client.isCluster ? client.connect() : connectAnswered(client as Redis, told), late]);
    // A wrong password is reported as an event, and the connection stands all the same.
    await Promise.race([client.ping().catch(unlessNotPermitted), late]);
    // So is a database that cannot be selected, and the connection is in database 0 then.
    const { db } = client.options as { db?: number };
    if (db && !client.isCluster) await Promise.race([(client as Redis).select(db), late]);
  } catch (error) {
    const cause = lastNodeErrorOf(told() ?? error);
    throw new StreamwardenError(
      'RedisUnavailable',
      `no connection to Redis at ${addressOf(url)}: ${messageOf(cause)}`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Whoever may not ask this is known to the server all the same. */
function unlessNotPermitted(error: unknown): void {
  if (!messageOf(error).startsWith('NOPERM')) throw error;
}

/** A cluster client says that all nodes failed, and keeps what the last one said. */
function lastNodeErrorOf(error: unknown): unknown {
  return (error as { lastNodeError?: unknown }).lastNodeError ?? error;
}

/** What Redis answers, or no longer answers, is about the server; anything else is about us and stays as it is. */
function isAboutRedis(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /^(ReplyError|MaxRetriesPerRequestError|ClusterAllFailedError)$/.test(error.name) ||
    /^(Connection is closed\.|Command timed out|Too many Cluster redirections)/.test(error.message) ||
    'syscall' in error
  );
}
