/**
 * A consumer of the Go client in a simulated process: what that client does to Redis by docs/reference/wire-protocol.md, its known faults included.
 * `pr` is the version with a scan and retries, `v0.4` the one before, which claims entries for itself. Both live by lock keys, look at no presence,
 * and know of entries and not of names.
 */

import { parseEntry } from '../src/redis/entry.js';
import type { Names } from '../src/redis/names.js';
import { RETRY_FIELD } from '../src/redis/own-fields.js';
import type { Chance } from '../src/simulation/chance.js';
import type { World } from '../src/simulation/world.js';
import {
  EXTEND,
  FIRST_READ_RETRY_MS,
  READ_ATTEMPTS,
  RELEASE,
  SCAN_BATCH,
} from '../src/testing/go-scripts.js';
import { GoConnection } from './go-connection.js';

export type GoVersion = 'v0.4' | 'pr';

export interface GoSettings {
  readonly world: World;
  readonly names: Names;
  /** Its name in the group, and the value of its locks: the same in every life. */
  readonly consumer: string;
  /** Counted from 0: its process has chance of its own in each life. */
  readonly life: number;
  readonly version: GoVersion;
  readonly heartbeatMs: number;
  readonly reconcileEveryMs: number;
  readonly maxRetries: number;
  isCalm(): boolean;
  say(text: string): void;
  /** Its reader has ended for good. */
  terminated(): void;
}

/** `WithLBSIdleTime`: what has been pending for longer is claimed at the start. */
const LBS_IDLE_MS = 40_000;

type Entry = [id: string, fields: string[]];

export class GoConsumer {
  readonly process: ReturnType<World['process']>;
  /** Entry ids that it takes itself for the owner of, by data stream name. */
  readonly owned = new Map<string, string>();
  readonly #settings: GoSettings;
  readonly #commands: GoConnection;
  readonly #reader: GoConnection;
  readonly #subscriber: GoConnection;
  readonly #temper: Chance;

  constructor(settings: GoSettings) {
    const { world, consumer, life, heartbeatMs } = settings;
    this.#settings = settings;
    const name = `${consumer} ${life}`;
    this.#temper = world.chance.fork(`temper of ${name}`);
    this.process = world.process(name);
    const { clock } = this.process;
    const template = world.templateFor(this.process);
    const connection = (role: string, answerWithinMs?: number) =>
      new GoConnection({ template, clock, name: `${consumer}:${role}`, answerWithinMs });
    this.#commands = connection('commands', heartbeatMs);
    this.#reader = connection('reader');
    this.#subscriber = connection('subscriber');
    this.#background(this.#start());
  }

