/** What a simulated server is made of: its data, its connections, the commands that run and the reads that wait. */
import { createHash } from 'node:crypto';
import { wrongArity } from './arguments.js';
import { ClusterPlace } from './cluster.js';
import { type Command, type CommandContext, PARKED } from './command.js';
import { findCommand, hasWrongArity, unknownCommand } from './command-table.js';
import { serveParked } from './commands/stream-reading.js';
import { Configuration } from './configuration.js';
import { Connection, type ConnectionHost } from './connection.js';
import { Keyspace } from './data/keyspace.js';
import { matchesGlob } from './glob.js';
import type { EventClass } from './keyspace-events.js';
import { RandomNumbers } from './lua/math-library.js';
import type { ScriptHost } from './lua/redis-library.js';
import type { RedisSnapshot, RestartOptions, SimulatedRedisOptions } from './options.js';
import { type Refusal, refused, refusedInScript } from './refusals.js';
import { OK, type Reply, ReplyError } from './reply.js';
import { ScriptCache } from './scripts.js';
import type { ServerState } from './server-state.js';
import type { ReplyCallback, ServerSession, Session } from './session.js';

export class ServerCore implements ServerState, ConnectionHost {
  readonly version: string;
  readonly isSince72: boolean;
  readonly isSince80: boolean;
  readonly isSince86: boolean;
  readonly cluster: ClusterPlace | undefined;
  refusal: Refusal | null = null;
  forbidden: ReadonlySet<string> = new Set();
  configuration = new Configuration();
  scripts: ScriptCache;
  runId: string;
  startedAt: number;
  exactNow: number;
  readonly #options: SimulatedRedisOptions;
  readonly #databases = new Map<number, Keyspace>();
  readonly #connections = new Map<number, Connection>();
  /** In the order in which they parked. */
  readonly #parked = new Set<Connection>();
  /** Streams that have changed and that someone is parked on: database and key. */
  #ready = new Map<string, { database: number; key: string }>();
  #random = new RandomNumbers();
  #observer: Connection | undefined;
  #connectionCount = 0;
  #restarts = 0;
  /** What is to be called once the present command has ended. */
  #outbox: (() => void)[] = [];
  #depth = 0;
  /** Connections with commands that waited behind a parked read. */
  #resumed: Connection[] = [];

  constructor(options: SimulatedRedisOptions) {
    this.#options = options;
    this.version = options.version ?? '7.0.15';
    const [major = 0, minor = 0] = this.version.split('.').map(Number);
    if (major < 7) throw new Error(`expected version to be 7.0 or newer, got: ${this.version}`);
    this.isSince72 = major > 7 || minor >= 2;
    this.isSince80 = major > 7 || minor >= 9;
    this.isSince86 = major > 8 || (major === 8 && minor >= 6);
    this.cluster = options.cluster && new ClusterPlace(options.cluster);
    this.scripts = new ScriptCache(this.version);
    this.exactNow = options.now();
    this.startedAt = Math.floor(this.exactNow);
    this.runId = this.#newRunId();
  }

