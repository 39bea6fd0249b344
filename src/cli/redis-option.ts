/** The value of `--redis`: which URLs it takes, and what of them may be shown. */
import { formatAddress } from '../redis/address.js';
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

/** Where a URL leads to, which is all of it that may be shown. */
export function addressOf(url: string): string {
  const several = parseMultiHostUrl(url);
  if (several === undefined) {
    const { hostname, port } = new URL(url);
    return formatAddress({ host: hostname, port: Number(port || 6379) });
  }
  return several.kind === 'sentinel' ? `${hostsOf(several)}/${several.masterName}` : hostsOf(several);
}
