/** The sockets of one runtime: commands, the blocking reader, and one subscriber. All ours, made from a template. */
import { Redis, type RedisOptions } from 'ioredis';
import type { Clock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { Link, type LinkRole } from './link.js';

/**
 * Where Redis is: a URL, ioredis options, or an ioredis client, which serves as a template only: it is copied, and neither
 * used nor closed.
 */
export type RedisTarget = string | RedisOptions | Redis;

export interface ConnectionSettings {
  readonly target: RedisTarget;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The heartbeat in milliseconds: what may be waited for is measured by it. */
  readonly heartbeatMs: number;
  /** Shown by CLIENT LIST, with the role. */
  readonly connectionName: string;
}

/** ioredis clients of another copy of the package are clients as well, so they are known by what they can do. */
export function isClient(target: unknown): target is Redis {
  return typeof target === 'object' && target !== null && 'duplicate' in target && 'options' in target;
}

/** A client to copy. `lazyConnect`: it never connects, and so has nothing to close. */
function templateOf(target: RedisTarget): Redis {
  if (isClient(target)) return target;
  return typeof target === 'string'
    ? new Redis(target, { lazyConnect: true })
    : new Redis({ ...(target as object), lazyConnect: true });
}

/** The options that the target amounts to, for what has to be known before a connection is made. */
export function optionsOf(target: RedisTarget): RedisOptions {
  return templateOf(target).options;
}

/** How long a control command may take: well below a third of the lease, so that two tries fit into one. */
export function commandTimeoutFor(heartbeatMs: number): number {
  return Math.max(100, Math.floor(heartbeatMs / 3.5));
}

/** ioredis settings on every connection of ours. Each is set, since a template may bring any of them along. */
function ownSettings(settings: ConnectionSettings, role: LinkRole): RedisOptions {
  return {
    lazyConnect: true,
    connectionName: `${settings.connectionName}:${role}`,
    // A command that cannot be sent now fails now: 'never sent' has to be told from 'maybe executed'.
    enableOfflineQueue: false,
    // Nothing is ever resent by ioredis: scripts are repeated by us, and only where that is safe.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // A Link replaces broken clients; a client never reconnects by itself.
    retryStrategy: () => null,
    reconnectOnError: null,
    enableAutoPipelining: false,
    enableReadyCheck: true,
    // Every command's deadline is ours (redis/commands.ts), so that a late answer is known to be one.
    commandTimeout: undefined,
    socketTimeout: undefined,
    connectTimeout: Math.max(settings.heartbeatMs, 1000),
    stringNumbers: false,
    replyMapping: 'legacy',
    keyPrefix: '',
    readOnly: false,
    monitor: false,
    showFriendlyErrorStack: false,
  };
}

export interface Connections {
  /** Control commands and scripts. */
  readonly commands: Link;
  /** The one blocking read. */
  readonly reader: Link;
  makeSubscriber(): Link;
  close(): void;
}

export function createConnections(settings: ConnectionSettings): Connections {
  if ((settings.target as { isCluster?: boolean }).isCluster === true) {
    throw new StreamwardenError(
      'InvalidOption',
      'expected redis to be a client, URL or options of a single server, got: an ioredis Cluster',
    );
  }
  const template = templateOf(settings.target);
  const makeLink = (role: LinkRole): Link =>
    new Link({
      role,
      makeClient: () => template.duplicate(ownSettings(settings, role)),
      clock: settings.clock,
      logger: settings.logger,
      connectTimeoutMs: Math.max(settings.heartbeatMs, 1000),
      retryMs: 50,
      maxRetryMs: Math.min(1000, settings.heartbeatMs / 2),
    });
  const commands = makeLink('commands');
  const reader = makeLink('reader');
  return {
    commands,
    reader,
    makeSubscriber: () => makeLink('subscriber'),
    close() {
      commands.close();
      reader.close();
    },
  };
}