  #newRunId(): string {
    return createHash('sha1')
      .update(`${this.#options.name ?? ''}:${this.#restarts}`)
      .digest('hex');
  }

  get #now(): number {
    return Math.floor(this.exactNow);
  }

  get role(): 'master' | 'slave' {
    return this.refusal === 'READONLY' ? 'slave' : 'master';
  }

  get sessions(): ReadonlyMap<number, ServerSession> {
    return this.#connections;
  }

  get databases(): ReadonlyMap<number, Keyspace> {
    return this.#databases;
  }

  // --- data

  database(index: number): Keyspace {
    let keys = this.#databases.get(index);
    if (keys === undefined) {
      keys = new Keyspace({
        expired: (key) => this.#notify(index, 'x', 'expired', key),
        streamChanged: (key) => this.#signal(index, key),
        created: (key) => this.#notify(index, 'n', 'new', key),
      });
      this.#databases.set(index, keys);
    }
    return keys;
  }

  flushAll(): void {
    for (const keys of this.#databases.values()) keys.clear();
  }

  flush(): void {
    this.#turn(() => this.flushAll());
  }

  expire(): void {
    this.#turn(() => {
      for (const keys of this.#databases.values()) keys.expireAll(this.#now);
      for (const connection of [...this.#parked]) {
        const { deadline } = connection.parked?.read ?? {};
        if (deadline !== undefined && deadline <= this.#now) this.#unpark(connection, null);
      }
    });
  }

  get nextDue(): number | undefined {
    const times: number[] = [];
    for (const keys of this.#databases.values()) {
      const next = keys.nextExpiry;
      // A key goes once its time is past.
      if (next !== undefined) times.push(next + 1);
    }
    for (const { parked } of this.#parked) {
      if (parked?.read.deadline !== undefined) times.push(parked.read.deadline);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  snapshot(): RedisSnapshot {
    return { databases: new Map([...this.#databases].map(([index, keys]) => [index, keys.snapshot()])) };
  }

  restore({ databases }: RedisSnapshot): void {
    for (const [index, keys] of this.#databases) if (!databases.has(index)) keys.clear();
    for (const [index, snapshot] of databases) this.database(index).restore(snapshot);
    this.#ready.clear();
  }

  copyFrom(other: ServerCore): void {
    this.restore(other.snapshot());
    this.configuration = other.configuration.copy();
    this.scripts = other.scripts.copy();
    this.refusal = other.refusal;
    this.forbidden = other.forbidden;
    this.#random = other.#random.copy();
    this.startedAt = other.startedAt;
  }

  hash(): string {
    const all = createHash('sha1');
    for (const [index, keys] of [...this.#databases].sort(([a], [b]) => a - b)) {
      if (keys.size > 0) all.update(`${index}:${keys.digest()};`);
    }
    return all.digest('hex');
  }

  restart({ keepData = true, from }: RestartOptions): void {
    this.exactNow = this.#options.now();
    for (const { id } of [...this.#connections.values()]) this.kill(id);
    if (from !== undefined) this.restore(from);
    else if (!keepData) this.flushAll();
    this.#ready.clear();
    this.scripts = new ScriptCache(this.version);
    this.configuration = new Configuration();
    this.#random = new RandomNumbers();
    this.#connectionCount = 0;
    this.#restarts += 1;
    this.startedAt = this.#now;
    this.runId = this.#newRunId();
    this.#flushOutbox();
  }

  // --- connections

  connect(): Session {
    this.#connectionCount += 1;
    const connection = new Connection(this, this.#connectionCount, Math.floor(this.#options.now()));
    this.#connections.set(connection.id, connection);
    return connection;
  }

  /** What a command that only reads answers somebody who is no client: it is refused by no state, and forbidden by no rule. */
  look(argv: string[]): Reply {
    const command = findCommand(argv)?.command;
    if (command === undefined || command.flags.includes('write'))
      throw new Error(`expected a command that only reads, got: ${argv[0]}`);
    this.#observer ??= new Connection(this, 0, Math.floor(this.#options.now()));
    return this.#run(command, this.#context(this.#observer, false), argv) as Reply;
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection.id);
    this.#parked.delete(connection);
  }

  kill(id: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    connection.close();
    this.#outbox.push(() => connection.onClosed?.());
  }

  unblock(id: number, reply: Reply): boolean {
    const connection = this.#connections.get(id);
    if (connection === undefined || !connection.isBlocked) return false;
    this.#unpark(connection, reply);
    return true;
  }

  #unpark(connection: Connection, reply: Reply): void {
    this.#parked.delete(connection);
    this.#outbox.push(connection.unpark(reply));
    if (connection.waiting.length > 0) this.#resumed.push(connection);
  }

  publish(channel: string, message: string): number {
    let received = 0;
    const deliver = (connection: Connection, pattern: string) => {
      received += 1;
      this.#outbox.push(() => connection.onMessage?.(pattern, channel, message));
    };
    for (const connection of this.#connections.values()) {
      if (connection.channels.has(channel)) deliver(connection, '');
      for (const pattern of connection.patterns) {
        if (matchesGlob(pattern, channel)) deliver(connection, pattern);
      }
    }
    return received;
  }

  #notify(database: number, kind: EventClass, event: string, key: string): void {
    const { events } = this.configuration;
    if (events === '' || !events.includes(kind)) return;
    if (events.includes('K')) this.publish(`__keyspace@${database}__:${key}`, event);
    if (events.includes('E')) this.publish(`__keyevent@${database}__:${event}`, key);
  }

  #signal(database: number, key: string): void {
    if (this.#parked.size > 0) this.#ready.set(`${database}:${key}`, { database, key });
  }

  // --- commands

  process(connection: Connection, argv: string[], reply: ReplyCallback): void {
    this.#turn(() => this.#execute(connection, argv, reply));
  }

  /** Runs what changes something, and then all that follows from it; tells everyone only afterwards. */
  #turn(run: () => void): void {
    this.exactNow = this.#options.now();
    this.#depth += 1;
    try {
      run();
      this.#serveReady();
      // One after the other: what waited may park again.
      for (
        let connection = this.#resumed.shift();
        connection !== undefined;
        connection = this.#resumed.shift()
      ) {
        this.#resume(connection);
      }
    } finally {
      this.#depth -= 1;
    }
    this.#flushOutbox();
  }

  #flushOutbox(): void {
    // Whoever is told may send the next command at once; what comes of that is told after the rest of this.
    if (this.#depth > 0) return;
    this.#depth += 1;
    try {
      for (let tell = this.#outbox.shift(); tell !== undefined; tell = this.#outbox.shift()) tell();
    } finally {
      this.#depth -= 1;
    }
  }

  #resume(connection: Connection): void {
    while (!connection.isBlocked && !connection.isClosed) {
      const next = connection.waiting.shift();
      if (next === undefined) return;
      this.#execute(connection, next.argv, next.reply);
      this.#serveReady();
    }
  }

  #execute(connection: Connection, argv: string[], reply: ReplyCallback): void {
    const answer = this.#answer(connection, argv);
    if (answer === PARKED) {
      if (connection.parked !== undefined) connection.parked.reply = reply;
      return;
    }
    this.#outbox.push(() => reply(answer));
    if ((argv[0] as string).toLowerCase() === 'quit') this.kill(connection.id);
  }

  #answer(connection: Connection, argv: string[]): Reply | typeof PARKED {
    if ((argv[0] as string).toLowerCase() === 'quit') return OK;
    const found = findCommand(argv);
    if (found === undefined) return unknownCommand(argv);
    const { command, fullName } = found;
    connection.lastCommand = fullName;
    connection.lastCommandAt = this.#now;
    if (hasWrongArity(command, argv)) return wrongArity(fullName);
    if (this.forbidden.has(fullName) || this.forbidden.has(argv[0] as string)) {
      const who = this.isSince72 ? 'User default' : 'this user';
      return new ReplyError(`NOPERM ${who} has no permissions to run the '${fullName}' command`);
    }
    const elsewhere = this.cluster?.misplaced(fullName, argv);
    if (elsewhere !== undefined) return elsewhere;
    const refusal = this.refusal === null ? undefined : refused(this.refusal, command);
    // While it loads its data, a server looks at the connection first.
    if (refusal !== undefined && this.refusal !== 'LOADING') return refusal;
    if (connection.channels.size + connection.patterns.size > 0 && !command.flags.includes('pubsub')) {
      return new ReplyError(
        `ERR Can't execute '${fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
      );
    }
    return refusal ?? this.#run(command, this.#context(connection, false), argv);
  }

  #run(command: Command, context: CommandContext, argv: string[]): Reply | typeof PARKED {
    try {
      return command.run(context, argv);
    } catch (error) {
      if (error instanceof ReplyError) return error;
      throw error;
    }
  }

  #context(session: ServerSession, isScript: boolean): CommandContext {
    const { database } = session;
    return {
      server: this,
      session,
      keys: this.database(database),
      now: this.#now,
      isScript,
      notify: (kind, event, key) => {
        if (this.configuration.events !== '') this.#notify(database, kind, event, key);
      },
      signal: (key) => this.#signal(database, key),
      park: (read) => this.#park(session as Connection, read),
    };
  }

  #park(connection: Connection, read: NonNullable<Connection['parked']>['read']): void {
    const atDeadline = () => this.#turn(() => this.#unpark(connection, null));
    connection.parked = {
      read,
      reply: () => undefined,
      cancel: read.deadline === undefined ? undefined : this.#options.schedule?.(read.deadline, atDeadline),
    };
    this.#parked.add(connection);
  }

  scriptHost(session: ServerSession): ScriptHost {
    const context = this.#context(session, true);
    const server = this;
    let hasWritten = false;
    return {
      random: this.#random,
      log: (level, text) => this.#options.log?.(level, text),
      call(argv) {
        const found = findCommand(argv);
        if (found === undefined) return new ReplyError('ERR Unknown Redis command called from script');
        const { command, fullName } = found;
        if (hasWrongArity(command, argv)) {
          return new ReplyError('ERR Wrong number of args calling Redis command from script');
        }
        if (command.flags.includes('noscript')) {
          return new ReplyError('ERR This Redis command is not allowed from script');
        }
        if (
          server.forbidden.size > 0 &&
          (server.forbidden.has(fullName) || server.forbidden.has(command.name))
        ) {
          return new ReplyError(
            server.isSince72
              ? `ERR ACL failure in script: User default has no permissions to run the '${fullName}' command`
              : "ERR The user executing the script can't run this command or subcommand",
          );
        }
        const elsewhere = server.cluster?.misplacedInScript(fullName, argv);
        if (elsewhere !== undefined) return elsewhere;
        if (server.refusal !== null && !hasWritten) {
          const refusal = refusedInScript(server.refusal, command);
          if (refusal !== undefined) return refusal;
        }
        if (command.flags.includes('write')) hasWritten = true;
        return server.#run(command, context, argv) as Reply;
      },
    };
  }

  /** Answers parked reads on streams to which something has come, those first that have waited longest. */
  #serveReady(): void {
    while (this.#ready.size > 0) {
      const ready = this.#ready;
      this.#ready = new Map();
      for (const { database, key } of ready.values()) {
        const waiting = [...this.#parked].filter(
          ({ database: own, parked }) =>
            own === database && parked?.read.streams.some(([one]) => one === key),
        );
        for (const connection of waiting) {
          if (connection.parked === undefined) continue;
          const context = this.#context(connection, false);
          // Each looks anew: one that was served before may have changed it.
          const value = context.keys.look(key, this.#now);
          const reply = serveParked(context, connection.parked.read, key, value);
          if (reply !== undefined) this.#unpark(connection, reply);
        }
      }
    }
  }
}
