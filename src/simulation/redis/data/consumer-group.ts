import { lowerBound } from './lower-bound.js';
import { compareIds, type StreamId } from './stream-id.js';

/** An entry that was delivered and not acknowledged. */
export interface PendingEntry {
  readonly id: StreamId;
  consumer: Consumer;
  /** Epoch ms. */
  deliveredAt: number;
  deliveries: number;
}

export interface Consumer {
  readonly name: string;
  /** When it last tried something, epoch ms. */
  seenAt: number;
  /** When it last got something, epoch ms; -1: never. Redis 7.2 and newer show it. */
  activeAt: number;
  /** Ascending. */
  readonly pending: PendingEntry[];
}

export interface ConsumerGroup {
  readonly name: string;
  lastId: StreamId;
  /** Undefined: not known. */
  entriesRead: number | undefined;
  /** Ascending. */
  readonly pending: PendingEntry[];
  readonly consumers: Map<string, Consumer>;
}

export function createGroup(name: string, lastId: StreamId, entriesRead: number | undefined): ConsumerGroup {
  return { name, lastId, entriesRead, pending: [], consumers: new Map() };
}

export function copyGroup(group: ConsumerGroup): ConsumerGroup {
  const copy = createGroup(group.name, group.lastId, group.entriesRead);
  for (const [name, { seenAt, activeAt }] of group.consumers) {
    copy.consumers.set(name, { name, seenAt, activeAt, pending: [] });
  }
  for (const { id, consumer, deliveredAt, deliveries } of group.pending) {
    const owner = copy.consumers.get(consumer.name) as Consumer;
    const entry = { id, consumer: owner, deliveredAt, deliveries };
    copy.pending.push(entry);
    owner.pending.push(entry);
  }
  return copy;
}

/** Names in Redis's order: by bytes. */
export function byName<T extends { readonly name: string }>(all: Iterable<T>): T[] {
  return [...all].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export function findPending(list: readonly PendingEntry[], id: StreamId): PendingEntry | undefined {
  const found = list[lowerBound(list, id)];
  return found !== undefined && compareIds(found.id, id) === 0 ? found : undefined;
}

function insert(list: PendingEntry[], entry: PendingEntry): void {
  const last = list[list.length - 1];
  if (last === undefined || compareIds(last.id, entry.id) < 0) list.push(entry);
  else list.splice(lowerBound(list, entry.id), 0, entry);
}

function withdraw(list: PendingEntry[], id: StreamId): void {
  const at = lowerBound(list, id);
  const found = list[at];
  if (found !== undefined && compareIds(found.id, id) === 0) list.splice(at, 1);
}

export function addPending(group: ConsumerGroup, entry: PendingEntry): void {
  insert(group.pending, entry);
  insert(entry.consumer.pending, entry);
}

export function removePending(group: ConsumerGroup, entry: PendingEntry): void {
  withdraw(group.pending, entry.id);
  withdraw(entry.consumer.pending, entry.id);
}

export function givePendingTo(entry: PendingEntry, consumer: Consumer): void {
  if (entry.consumer === consumer) return;
  withdraw(entry.consumer.pending, entry.id);
  entry.consumer = consumer;
  insert(consumer.pending, entry);
}

/** Forgets a consumer and all that is pending for it. Returns how much that was. */
export function removeConsumer(group: ConsumerGroup, consumer: Consumer): number {
  const { length } = consumer.pending;
  for (const entry of consumer.pending) withdraw(group.pending, entry.id);
  group.consumers.delete(consumer.name);
  return length;
}
