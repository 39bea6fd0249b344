/**
 * The sockets of one runtime: commands, the blocking reader, bulk reading, subscribers, nodes of a cluster. All ours, made from a template.
 * The heartbeat is sent with the commands, so nothing whose size others choose goes there.
 */
import type { Redis, RedisOptions } from 'ioredis';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { askedCluster, askedSingle, type RedisSource } from './asked-target.js';
import { type Commands, createCommands } from './commands.js';
import { reasonOf } from './failure-reason.js';
import { Link, type LinkRole } from './link.js';
import { Shards } from './shards.js';
import { deploymentOf } from './target.js';
import { whenNeeded } from './when-needed.js';

export interface ConnectionSettings {
  readonly target: RedisSource;
  /** Whether it is a cluster; only where the target is a function, which says it too late. */
  readonly isCluster?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The heartbeat in milliseconds: what may be waited for is measured by it. */
  readonly heartbeatMs: number;
  /** Shown by CLIENT LIST, with the role. */
  readonly connectionName: string;
  /** The key whose server the commands and the reader are for. */
  readonly home: string;
  /** Whether a server that is loading its data is waited for. It says so itself otherwise, when it is asked something. @defaultValue true */
  readonly waitsForLoading?: boolean;
}

/** How long a control command may take: well below a third of the lease, so that two tries fit into one. */
export function commandTimeoutFor(heartbeatMs: number): number {
  return Math.max(100, Math.floor(heartbeatMs / 3.5));
}

/** How often a server that loads its data is asked whether it has, in milliseconds. */
const LOADING_MS = 50;

/** ioredis settings on every connection of ours. Each is set, since a template may bring any of them along. */
function ownSettings(settings: ConnectionSettings, role: LinkRole): RedisOptions {
  return {
    lazyConnect: true,
    connectionName: `${settings.connectionName}:${role}`,
    // CLIENT SETINFO, which a minimal ACL user is refused: each refusal stands in ACL LOG.
    disableClientInfo: true,
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
    // A node of a cluster that has lost its slots answers, and what it says of the cluster is what is wanted of it.
    enableReadyCheck: role !== 'node' && (settings.waitsForLoading ?? true),
    // ioredis waits for as long as Redis thinks it will take, at least 1 s. Whoever is ready sooner would by then take what is ours.
    maxLoadingRetryTime: LOADING_MS,
    // Every command's deadline is ours (redis/commands.ts), so that a late answer is known to be one.
    commandTimeout: undefined,
    socketTimeout: undefined,
    connectTimeout: Math.max(settings.heartbeatMs, 1000),
    // A Link destroys the socket itself. ioredis' timer for that would outlive a client whose connection had ended before, and hold the process.
    disconnectTimeout: 0,
    stringNumbers: false,
    replyMapping: 'legacy',
    keyPrefix: '',
    readOnly: false,
    monitor: false,
    showFriendlyErrorStack: false,
  };
}

export interface Connections {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** Whether the next attempt to connect may come with other credentials. */
  readonly isAsked: boolean;
  /** Control commands and scripts, on the server that holds the load balancer stream. */
  readonly commands: Link;
  /** The one blocking read, likewise. */
  readonly reader: Link;
  /** Whatever is as large as others choose to make it: payloads of entries, letters. Opened when it is needed, as `createBulkCommands` does. */
  readonly bulk: Link;
  /** The blocking read of this process's wakes. Opened by whoever waits for entries. */
  readonly waker: Link;
  /** Entries of data streams; opened when it is needed. Undefined in a cluster: there each node has one, `shards.dataAt()`. */
  readonly data: Link | undefined;
  /** The nodes of a cluster; undefined where there is but one server. */
  readonly shards: Shards | undefined;
  /** @param master address of the master to listen to; ignored where there is but one */
  makeSubscriber(master: string): Link;
  close(): void;
}

/** How long one page of entries or letters may take: it holds up no heartbeat, so that a slow network may take its time. */
export function bulkTimeoutFor(heartbeatMs: number): number {
  return Math.max(1000, heartbeatMs);
}

/** Commands on the server that holds the load balancer stream. */
export function createHomeCommands(
  { commands, shards }: Connections,
  clock: Clock,
  timeoutMs: number,
): Commands {
  if (shards === undefined) return createCommands(commands, clock, timeoutMs);
  return createCommands(commands, clock, timeoutMs, (address) =>
    shards.commandsAt(shards.resolve(address, commands.address)),
  );
}

