/** What commands may ask of their server, beside the keys. */

import type { ClusterPlace } from './cluster.js';
import type { Configuration } from './configuration.js';
import type { Keyspace } from './data/keyspace.js';
import type { ScriptHost } from './lua/redis-library.js';
import type { Reply } from './reply.js';
import type { ScriptCache } from './scripts.js';
import type { ServerSession } from './session.js';

export interface ServerState {
  readonly version: string;
  /**
   * Redis 7.2 and newer: a consumer is there from its first try on, even if that gives it nothing; XINFO tells when it last got something; a
   * parked read is executed again when it is served.
   */
  readonly isSince72: boolean;
  /** Redis 8.0 and its previews, which say 7.9: XINFO counts what a group has yet to be given otherwise. */
  readonly isSince80: boolean;
  /** Redis 8.6 and newer: an entry may be marked, and is then added once, however often it is sent. */
  readonly isSince86: boolean;
  readonly role: 'master' | 'slave';
  /** Undefined: it is in no cluster. */
  readonly cluster: ClusterPlace | undefined;
  readonly startedAt: number;
  readonly runId: string;
  readonly configuration: Configuration;
  readonly scripts: ScriptCache;
  readonly sessions: ReadonlyMap<number, ServerSession>;
  /** With microseconds as the fraction. */
  readonly exactNow: number;
  database(index: number): Keyspace;
  /** Databases that have keys. */
  readonly databases: ReadonlyMap<number, Keyspace>;
  flushAll(): void;
  scriptHost(session: ServerSession): ScriptHost;
  /** Ends a parked read. False: none is parked there. */
  unblock(id: number, reply: Reply): boolean;
  /** Closes a connection. */
  kill(id: number): void;
  /** Returns how many have received it. */
  publish(channel: string, message: string): number;
}
