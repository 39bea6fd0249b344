/**
 * A stand-in for a consumer of the public Go client `redis-stream-client-go`, for testing that a service works while both
 * kinds share it. Written from that client's observable behaviour (docs/reference/wire-protocol.md); it does to Redis what
 * that client does, its known faults included:
 *
 * - it creates the group at `$` and reads without a limit, under a plain name, so the first reader swallows a backlog;
 * - one lock key a stream is its only sign of life, and a lock that has run out is simply taken back;
 * - it requeues in two steps, an acknowledgement and an addition, and looks at no presence;
 * - its scan looks at the first 50 idle entries only;
 * - one entry that it cannot parse, or reads that fail six times in a row, end its reader for good;
 * - stopping acknowledges and deletes what is unfinished.
 *
 * That is the later one of its two versions, `pr`. The one before, `v0.4`, has no scan, no retry count and no dead letters. It takes for itself
 * instead: what has been pending for long when it starts, without a look at locks, and what its application claims, under the same entry id.
 */

import { Redis } from 'ioredis';
import { messageOf, StreamwardenError } from '../core/errors.js';
import { parseEntry, type RawEntry } from '../redis/entry.js';
import { createNames, type Names } from '../redis/names.js';
import { RETRY_FIELD } from '../redis/own-fields.js';
import { EXTEND, FIRST_READ_RETRY_MS, READ_ATTEMPTS, RELEASE, SCAN_BATCH } from './go-scripts.js';

/** Which version of the Go client: its main branch at v0.4, or the one with a scan and retries. */
export type GoVersion = 'v0.4' | 'pr';

/** Options of {@link startGoConsumer}. */
export interface GoConsumerOptions {
  /** URL of the server. */
  readonly redis: string;
  /** Name of the service that it shares. */
  readonly service: string;
  /** Its name in the group, and the value of its locks. @defaultValue 'redis-consumer-go' */
  readonly name?: string;
  /** @defaultValue 'pr' */
  readonly version?: GoVersion;
  /** Only of `v0.4`, its `WithLBSIdleTime`: what has been pending for longer, in milliseconds, is taken at the start. @defaultValue 40000 */
  readonly lbsIdleMs?: number;
  /** Time to live of a lock, in milliseconds; prolonged every half of it. @defaultValue 2000 */
  readonly heartbeatMs?: number;
  /** Milliseconds between two scans, to which up to a tenth is added by chance. @defaultValue 60000 */
  readonly reconcileEveryMs?: number;
  /** The scan leaves entries alone that were delivered more recently, in milliseconds. @defaultValue 30000 */
  readonly minIdleMs?: number;
  /** @defaultValue 3 */
  readonly maxRetries?: number;
  /** Cap of the dead-letter stream; 0: none. @defaultValue 10000 */
  readonly dlqMaxLen?: number;
  /** Whether the application claims each stream whose lock it is told has expired. @defaultValue true */
  readonly claims?: boolean;
}

/** What the Go client tells its application. */
export interface GoNotification {
  readonly type: 'StreamAdded' | 'StreamExpired' | 'StreamDisowned' | 'StreamTerminated';
  /** Data stream name; empty for `StreamTerminated`. */
  readonly stream: string;
  /** Entry id; empty for `StreamTerminated`. */
  readonly id: string;
}

/** What {@link GoConsumer.claim} did; `owned` and `taken` with `v0.4` only: the latter is pending for it, and its lock is another's. */
export type GoClaim = 'requeued' | 'deadLettered' | 'alreadyClaimed' | 'locked' | 'owned' | 'taken';

