/** The option `--redis`, and short work with the server that it names. */
import { Option } from 'commander';
import { Redis } from 'ioredis';
import { messageOf, StreamwardenError } from '../core/errors.js';
import { redisError } from '../redis/reply-errors.js';
import { CliError } from './errors.js';

const DEFAULT_URL = 'redis://127.0.0.1:6379';

/** Not parsed by commander, which would echo a bad value, password and all: see {@link checkRedisUrl}. */
export function redisOption(): Option {
  return new Option('--redis <url>', `where Redis is (default: $REDIS_URL, else ${DEFAULT_URL})`);
}

/**
 * The URL to use.
 *
 * @throws CliError `InvalidOption`, which does not repeat the value: it may hold a password, and in a URL that cannot be
 *   parsed nobody knows where
 */
export function checkRedisUrl(given: string | undefined, environment = process.env): string {
  const value = given ?? (environment.REDIS_URL || DEFAULT_URL);
  const source = given === undefined && environment.REDIS_URL ? '$REDIS_URL' : '--redis';
  const refuse = (got: string) =>
    new CliError('InvalidOption', `expected ${source} to be a URL such as ${DEFAULT_URL}/0, got: ${got}`);
  if (!URL.canParse(value)) throw refuse('text that is no URL');
  const { protocol, hostname, pathname } = new URL(value);
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw refuse(`a URL of ${protocol}`);
  if (hostname === '') throw refuse('a URL without a host');
  // A password with an unescaped '/' cuts the URL short there, and its first half would pass for the host and port.
  if (!/^\/?\d*$/.test(pathname)) throw refuse('a URL whose path is no database number');
  return value;
}

/** The server's address, which is all of a URL that may be shown. */
export function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || '6379'}`;
}

/**
 * Connects, does the work, disconnects. No retries: whoever asks wants to know now.
 *
 * @throws StreamwardenError `RedisUnavailable` when there is no usable connection within `timeoutMs`
 */
export async function withRedis<T>(
  url: string,
  timeoutMs: number,
  work: (client: Redis) => Promise<T>,
): Promise<T> {
  const client = new Redis(url, { lazyConnect: true }).duplicate({
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    commandTimeout: Math.max(1_000, timeoutMs),
    connectionName: 'streamwarden:cli',
    keyPrefix: '',
  });
  let reported: Error | undefined;
  client.on('error', (error: Error) => {
    reported = error;
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([client.connect(), late]);
    // A wrong password is reported as an event, and the connection stands all the same.
    await Promise.race([client.ping(), late]);
  } catch (error) {
    client.disconnect();
    const cause = reported ?? error;
    throw new StreamwardenError(
      'RedisUnavailable',
      `no connection to Redis at ${addressOf(url)}: ${messageOf(cause)}`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
  }
  try {
    return await work(client);
  } catch (error) {
    throw isAboutRedis(error) ? redisError(error, 'a command', true) : error;
  } finally {
    client.disconnect();
  }
}

/** What Redis answers, or no longer answers, is about the server; anything else is about us and stays as it is. */
function isAboutRedis(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /^(ReplyError|MaxRetriesPerRequestError)$/.test(error.name) || error.message === 'Connection is closed.'
  );
}
