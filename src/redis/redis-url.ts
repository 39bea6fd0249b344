/**
 * URLs that say where Redis is. Single servers are ioredis' own business; clusters and Sentinel have several hosts, which no URL
 * parser takes:
 *
 *   redis-cluster://[user:password@]host:port,host:port      rediss-cluster:// with TLS
 *   redis-sentinel://[user:password@]host:port,host:port/NAME[/database]      rediss-sentinel:// with TLS
 */
import type { Endpoint } from './address.js';

export interface MultiHostUrl {
  readonly kind: 'cluster' | 'sentinel';
  readonly hosts: readonly Endpoint[];
  readonly isTls: boolean;
  /** Of Redis itself; Sentinels are asked without. */
  readonly username?: string;
  readonly password?: string;
  /** What the Sentinels call the master; '' in a cluster. */
  readonly masterName: string;
  /** Always 0 in a cluster. */
  readonly database: number;
}

const DEFAULT_PORTS = { cluster: 6379, sentinel: 26_379 } as const;

/** Undefined when it is no URL of this kind, or not a well-formed one. */
export function parseMultiHostUrl(url: string): MultiHostUrl | undefined {
  const match = /^redis(s?)-(cluster|sentinel):\/\/(?:(.*)@)?([^@/]+)((?:\/[^@]*)?)$/.exec(url);
  if (match === null) return undefined;
  const [, secure, kindText, userInfo, hostList = '', path = ''] = match;
  const kind = kindText as 'cluster' | 'sentinel';
  const hosts = hostList.split(',').map((text) => parseHost(text, DEFAULT_PORTS[kind]));
  const place = placeOf(kind, path);
  const credentials = credentialsOf(userInfo);
  if (place === undefined || credentials === undefined || hosts.includes(undefined)) return undefined;
  return { kind, hosts: hosts as Endpoint[], isTls: secure === 's', ...credentials, ...place };
}

/** The hosts, which is all of such a URL that may be shown. */
export function hostsOf({ hosts }: MultiHostUrl): string {
  return hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
}

/** An IPv6 host stands in brackets, as in every URL: without them nobody knows where it ends. */
function parseHost(text: string, defaultPort: number): Endpoint | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([^\s:[\]?#]+))(?::(\d+))?$/i.exec(text);
  if (match === null) return undefined;
  const [, inBrackets, name, digits] = match;
  const port = Number(digits ?? defaultPort);
  return port > 0 && port < 65_536 ? { host: (inBrackets ?? name) as string, port } : undefined;
}

function placeOf(
  kind: 'cluster' | 'sentinel',
  path: string,
): { masterName: string; database: number } | undefined {
  if (kind === 'cluster') return /^\/?0?$/.test(path) ? { masterName: '', database: 0 } : undefined;
  const match = /^\/([^/]+)(?:\/(\d+))?$/.exec(path);
  const masterName = decoded(match?.[1] ?? '');
  if (masterName === undefined || masterName === '') return undefined;
  return { masterName, database: Number(match?.[2] ?? 0) };
}

function credentialsOf(userInfo: string | undefined): { username?: string; password?: string } | undefined {
  if (userInfo === undefined) return {};
  const at = userInfo.indexOf(':');
  const username = decoded(at === -1 ? userInfo : userInfo.slice(0, at));
  const password = decoded(at === -1 ? '' : userInfo.slice(at + 1));
  if (username === undefined || password === undefined) return undefined;
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

/** Undefined for a text with a percent sign that stands for nothing. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