  async #start(): Promise<void> {
    const { names, version } = this.#settings;
    await this.#persist(() => this.#commands.call('CONFIG', 'SET', 'notify-keyspace-events', 'KEx'));
    await this.#persist(() => this.#makeGroup());
    this.#subscriber.onMessage = (channel, event) => {
      if (event === 'expired') this.#background(this.#lockExpired(channel.slice(channel.indexOf(':') + 1)));
    };
    this.#background(this.#subscribe());
    if (version === 'v0.4') this.#background(this.#claimIdle());
    else this.#background(this.#scanForEver());
    await this.#read(names);
  }

  async #makeGroup(): Promise<void> {
    const { lbs, group } = this.#settings.names;
    try {
      await this.#commands.call('XGROUP', 'CREATE', lbs, group, '$', 'MKSTREAM');
    } catch (error) {
      if (!String(error).includes('BUSYGROUP')) throw error;
    }
  }

  /** A subscription that breaks is made again. */
  async #subscribe(): Promise<void> {
    for (;;) {
      await this.#persist(() => this.#subscriber.call('PSUBSCRIBE', '__keyspace@0__:*<MUTEX_KEY_SEP>*'));
      await this.#subscriber.ended();
    }
  }

  async #read({ lbs, group }: Names): Promise<void> {
    const { consumer, terminated } = this.#settings;
    for (let failures = 0; ; ) {
      let reply: [string, Entry[]][] | null;
      try {
        reply = (await this.#reader.once(
          ...['XREADGROUP', 'GROUP', group, consumer, 'BLOCK', 0, 'STREAMS', lbs, '>'],
        )) as typeof reply;
      } catch {
        failures += 1;
        if (failures > READ_ATTEMPTS) {
          terminated();
          return;
        }
        await this.#sleep(FIRST_READ_RETRY_MS * 2 ** (failures - 1));
        continue;
      }
      failures = 0;
      for (const entry of reply?.[0]?.[1] ?? []) {
        if (await this.#added(entry).catch(() => true)) continue;
        terminated();
        return;
      }
    }
  }

  /** False: it cannot be parsed, and reading is over. */
  async #added([id, fields]: Entry): Promise<boolean> {
    const parsed = parseEntry({ id, fields });
    if (!parsed.ok) return false;
    const { name } = parsed.announcement;
    if (await this.#takeLock(name, id)) this.#own(name, id);
    return true;
  }

  async #takeLock(name: string, id: string): Promise<boolean> {
    const { names, consumer, heartbeatMs } = this.#settings;
    return (
      (await this.#commands.call('SET', names.lock(name, id), consumer, 'PX', heartbeatMs, 'NX')) !== null
    );
  }

  #own(name: string, id: string): void {
    this.#settings.say(`works on ${name} ${id}`);
    this.owned.set(name, id);
    this.#background(this.#extendForEver(name, id));
    this.#background(this.#work(name, id));
  }

  async #extendForEver(name: string, id: string): Promise<void> {
    const { names, consumer, heartbeatMs } = this.#settings;
    for (;;) {
      await this.#sleep(heartbeatMs / 2);
      if (this.owned.get(name) !== id) return;
      const held = await this.#commands
        .call('EVAL', EXTEND, 1, names.lock(name, id), consumer, heartbeatMs)
        // An outage: the next time will do.
        .catch(() => 1);
      if (held === 1 || this.owned.get(name) !== id) continue;
      this.#settings.say(`is told that it has lost ${name} ${id}`);
      this.owned.delete(name);
    }
  }

  async #work(name: string, id: string): Promise<void> {
    const { isCalm, heartbeatMs } = this.#settings;
    const heartbeats = this.#temper.isTrue(0.7) ? 1 : 3;
    await this.#sleep(isCalm() ? 5 : this.#temper.next() * heartbeats * heartbeatMs);
    if (this.owned.get(name) === id) await this.#done(name, id);
  }

  async #done(name: string, id: string): Promise<void> {
    const { names, consumer } = this.#settings;
    const { lbs, group } = names;
    this.owned.delete(name);
    await this.#commands.call('XACK', lbs, group, id);
    await this.#commands.call('XDEL', lbs, id);
    await this.#commands.call('EVAL', RELEASE, 1, names.lock(name, id), consumer);
  }

  async #lockExpired(key: string): Promise<void> {
    const { names, version } = this.#settings;
    const lock = names.parseLock(key);
    if (lock === undefined || this.owned.get(lock.dataStream) === lock.entryId) return;
    if (version === 'v0.4') await this.#claimForItself(lock.dataStream, lock.entryId);
    else await this.#requeue(lock.entryId);
  }

  /** The entry keeps its id: whoever had it holds the same fencing token. */
  async #claimForItself(name: string, id: string): Promise<void> {
    const { names, consumer } = this.#settings;
    if (!(await this.#takeLock(name, id))) return;
    const claimed = await this.#commands.call('XCLAIM', names.lbs, names.group, consumer, 0, id);
    if ((claimed as Entry[]).length > 0) this.#own(name, id);
    else await this.#commands.call('EVAL', RELEASE, 1, names.lock(name, id), consumer);
  }

  /** With no look at locks. */
  async #claimIdle(): Promise<void> {
    const { names, consumer } = this.#settings;
    const [, entries] = (await this.#commands.call(
      ...['XAUTOCLAIM', names.lbs, names.group, consumer, LBS_IDLE_MS, '0-0'],
    )) as [string, Entry[]];
    for (const entry of entries) await this.#added(entry);
  }

  async #scanForEver(): Promise<void> {
    const { names, heartbeatMs, reconcileEveryMs } = this.#settings;
    for (;;) {
      try {
        const minIdleMs = Math.max(2 * heartbeatMs, 2000);
        const rows = (await this.#commands.call(
          ...['XPENDING', names.lbs, names.group, 'IDLE', minIdleMs, '-', '+', SCAN_BATCH],
        )) as [string][];
        for (const [id] of rows) await this.#requeue(id);
      } catch {
        // An outage: the next scan will do.
      }
      await this.#sleep(reconcileEveryMs * (1 + this.#temper.next() / 10));
    }
  }

  /** Acknowledged first: whoever gets a 1 has won, and then has to add the copy, or the entry is lost. */
  async #requeue(id: string): Promise<void> {
    const { names, maxRetries } = this.#settings;
    const { lbs, group, dlq } = names;
    const [found] = (await this.#commands.call('XRANGE', lbs, id, id)) as Entry[];
    if (found === undefined) return;
    const [, fields] = found;
    const parsed = parseEntry({ id, fields });
    if (parsed.ok) {
      const lock = names.lock(parsed.announcement.name, id);
      if ((await this.#commands.call('EXISTS', lock)) === 1) return;
    }
    if ((await this.#commands.call('XACK', lbs, group, id)) !== 1) return;
    const count = parsed.ok ? parsed.retryCount + 1 : parsed.retryCount;
    const copy = [...withoutCount(fields), RETRY_FIELD, String(count)];
    if (parsed.ok && count <= maxRetries) await this.#commands.call('XADD', lbs, '*', ...copy);
    else {
      const reason = parsed.ok ? 'max_retries_exceeded' : 'unparseable';
      await this.#commands.call('XADD', dlq, '*', ...copy, '_dlq_reason', reason);
    }
    await this.#commands.call('XDEL', lbs, id);
  }

  async #persist(act: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await act();
        return;
      } catch {
        await this.#sleep(FIRST_READ_RETRY_MS);
      }
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.process.clock.setTimeout(resolve, ms));
  }

  /** Nobody waits for it: an outage is its only way to fail, and then somebody else does it, or nobody. */
  #background(work: Promise<void>): void {
    work.catch(() => undefined);
  }
}

function withoutCount(fields: readonly string[]): string[] {
  return fields.filter((_, at) => fields[at - (at % 2)] !== RETRY_FIELD);
}
