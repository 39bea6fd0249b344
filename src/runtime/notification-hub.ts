/**
 * The way of notifications to the application: one bounded buffer for each reader.
 *
 * What bounds it is that `StreamAdded` is only ever made when there is room: a reader that falls behind stops the reading of new
 * streams. Everything else must not wait and must not be lost, and is bounded by what it speaks of: a loss by the streams owned;
 * uncertain and confirmed are one per stream, the later one counting, and so is touched; expiries and dead letters are counted on the last one waiting.
 */
import { Bell } from '../core/bell.js';
import type { Notification } from './notifications.js';

/** Of each kind the latest of a stream is what counts. */
type Latest = Extract<Notification, { type: 'StreamUncertain' | 'StreamConfirmed' | 'StreamTouched' }>;

/** Of these there may be any number; they say how many they stand for. */
type Counted = Extract<Notification, { count: number }>;

function isCounted(notification: Notification): notification is Counted {
  return 'count' in notification;
}

function isLatest(notification: Notification): notification is Latest {
  const { type } = notification;
  return type === 'StreamUncertain' || type === 'StreamConfirmed' || type === 'StreamTouched';
}

function keyOf({ type, id }: Latest): string {
  return type === 'StreamTouched' ? `touched ${id}` : id;
}

/** A queue that coalesces. Items are replaced in place, so that order is kept. */
class Buffer {
  readonly limit: number;
  #items: (Notification | undefined)[] = [];
  #head = 0;
  #count = 0;
  /** Index of what waits for each entry, by kind. */
  readonly #latest = new Map<string, number>();
  /** Index of the last one that waits, by type. */
  readonly #lastCounted = new Map<Counted['type'], number>();

  constructor(limit: number) {
    this.limit = limit;
  }

  get room(): number {
    return this.limit - this.#count;
  }

  push(notification: Notification): void {
    if (isLatest(notification)) {
      const key = keyOf(notification);
      const at = this.#latest.get(key);
      if (at !== undefined) {
        this.#items[at] = notification;
        return;
      }
      this.#latest.set(key, this.#items.length);
    } else if (isCounted(notification)) {
      const at = this.#lastCounted.get(notification.type);
      if (this.room <= 0 && at !== undefined) {
        const last = this.#items[at] as Counted;
        this.#items[at] = { ...last, count: last.count + notification.count };
        return;
      }
      this.#lastCounted.set(notification.type, this.#items.length);
    }
    this.#items.push(notification);
    this.#count += 1;
  }

  shift(): Notification | undefined {
    const notification = this.#items[this.#head];
    if (notification === undefined) return undefined;
    this.#items[this.#head] = undefined;
    if (isLatest(notification)) this.#latest.delete(keyOf(notification));
    if (isCounted(notification) && this.#lastCounted.get(notification.type) === this.#head)
      this.#lastCounted.delete(notification.type);
    this.#head += 1;
    this.#count -= 1;
    if (this.#count === 0) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= 4096) {
      this.#compact();
    }
    return notification;
  }

  #compact(): void {
    const { length } = this.#items;
    this.#items = this.#items.slice(this.#head);
    const moved = length - this.#items.length;
    for (const [key, at] of this.#latest) this.#latest.set(key, at - moved);
    for (const [type, at] of this.#lastCounted) this.#lastCounted.set(type, at - moved);
    this.#head = 0;
  }
}

interface Reader {
  readonly buffer: Buffer;
  readonly bell: Bell;
}

export class NotificationHub {
  readonly #limit: number;
  readonly #onRoom: () => void;
  readonly #readers = new Set<Reader>();
  /** What is told before anybody reads; undefined once somebody has, or when nobody will. */
  #backlog: Buffer | undefined;
  #hasProcessor = false;
  #isClosed = false;
  /** Told to nobody, because an application with a processor need not read. */
  dropped = 0;

  /** @param onRoom called when a reader has made room */
  constructor(limit: number, onRoom: () => void) {
    this.#limit = limit;
    this.#onRoom = onRoom;
    this.#backlog = new Buffer(limit);
  }

  /** How many more notifications every reader has room for. */
  get room(): number {
    let room = this.#backlog?.room ?? Number.POSITIVE_INFINITY;
    for (const { buffer } of this.#readers) room = Math.min(room, buffer.room);
    return room;
  }

  /** From now on streams are processed by a handler: nobody has to read. */
  attachProcessor(): void {
    this.#hasProcessor = true;
    if (this.#readers.size === 0) this.#backlog = undefined;
    this.#onRoom();
  }

  /** @returns whether it is told: after the last one nothing is, whatever ends later */
  tell(notification: Notification): boolean {
    if (this.#isClosed) return false;
    this.#backlog?.push(notification);
    if (this.#backlog === undefined && this.#readers.size === 0) this.dropped += 1;
    for (const { buffer, bell } of this.#readers) {
      buffer.push(notification);
      bell.ring();
    }
    return true;
  }

  /** Nothing more will be told. Readers end when they have read what is there. */
  close(): void {
    this.#isClosed = true;
    for (const { bell } of this.#readers) bell.ring();
  }

  read(): AsyncIterableIterator<Notification> {
    const reader: Reader = { buffer: this.#backlog ?? new Buffer(this.#limit), bell: new Bell() };
    this.#backlog = undefined;
    this.#readers.add(reader);
    const leave = () => {
      if (!this.#readers.delete(reader)) return;
      // With no reader and no processor left, notifications are kept for the next reader.
      if (this.#readers.size === 0 && !this.#hasProcessor && !this.#isClosed) this.#backlog = reader.buffer;
      reader.bell.ring();
      this.#onRoom();
    };
    const next = async (): Promise<IteratorResult<Notification>> => {
      for (;;) {
        if (!this.#readers.has(reader)) return { done: true, value: undefined };
        const notification = reader.buffer.shift();
        if (notification !== undefined) {
          this.#onRoom();
          return { done: false, value: notification };
        }
        if (this.#isClosed) {
          leave();
          return { done: true, value: undefined };
        }
        await reader.bell.rung();
      }
    };
    return {
      next,
      return: async () => {
        leave();
        return { done: true, value: undefined };
      },
      throw: async (error) => {
        leave();
        throw error;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
