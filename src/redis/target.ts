/** Where Redis is, in all the ways that people say it, and how clients for it are made. */
import { type Cluster, Redis, type RedisOptions } from 'ioredis';
import { StreamwardenError } from '../core/errors.js';
import { type Endpoint, formatAddress, parseAddress } from './address.js';
import { type MultiHostUrl, parseMultiHostUrl } from './redis-url.js';
import { isIoredisClient, problemOfPlace } from './target-rules.js';

/**
 * Where Redis is: a URL, as a text or a `URL` (`redis://`, `rediss://`, `redis-cluster://`, `redis-sentinel://` …), ioredis options, or an ioredis client or
 * cluster, which serves as a template only: it is copied, and neither used nor closed.
 */
export type RedisTarget = string | URL | RedisOptions | Redis | Cluster;

/** One server, or the master that Sentinels name. */
export interface SingleDeployment {
  readonly kind: 'single' | 'sentinel';
  /** What the target amounts to, for what has to be known before a connection is made. */
  readonly options: RedisOptions;
  /**
   * A client that is not connected. `settings` go before the target's own.
   *
   * @param attempt where there are Sentinels: each attempt begins with another one. Undefined: counted here
   */
  makeClient(settings: RedisOptions, attempt?: number): Redis;
}

export interface ClusterDeployment {
  readonly kind: 'cluster';
  readonly options: RedisOptions;
  /** Addresses of nodes to begin with. */
  readonly seeds: readonly string[];
  /** The address under which clients reach a node that the cluster calls so. */
  translate(address: string): string;
  /** A client of one node that is not connected. */
  makeClient(address: string, settings: RedisOptions): Redis;
}

export type Deployment = SingleDeployment | ClusterDeployment;

export function isClient(target: unknown): target is Redis {
  return isIoredisClient(target);
}

export function isCluster(target: unknown): target is Cluster {
  return isClient(target) && (target as { isCluster?: boolean }).isCluster === true;
}

/** Under this name a cluster that is none of ioredis' has what makes clients of its nodes: one that is simulated. They are not connected. */
export const NODE_CLIENT = Symbol.for('streamwarden: makes a client of a node');

type MakeNode = (options: RedisOptions) => Redis;

/** A client that connects when it is told to. */
function unconnected(options: RedisOptions): Redis {
  return new Redis({ ...(options as object), lazyConnect: true });
}

/** @throws StreamwardenError `InvalidOption` for a cluster that cannot be copied */
export function deploymentOf(target: RedisTarget): Deployment {
  if (isCluster(target)) return clusterFromClient(target);
  if (isClient(target)) return single(target);
  if (target instanceof URL) return deploymentOf(target.href);
  if (typeof target !== 'string') return single(unconnected(target));
  const url = parseMultiHostUrl(target);
  // ioredis knows sockets by their path alone.
  if (url === undefined) return single(new Redis(target.replace(/^unix:(\/\/)?/, ''), { lazyConnect: true }));
  return url.kind === 'cluster' ? clusterFromUrl(url) : single(unconnected(sentinelOptions(url)));
}

/** @param template a client to copy. One of ours never connects, and so has nothing to close */
function single(template: Redis): SingleDeployment {
  const { sentinels } = template.options;
  if (!sentinels?.length) {
    return {
      kind: 'single',
      options: template.options,
      makeClient: (settings) => template.duplicate(settings),
    };
  }
  let attempts = 0;
  return {
    kind: 'sentinel',
    options: template.options,
    makeClient(settings, attempt = attempts++) {
      // A client asks the Sentinels in order and may spend all its time on one that is frozen: each begins with another one.
      const first = attempt % sentinels.length;
      return template.duplicate({
        ...settings,
        sentinels: [...sentinels.slice(first), ...sentinels.slice(0, first)],
        sentinelRetryStrategy: () => null,
        sentinelReconnectStrategy: () => null,
        failoverDetector: false,
      });
    },
  };
}

function sentinelOptions({
  hosts,
  isTls,
  masterName,
  database,
  username,
  password,
}: MultiHostUrl): RedisOptions {
  return {
    sentinels: [...hosts],
    name: masterName,
    db: database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isTls ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
  };
}

function clusterFromUrl({ hosts, isTls, username, password }: MultiHostUrl): ClusterDeployment {
  return cluster(
    {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(isTls ? { tls: {} } : {}),
    },
    hosts.map(formatAddress),
    (address) => address,
  );
}

type StartupNode = string | number | (Partial<Endpoint> & RedisOptions);

function clusterFromClient(template: Cluster): ClusterDeployment {
  const { options } = template;
  if (options.useSRVRecords) {
    throw new StreamwardenError(
      'InvalidOption',
      'expected redis to be a cluster with startup nodes, got: one that finds its nodes by SRV records',
    );
  }
  // Private in ioredis' types, and what its own duplicate() copies.
  const { startupNodes } = template as unknown as { startupNodes: readonly StartupNode[] };
  const nodes = startupNodes.map(optionsOfNode);
  for (const node of startupNodes) {
    const problem =
      typeof node === 'object' ? problemOfPlace(node as Readonly<Record<string, unknown>>) : undefined;
    if (problem === undefined) continue;
    throw new StreamwardenError(
      'InvalidOption',
      `expected redis to be a cluster with startup nodes, got: one with a node that leads nowhere (${problem})`,
    );
  }
  if (nodes.length === 0) {
    throw new StreamwardenError(
      'InvalidOption',
      'expected redis to be a cluster with startup nodes, got: one without any',
    );
  }
  const [{ host: _host, port: _port, ...ofNode } = {}] = nodes;
  const { natMap } = options;
  return cluster(
    {
      ...ofNode,
      ...options.redisOptions,
      keyPrefix: options.keyPrefix ?? options.redisOptions?.keyPrefix ?? '',
    },
    nodes.map(({ host = '127.0.0.1', port = 6379 }) => formatAddress({ host, port })),
    (address) => {
      try {
        const mapped = typeof natMap === 'function' ? natMap(address) : natMap?.[address];
        return mapped ? formatAddress(mapped) : address;
      } catch {
        // The application's, and asked of every answer of the cluster: what it throws is as if it did not know the address.
        return address;
      }
    },
    (template as { [NODE_CLIENT]?: MakeNode })[NODE_CLIENT],
  );
}

/** A startup node is a port, a URL or options. */
function optionsOfNode(node: StartupNode): RedisOptions {
  if (typeof node === 'object') return { ...node, port: Number(node.port ?? 6379) };
  if (typeof node === 'number') return { port: node };
  const { host, port, username, password, tls } = new Redis(node, { lazyConnect: true }).options;
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(tls === undefined ? {} : { tls }),
  };
}

function cluster(
  options: RedisOptions,
  seeds: readonly string[],
  translate: (address: string) => string,
  makeNode: MakeNode = unconnected,
): ClusterDeployment {
  return {
    kind: 'cluster',
    options: { ...options, db: 0 },
    seeds,
    translate,
    makeClient: (address, settings) => makeNode({ ...options, ...settings, ...parseAddress(address), db: 0 }),
  };
}