/**
 * The same for whatever is as large as others choose to make it, on a connection of its own that is made when it is needed. A call waits for it.
 */
export function createBulkCommands({ bulk, shards }: Connections, clock: Clock, timeoutMs: number): Commands {
  const commandsAt = shards && ((address: string) => shards.bulkAt(shards.resolve(address, bulk.address)));
  return whenNeeded(bulk, createCommands(bulk, clock, timeoutMs, commandsAt), clock, timeoutMs);
}

/** The same on the connection that entries are read on. What a node has given to another one is asked of that one where bulk reading goes. */
export function createReaderCommands(
  { reader, shards }: Connections,
  clock: Clock,
  timeoutMs: number,
): Commands {
  const commandsAt = shards && ((address: string) => shards.bulkAt(shards.resolve(address, reader.address)));
  return createCommands(reader, clock, timeoutMs, commandsAt);
}

/**
 * Bulk reading goes where the commands go. A master that has been demoted keeps its clients, and only what is written there is refused: when
 * the commands leave it, so does this.
 */
function follow(commands: Link, bulk: Link): void {
  commands.listen({ up: () => {}, down: (error) => bulk.rest(error) });
  bulk.listen({ up: () => {}, down: (error) => bulk.rest(error) });
}

/** What waits at a master that has been demoted waits for ever: it leaves when the commands do. */
function leadAway(commands: Link, waiting: Link): void {
  commands.listen({ up: () => {}, down: (error) => waiting.replace(error) });
}

function placeOf({ target, isCluster = false }: ConnectionSettings) {
  if (typeof target !== 'function') return deploymentOf(target);
  return isCluster ? { ...askedCluster(target), seeds: [] } : askedSingle(target);
}

/** @throws StreamwardenError `InvalidOption` */
export function createConnections(settings: ConnectionSettings): Connections {
  const deployment = placeOf(settings);
  const isAsked = typeof settings.target === 'function';
  const { clock, logger, heartbeatMs } = settings;
  const makeLink = (
    role: LinkRole,
    makeClient: () => Redis | Promise<Redis>,
    check?: (client: Redis) => Promise<void>,
  ): Link =>
    new Link({
      role,
      makeClient,
      check,
      clock,
      logger,
      connectTimeoutMs: Math.max(heartbeatMs, 1000),
      retryMs: 50,
      maxRetryMs: Math.min(1000, heartbeatMs / 2),
      explain: reasonOf,
    });
  const own = (role: LinkRole) => ownSettings(settings, role);

  if (deployment.kind !== 'cluster') {
    const linkOf = (role: LinkRole) => makeLink(role, () => deployment.makeClient(own(role)));
    const commands = linkOf('commands');
    const reader = linkOf('reader');
    const bulk = linkOf('bulk');
    const waker = linkOf('waker');
    follow(commands, bulk);
    leadAway(commands, waker);
    const data = linkOf('data');
    follow(commands, data);
    return {
      get kind() {
        return deployment.kind;
      },
      isAsked,
      commands,
      reader,
      bulk,
      waker,
      data,
      shards: undefined,
      makeSubscriber: () => linkOf('subscriber'),
      close() {
        commands.close();
        reader.close();
        bulk.close();
        waker.close();
        data.close();
      },
    };
  }

  type Check = (client: Redis) => Promise<void>;
  const linkTo = (role: LinkRole, address: () => string, check: Check) =>
    makeLink(role, () => deployment.makeClient(address(), own(role)), check);
  const shards: Shards = new Shards({
    ...deployment,
    makeLink: (address, check) => linkTo('node', () => address, check),
    makeSideLink: (role, address) => linkTo(role, () => address, isOurs),
    clock,
    timeoutMs: commandTimeoutFor(heartbeatMs),
    bulkTimeoutMs: bulkTimeoutFor(heartbeatMs),
  });
  const isOurs: Check = (client) => shards.check(client);
  const homeward = (role: LinkRole) =>
    shards.bind(
      linkTo(role, () => shards.addressOf(settings.home), isOurs),
      settings.home,
    );
  const commands = homeward('commands');
  const reader = homeward('reader');
  const bulk = homeward('bulk');
  const waker = homeward('waker');
  follow(commands, bulk);
  return {
    kind: 'cluster',
    isAsked,
    commands,
    reader,
    bulk,
    waker,
    data: undefined,
    shards,
    makeSubscriber: (master) => linkTo('subscriber', () => master, isOurs),
    close() {
      commands.close();
      reader.close();
      bulk.close();
      waker.close();
      shards.close();
    },
  };
}