/** A running stand-in. */
export interface GoConsumer extends AsyncDisposable {
  /** Its name in the group. */
  readonly name: string;
  /** Everything told so far. */
  readonly notifications: readonly GoNotification[];
  /** Entry ids that it takes itself for the owner of, by data stream name. */
  readonly owned: ReadonlyMap<string, string>;
  /** Called with each notification from now on. Returns what ends that. */
  listen(listener: (notification: GoNotification) => void): () => void;
  /**
   * Acknowledges, deletes, and releases the lock. False: the entry was no longer pending, which the Go client does not look at.
   *
   * @throws StreamwardenError `StreamNotOwned`
   */
  done(stream: string): Promise<boolean>;
  /** Requeues an entry whose lock is gone, whoever has it pending; `v0.4` takes it for itself. Not atomic: it may lose the entry. */
  claim(id: string): Promise<GoClaim>;
  /** Looks once at the first 50 idle entries; `v0.4` never does by itself. */
  scan(): Promise<void>;
  /** From now on neither timers nor replies are dealt with, as if the process stood still. What was sent stays sent. */
  freeze(): void;
  thaw(): void;
  /** A graceful stop as the Go client does it: what is unfinished is acknowledged and deleted, which loses it. */
  stop(): Promise<void>;
  /** A crash: connections are cut, nothing is told to Redis. Its locks run out by themselves. */
  kill(): void;
}

const LONGEST_READ_RETRY_MS = 30_000;

type Complete<T> = { readonly [K in keyof T]-?: T[K] };

class StandIn implements GoConsumer {
  readonly name: string;
  readonly notifications: GoNotification[] = [];
  readonly owned = new Map<string, string>();
  readonly #options: Complete<GoConsumerOptions>;
  readonly #names: Names;
  readonly #commands: Redis;
  readonly #reader: Redis;
  readonly #subscriber: Redis;
  readonly #listeners = new Set<(notification: GoNotification) => void>();
  readonly #extending = new Map<string, NodeJS.Timeout>();
  #scanTimer: NodeJS.Timeout | undefined;
  /** While it is frozen: what everything waits for. */
  #frozen: { readonly thawed: Promise<void>; readonly thaw: () => void } | undefined;
  #hasEnded = false;

