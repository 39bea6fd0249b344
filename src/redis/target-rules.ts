/**
 * What says where Redis is, and what only looks as if it did. ioredis takes whatever it is given, leaves out what it does not know, and connects to
 * 127.0.0.1:6379: so options meant for another client, an unset variable or a database that is no number would lead somewhere else without a word.
 */
import { isIPv6 } from 'node:net';
import { textOf } from '../core/errors.js';
import { parseMultiHostUrl } from './redis-url.js';

/** What is wrong with it, and what to give instead; undefined: nothing. Never throws, and repeats nothing of a text. */
export function problemOfTarget(target: unknown): string | undefined {
  try {
    if (typeof target === 'string') return problemOfUrl(target);
    if (target instanceof URL) return problemOfUrl(target.href);
    if (typeof target === 'function') return problemOfFunction(target);
    if (typeof target !== 'object' || target === null) return 'none of these';
    if (isIoredisClient(target)) return problemOfDatabase((target.options as { db?: unknown }).db);
    return problemOfOptions(target as Readonly<Record<string, unknown>>);
  } catch {
    return 'it throws when it is looked at';
  }
}

/** A function is asked where Redis is, at every connection; what it answers has to fit then. */
function problemOfFunction(target: unknown): string | undefined {
  return /^class\b/.test(Function.prototype.toString.call(target)) ? 'a class; give an instance' : undefined;
}

/**
 * ioredis clients of another copy of the package are clients as well, so they are known by what they can do. A client of node-redis has options and
 * `duplicate` too, but no pipelines.
 */
export function isIoredisClient(target: unknown): target is { readonly options: object } {
  if (typeof target !== 'object' || target === null) return false;
  const { duplicate, pipeline, options } = target as Readonly<Record<string, unknown>>;
  return typeof duplicate === 'function' && typeof pipeline === 'function' && typeof options === 'object';
}

function problemOfUrl(url: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\s\u0000-\u001f]/.test(url)) return 'it holds white space';
  if (/^rediss?-/.test(url)) {
    return parseMultiHostUrl(url) === undefined ? 'its hosts, name or credentials are malformed' : undefined;
  }
  if (/^rediss?:\/\//.test(url)) return problemOfSingleUrl(url);
  if (/^(unix:|\/)/.test(url)) {
    return /^(unix:(\/\/)?)?\/(?!\/)/.test(url)
      ? undefined
      : 'a socket has no user and no host in front of its path; give { path, username, password }';
  }
  return 'it begins with none of the schemes';
}

function problemOfSingleUrl(url: string): string | undefined {
  // ioredis would throw for a URL that is none, and Node.js puts the whole of it, password included, into that error.
  if (!URL.canParse(url)) return 'it is no URL; characters such as / and @ in a password are percent-encoded';
  const { hostname, pathname, username, password, searchParams } = new URL(url);
  if (hostname === '') return 'it names no host';
  // A password with an unescaped '/' cuts the URL short there, and its first half would pass for the host and port.
  if (!/^\/?\d*$/.test(pathname)) return 'its path is no database number';
  if (!isDecodable(username) || !isDecodable(password))
    return 'a percent sign in its credentials stands for nothing';
  return problemOfDatabase(searchParams.get('db') ?? undefined);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** What clients of others call where they lead to. */
const FOREIGN: readonly (readonly [names: readonly string[], instead: string])[] = [
  [['url', 'uri', 'connectionString'], 'give the URL itself'],
  [['socket'], 'give host and port, or path, without socket around them'],
  [
    ['nodes', 'rootNodes', 'startupNodes', 'servers', 'hosts', 'addresses'],
    'give redis-cluster://host:port,… or an ioredis Cluster',
  ],
  [['hostname', 'address', 'server'], 'give host'],
];

function problemOfOptions(options: Readonly<Record<string, unknown>>): string | undefined {
  if (Array.isArray(options))
    return 'a list; give a cluster as redis-cluster://host:port,… or as new Cluster(nodes)';
  if ('duplicate' in options && 'options' in options)
    return 'a client of another library than ioredis; give its URL';
  for (const [names, instead] of FOREIGN) {
    const name = names.find((one) => options[one] !== undefined);
    if (name !== undefined) return `it has ${name}, which ioredis does not know; ${instead}`;
  }
  return problemOfPlace(options) ?? problemOfDatabase(options.db);
}

/** Of options, and of a startup node of a cluster. */
export function problemOfPlace(options: Readonly<Record<string, unknown>>): string | undefined {
  const { host, port, path, sentinels, name, Connector } = options;
  if (typeof Connector === 'function') return undefined;
  if (isGiven(sentinels)) return problemOfSentinels(sentinels, name);
  if (isGiven(path)) return typeof path === 'string' && path !== '' ? undefined : 'its path is no text';
  // Named, and a variable behind it that is not set.
  if ('host' in options && !isGiven(host)) return 'its host is undefined';
  if (!isGiven(host) && !isGiven(port)) return 'it names no host, port, path or sentinels';
  return problemOfHost(host) ?? problemOfPort(port);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function problemOfHost(host: unknown): string | undefined {
  if (!isGiven(host)) return undefined;
  if (typeof host !== 'string' || host === '') return 'its host is no text';
  if (/[\s/@]/.test(host)) return 'its host is more than a host; give a URL as a text of its own';
  if (host.includes(':') && !isIPv6(host)) return 'its host holds a colon; give port by itself';
  return undefined;
}

function problemOfPort(port: unknown): string | undefined {
  // ioredis has a port of its own for undefined, and takes null for one.
  if (port === undefined) return undefined;
  const isNumber = typeof port === 'number' || (typeof port === 'string' && /^\d+$/.test(port));
  const value = Number(port);
  return isNumber && Number.isInteger(value) && value > 0 && value < 65_536
    ? undefined
    : 'its port is no number from 1 to 65535';
}

function problemOfSentinels(sentinels: unknown, name: unknown): string | undefined {
  if (!Array.isArray(sentinels) || sentinels.length === 0)
    return 'its sentinels are no list with one at least';
  for (const sentinel of sentinels as unknown[]) {
    if (typeof sentinel !== 'object' || sentinel === null)
      return 'one of its sentinels is no object with host and port';
    const problem = problemOfPlace(sentinel as Readonly<Record<string, unknown>>);
    if (problem !== undefined) return `of one of its sentinels: ${problem}`;
  }
  return typeof name === 'string' && name !== ''
    ? undefined
    : 'it does not name the master of its sentinels (name)';
}

/** ioredis makes of what is none the database 0. */
function problemOfDatabase(db: unknown): string | undefined {
  if (db === undefined) return undefined;
  const text = textOf(db);
  return /^\d{1,9}$/.test(text) ? undefined : 'its database is no whole number';
}
