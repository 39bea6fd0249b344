/**
 * One database: keys, what they hold, when they expire. A snapshot costs a copy of the table of keys; values are shared, and copied by the
 * first who changes one.
 */
import { createHash } from 'node:crypto';
import type { Value } from './values.js';

export interface KeyspaceSnapshot {
  readonly values: ReadonlyMap<string, Value>;
  readonly expiries: ReadonlyMap<string, number>;
}

export interface KeyspaceHooks {
  /** A key's time has come, and it is gone. */
  expired(key: string): void;
  /** A stream was created, deleted or overwritten. */
  streamChanged(key: string): void;
  /** A key that was not there is. */
  created(key: string): void;
}

export class Keyspace {
  readonly #hooks: KeyspaceHooks;
  #values = new Map<string, Value>();
  #expiries = new Map<string, number>();
  /** No key expires before this. */
  #earliest = Number.POSITIVE_INFINITY;
  /** What values carry that this keyspace may change. */
  #owner: object = {};

  constructor(hooks: KeyspaceHooks) {
    this.#hooks = hooks;
  }

  get owner(): object {
    return this.#owner;
  }

  get size(): number {
    return this.#values.size;
  }

  get expiryCount(): number {
    return this.#expiries.size;
  }

  /** Keys in the order of their creation, those included whose time has come. */
  keys(): string[] {
    return [...this.#values.keys()];
  }

  /** Whether the key's time has come, without deleting it. */
  isExpired(key: string, now: number): boolean {
    const expiry = this.#expiries.get(key);
    return expiry !== undefined && now > expiry;
  }

  /** What the key holds, to look at. Deletes it first when its time has come: Redis does when `now` is past it, not when it is reached. */
  look(key: string, now: number): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined || now <= this.#earliest) return value;
    const expiry = this.#expiries.get(key);
    if (expiry === undefined || now <= expiry) return value;
    this.#expire(key);
    return undefined;
  }

  /** The same value, to change. */
  own<V extends Value>(key: string, value: V): V {
    if (value.owner === this.#owner) {
      value.digest = undefined;
      return value;
    }
    const copy = value.copyFor(this.#owner) as V;
    this.#values.set(key, copy);
    return copy;
  }

  /** Adds a key, or replaces what it holds; its expiry stays. */
  put(key: string, value: Value): void {
    const old = this.#values.get(key);
    this.#values.set(key, value);
    if (old === undefined) this.#hooks.created(key);
    if (old?.type === 'stream' || (old === undefined && value.type === 'stream'))
      this.#hooks.streamChanged(key);
  }

  delete(key: string): boolean {
    const old = this.#values.get(key);
    if (old === undefined) return false;
    this.#values.delete(key);
    this.#expiries.delete(key);
    if (old.type === 'stream') this.#hooks.streamChanged(key);
    return true;
  }

  clear(): void {
    for (const [key, value] of this.#values) if (value.type === 'stream') this.#hooks.streamChanged(key);
    this.#values = new Map();
    this.#expiries = new Map();
    this.#earliest = Number.POSITIVE_INFINITY;
  }

  expiryOf(key: string): number | undefined {
    return this.#expiries.get(key);
  }

  setExpiry(key: string, at: number): void {
    this.#expiries.set(key, at);
    if (at < this.#earliest) this.#earliest = at;
  }

  /** True when it had one. */
  clearExpiry(key: string): boolean {
    return this.#expiries.delete(key);
  }

  /** When the first key expires, epoch ms. Undefined: none does. */
  get nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const at of this.#expiries.values()) if (next === undefined || at < next) next = at;
    this.#earliest = next ?? Number.POSITIVE_INFINITY;
    return next;
  }

  /** Deletes everything whose time has come, the longest overdue first. */
  expireAll(now: number): void {
    if (now <= this.#earliest) return;
    const due = [...this.#expiries].filter(([, at]) => now > at).sort(([, a], [, b]) => a - b);
    for (const [key] of due) this.#expire(key);
    void this.nextExpiry;
  }

  #expire(key: string): void {
    this.delete(key);
    this.#hooks.expired(key);
  }

  snapshot(): KeyspaceSnapshot {
    const snapshot = { values: new Map(this.#values), expiries: new Map(this.#expiries) };
    // From here on everything is shared.
    this.#owner = {};
    return snapshot;
  }

  restore({ values, expiries }: KeyspaceSnapshot): void {
    this.#owner = {};
    this.#values = new Map(values);
    this.#expiries = new Map(expiries);
    void this.nextExpiry;
  }

  /** A text that is the same for the same content, whatever led to it. Costs only what has changed since the last one. */
  digest(): string {
    const all = createHash('sha1');
    for (const key of [...this.#values.keys()].sort()) {
      const value = this.#values.get(key) as Value;
      value.digest ??= createHash('sha1')
        .update(JSON.stringify([value.type, value.describe()]))
        .digest('base64');
      all.update(JSON.stringify([key, value.digest, this.#expiries.get(key) ?? null]));
    }
    return all.digest('hex');
  }
}