  constructor(options: GoConsumerOptions) {
    this.#options = {
      name: 'redis-consumer-go',
      version: 'pr',
      lbsIdleMs: 40_000,
      heartbeatMs: 2_000,
      reconcileEveryMs: 60_000,
      minIdleMs: 30_000,
      maxRetries: 3,
      dlqMaxLen: 10_000,
      claims: true,
      ...options,
    };
    this.name = this.#options.name;
    this.#names = createNames({ service: options.service });
    const connect = (role: string) => {
      const client = new Redis(options.redis, { connectionName: `${this.name}:${role}` });
      // A connection that breaks is made again, as go-redis does, and said of nobody.
      client.on('error', () => undefined);
      return client;
    };
    this.#commands = connect('commands');
    this.#reader = connect('reader');
    this.#subscriber = connect('subscriber');
  }

  async start(): Promise<void> {
    const { lbs, group } = this.#names;
    await this.#commands.config('SET', 'notify-keyspace-events', 'KEx');
    try {
      await this.#commands.xgroup('CREATE', lbs, group, '$', 'MKSTREAM');
    } catch (error) {
      if (!messageOf(error).startsWith('BUSYGROUP')) throw error;
    }
    this.#subscriber.on('pmessage', (_pattern: string, channel: string, event: string) => {
      if (event === 'expired') this.#background(this.#lockExpired(channel.slice(channel.indexOf(':') + 1)));
    });
    await this.#subscriber.psubscribe('__keyspace@0__:*<MUTEX_KEY_SEP>*');
    if (this.#isEarly) await this.#takeIdle();
    else this.#background(this.#scanForEver());
    this.#background(this.#read());
  }

  listen(listener: (notification: GoNotification) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async done(stream: string): Promise<boolean> {
    const id = this.owned.get(stream);
    if (id === undefined) {
      throw new StreamwardenError('StreamNotOwned', `${stream} is not owned by ${this.name}`);
    }
    const { lbs, group } = this.#names;
    this.#forget(stream);
    const acknowledged = await this.#answer(this.#commands.xack(lbs, group, id));
    await this.#answer(this.#commands.xdel(lbs, id));
    await this.#answer(this.#commands.eval(RELEASE, 1, this.#names.lock(stream, id), this.name));
    return acknowledged === 1;
  }

  async claim(id: string): Promise<GoClaim> {
    const { lbs, group } = this.#names;
    if (this.#isEarly) {
      const { heartbeatMs } = this.#options;
      const reply = await this.#answer(this.#commands.xclaim(lbs, group, this.name, heartbeatMs, id));
      const [entry] = reply as [string, string[]][];
      if (entry === undefined) return 'alreadyClaimed';
      return (await this.#added({ id, fields: entry[1] })) === 'owned' ? 'owned' : 'taken';
    }
    const [found] = await this.#answer(this.#commands.xrange(lbs, id, id));
    if (found === undefined) return 'alreadyClaimed';
    return await this.#requeue({ id, fields: found[1] });
  }

  async scan(): Promise<void> {
    const { lbs, group } = this.#names;
    const { minIdleMs } = this.#options;
    const rows = await this.#answer(
      this.#commands.xpending(lbs, group, 'IDLE', minIdleMs, '-', '+', SCAN_BATCH),
    );
    for (const [id] of rows as [string][]) await this.claim(id);
  }

  freeze(): void {
    if (this.#frozen !== undefined) return;
    let thaw = () => {};
    const thawed = new Promise<void>((resolve) => {
      thaw = resolve;
    });
    this.#frozen = { thawed, thaw };
  }

  thaw(): void {
    const frozen = this.#frozen;
    this.#frozen = undefined;
    frozen?.thaw();
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    await Promise.all([...this.owned.keys()].map((stream) => this.done(stream)));
    this.kill();
  }

  kill(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#scanTimer);
    for (const timer of this.#extending.values()) clearInterval(timer);
    this.#extending.clear();
    for (const client of [this.#commands, this.#reader, this.#subscriber]) client.disconnect();
    this.thaw();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
  }

  get #isEarly(): boolean {
    return this.#options.version === 'v0.4';
  }

  /** Whatever has been pending for long becomes its own, whoever holds the lock. */
  async #takeIdle(): Promise<void> {
    const { lbs, group } = this.#names;
    const { lbsIdleMs } = this.#options;
    let start = '0-0';
    do {
      const reply = await this.#commands.xautoclaim(lbs, group, this.name, lbsIdleMs, start, 'COUNT', 1000);
      const [next, entries] = reply as [string, [string, string[]][]];
      for (const [id, fields] of entries) await this.#added({ id, fields });
      start = next;
    } while (start !== '0-0');
  }

  /** A reply, dealt with when the process is not standing still. What the end cuts off is never answered. */
  async #answer<T>(reply: Promise<T>): Promise<T> {
    try {
      return await reply;
    } finally {
      await this.#running();
    }
  }

  async #running(): Promise<void> {
    while (this.#frozen !== undefined) await this.#frozen.thawed;
  }

  /** Nobody waits for it; an outage is its only way to fail, and then it is done again or not needed. */
  #background(work: Promise<void>): void {
    work.catch(() => undefined);
  }

  #tell(type: GoNotification['type'], stream = '', id = ''): void {
    const notification = { type, stream, id };
    this.notifications.push(notification);
    for (const listener of [...this.#listeners]) listener(notification);
  }

  async #read(): Promise<void> {
    const { lbs, group } = this.#names;
    for (let failures = 0; !this.#hasEnded; ) {
      try {
        const reply = (await this.#answer(
          this.#reader.xreadgroup('GROUP', group, this.name, 'BLOCK', 0, 'STREAMS', lbs, '>'),
        )) as [string, [string, string[]][]][] | null;
        failures = 0;
        for (const [id, fields] of reply?.[0]?.[1] ?? []) {
          if ((await this.#added({ id, fields })) === 'over') return;
        }
      } catch {
        failures += 1;
        if (this.#hasEnded) return;
        if (failures > READ_ATTEMPTS) {
          this.#tell('StreamTerminated');
          return;
        }
        const delayMs = Math.min(LONGEST_READ_RETRY_MS, FIRST_READ_RETRY_MS * 2 ** (failures - 1));
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }

  /** `over`: the entry cannot be parsed, and reading is over. */
  async #added(entry: RawEntry): Promise<'owned' | 'locked' | 'over'> {
    if (this.#hasEnded) return 'over';
    const parsed = parseEntry(entry);
    if (!parsed.ok) {
      this.#tell('StreamTerminated');
      return 'over';
    }
    const { name } = parsed.announcement;
    const { heartbeatMs } = this.#options;
    const lock = this.#names.lock(name, entry.id);
    const isLocked = await this.#answer(this.#commands.set(lock, this.name, 'PX', heartbeatMs, 'NX'));
    if (this.#hasEnded) return 'over';
    if (isLocked === null) return 'locked';
    this.owned.set(name, entry.id);
    const timer = setInterval(() => this.#background(this.#extend(name, entry.id)), heartbeatMs / 2);
    this.#extending.set(name, timer);
    this.#tell('StreamAdded', name, entry.id);
    return 'owned';
  }

  async #extend(stream: string, id: string): Promise<void> {
    await this.#running();
    if (this.owned.get(stream) !== id || this.#hasEnded) return;
    const lock = this.#names.lock(stream, id);
    const { heartbeatMs } = this.#options;
    const held = await this.#answer(this.#commands.eval(EXTEND, 1, lock, this.name, heartbeatMs));
    if (held === 1 || this.owned.get(stream) !== id) return;
    this.#forget(stream);
    this.#tell('StreamDisowned', stream, id);
  }

  #forget(stream: string): void {
    this.owned.delete(stream);
    clearInterval(this.#extending.get(stream));
    this.#extending.delete(stream);
  }

  async #lockExpired(key: string): Promise<void> {
    await this.#running();
    const lock = this.#names.parseLock(key);
    if (lock === undefined || this.owned.get(lock.dataStream) === lock.entryId || this.#hasEnded) return;
    this.#tell('StreamExpired', lock.dataStream, lock.entryId);
    if (this.#options.claims) await this.claim(lock.entryId);
  }

  async #scanForEver(): Promise<void> {
    while (!this.#hasEnded) {
      // An outage: the next scan will do.
      await this.scan().catch(() => undefined);
      const delayMs = this.#options.reconcileEveryMs * (1 + Math.random() / 10);
      await new Promise<void>((resolve) => {
        this.#scanTimer = setTimeout(resolve, delayMs);
      });
      await this.#running();
    }
  }

  /** Acknowledged first: whoever gets a 1 has won, and then has to add the copy, or the entry is lost. */
  async #requeue(entry: RawEntry): Promise<GoClaim> {
    const { lbs, group, dlq } = this.#names;
    const { maxRetries, dlqMaxLen } = this.#options;
    const parsed = parseEntry(entry);
    if (parsed.ok) {
      const lock = this.#names.lock(parsed.announcement.name, entry.id);
      if ((await this.#answer(this.#commands.exists(lock))) === 1) return 'locked';
    }
    if ((await this.#answer(this.#commands.xack(lbs, group, entry.id))) !== 1) return 'alreadyClaimed';
    const count = parsed.ok ? parsed.retryCount + 1 : parsed.retryCount;
    const copy = [...withoutCount(entry.fields), RETRY_FIELD, String(count)];
    const isDead = !parsed.ok || count > maxRetries;
    if (isDead) {
      const cap = dlqMaxLen > 0 ? (['MAXLEN', '~', dlqMaxLen] as const) : [];
      const reason = parsed.ok ? 'max_retries_exceeded' : 'unparseable';
      await this.#answer(this.#commands.xadd(dlq, ...cap, '*', ...copy, '_dlq_reason', reason));
    } else {
      await this.#answer(this.#commands.xadd(lbs, '*', ...copy));
    }
    await this.#answer(this.#commands.xdel(lbs, entry.id));
    return isDead ? 'deadLettered' : 'requeued';
  }
}

function withoutCount(fields: readonly string[]): string[] {
  const others: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (fields[at] !== RETRY_FIELD) others.push(fields[at] as string, fields[at + 1] as string);
  }
  return others;
}

/**
 * Starts a stand-in for a consumer of the Go client in this process. Returns when it is subscribed; its first read is on its way.
 *
 * ```ts
 * const go = await startGoConsumer({ redis: server.url, service: 'orders' });
 * go.freeze(); // its locks run out; the streams go to others
 * go.thaw(); // it takes its locks back and works on beside them, as the Go client does
 * ```
 *
 * @throws whatever Redis answers, when it cannot be set up
 */
export async function startGoConsumer(options: GoConsumerOptions): Promise<GoConsumer> {
  const consumer = new StandIn(options);
  try {
    await consumer.start();
  } catch (error) {
    consumer.kill();
    throw error;
  }
  return consumer;
}
