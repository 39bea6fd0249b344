/** Where the heartbeat thread connects to: where the event loop's commands go, as something that can be handed to a thread. */
import type { ConnectionOptions } from 'node:tls';
import type { Redis, RedisOptions } from 'ioredis';
import { StreamwardenError } from '../core/errors.js';

/** One server, and who is to be let in. Plain data. */
export interface Place {
  readonly at: { readonly path: string } | { readonly host: string; readonly port: number };
  /** Undefined: no TLS. */
  readonly tls: ConnectionOptions | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** Shown by CLIENT LIST. */
  readonly name: string;
}

/** Of TLS what a thread cannot be handed: functions, and objects that belong to this one. */
function unfitPart(tls: object): string | undefined {
  return Object.entries(tls).find(([, value]) => !isPlain(value))?.[0];
}

function isPlain(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/** What of these options keeps a thread from connecting by them; undefined: nothing. Completes 'got: …'. */
export function problemForThread({ tls, Connector }: RedisOptions): string | undefined {
  if (Connector !== undefined) return 'one with a Connector of its own';
  const part = tls && unfitPart(tls);
  return part === undefined ? undefined : `one whose tls.${part} cannot be handed to a thread`;
}

/**
 * Where this client is connected to. A thread that followed a failover by itself might prolong a lease on a server that the loop has left.
 *
 * @throws StreamwardenError `InvalidOption` where a thread cannot connect as the client did
 */
export function placeOf({ options, stream }: Redis, name: string): Place {
  const problem = problemForThread(options);
  if (problem !== undefined) throw unfit(problem);
  const { path, host, tls, username, password, db } = options;
  return {
    at: path ? { path } : addressOf(stream),
    tls: tls && { ...(isName(host) && { servername: host }), ...tls },
    username: username ?? undefined,
    password: password ?? undefined,
    database: db ?? 0,
    name,
  };
}

function isName(host: string | undefined): host is string {
  return host !== undefined && !/^[\d.]+$|:/.test(host);
}

/** By the socket: what the name of the server led to, and what Sentinels or the cluster named. */
function addressOf(stream: Redis['stream']): { host: string; port: number } {
  const { remoteAddress, remotePort } = (stream ?? {}) as { remoteAddress?: string; remotePort?: number };
  if (remoteAddress === undefined || remotePort === undefined) throw unfit('one without a TCP socket');
  return { host: remoteAddress, port: remotePort };
}

function unfit(problem: string): StreamwardenError {
  return new StreamwardenError(
    'InvalidOption',
    `expected redis to be what a thread can connect to, since heartbeat is 'thread', got: ${problem}`,
    { details: { option: 'redis' } },
  );
}
