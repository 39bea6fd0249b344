/** The values of `--redis` and `--password-file`: which URLs are taken, and what of them may be shown. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../core/errors.js';
import { formatAddress } from '../redis/address.js';
import type { RedisSource } from '../redis/asked-target.js';
import { hostsOf, parseMultiHostUrl } from '../redis/redis-url.js';
import { problemOfTarget } from '../redis/target-rules.js';
import { CliError } from './errors.js';
import { DEFAULT_REDIS_URL } from './options.js';

/** What comes after `//`, by the scheme without its `s`. */
const FORMS: Readonly<Record<string, string>> = {
  'redis-cluster:': 'host:port,host:port',
  'redis-sentinel:': 'host:port,host:port/NAME',
};

/**
 * The URL to use.
 *
 * @throws CliError `InvalidOption`, which does not repeat the value: it may hold a password, and in a URL that cannot be
 *   parsed nobody knows where
 */
export function checkRedisUrl(given: string | undefined, environment: Readonly<NodeJS.ProcessEnv>): string {
  const value = given ?? (environment.REDIS_URL || DEFAULT_REDIS_URL);
  const source = given === undefined && environment.REDIS_URL ? '$REDIS_URL' : '--redis';
  const refuse = (got: string, expected = `a URL such as ${DEFAULT_REDIS_URL}/0`) =>
    new CliError('InvalidOption', `expected ${source} to be ${expected}, got: ${got}`);
  const scheme = /^[a-z][a-z-]*:/.exec(value)?.[0] ?? '';
  const form = FORMS[scheme.replace(/^rediss/, 'redis')];
  if (form !== undefined) {
    // Several hosts are more than a URL parser takes.
    if (parseMultiHostUrl(value) === undefined)
      throw refuse('one of another form', `a URL such as ${scheme}//${form}`);
    return value;
  }
  if (!URL.canParse(value)) throw refuse('text that is no URL');
  const { protocol, hostname, pathname } = new URL(value);
  if (protocol !== 'redis:' && protocol !== 'rediss:') throw refuse(`a URL of ${protocol}`);
  if (hostname === '') throw refuse('a URL without a host');
  // A password with an unescaped '/' cuts the URL short there, and its first half would pass for the host and port.
  if (!/^\/?\d*$/.test(pathname)) throw refuse('a URL whose path is no database number');
  const problem = problemOfTarget(value);
  if (problem !== undefined) throw refuse(`a URL that cannot be used: ${problem}`);
  return value;
}

/** What the options say of Redis. */
export interface RedisFlags {
  readonly redis?: string;
  readonly passwordFile?: string;
}

/**
 * The URL to use, with the password that stands in the file just now.
 *
 * @throws CliError `InvalidOption`, which repeats neither the URL nor the password
 */
export function redisUrlOf(
  { redis, passwordFile }: RedisFlags,
  environment: Readonly<NodeJS.ProcessEnv>,
): string {
  const url = checkRedisUrl(redis, environment);
  return passwordFile === undefined ? url : withPassword(url, passwordIn(passwordFile));
}

/**
 * The same for what goes on making connections: each of them is made with the password that stands in the file by then.
 *
 * @throws as `redisUrlOf` does, as things stand now
 */
export function redisSourceOf(flags: RedisFlags, environment: Readonly<NodeJS.ProcessEnv>): RedisSource {
  const url = redisUrlOf(flags, environment);
  return flags.passwordFile === undefined ? url : () => redisUrlOf(flags, environment);
}

/** As secrets are mounted: the password, and mostly a line break. */
function passwordIn(file: string): string {
  let password: string;
  try {
    password = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
  } catch (error) {
    throw new CliError(
      'InvalidOption',
      `expected --password-file to be a file that can be read, got: ${messageOf(error)}`,
    );
  }
  if (password === '') {
    throw new CliError('InvalidOption', 'expected --password-file to hold a password, got: an empty file');
  }
  return password;
}

function withPassword(url: string, password: string): string {
  const [, scheme = '', user = '', rest = ''] = /^([a-z-]+:\/\/)(?:(.*)@)?([^@]*)$/.exec(url) ?? [];
  if (user.includes(':')) {
    throw new CliError('InvalidOption', 'expected --password-file with a URL without a password, got: both');
  }
  return `${scheme}${user}:${encodeURIComponent(password)}@${rest}`;
}

/** Where a URL leads to, which is all of it that may be shown. */
export function addressOf(url: string): string {
  const several = parseMultiHostUrl(url);
  if (several === undefined) {
    const { hostname, port } = new URL(url);
    return formatAddress({ host: hostname, port: Number(port || 6379) });
  }
  return several.kind === 'sentinel' ? `${hostsOf(several)}/${several.masterName}` : hostsOf(several);
}
