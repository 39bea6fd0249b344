/** A stream with its consumer groups, laid out in nodes as Redis lays it out, since `MAXLEN ~` removes whole nodes. */
import { type ConsumerGroup, copyGroup } from './consumer-group.js';
import type { SentEntries } from './idempotence.js';
import { EMPTY_LISTPACK, integerSize, textSize } from './listpack-size.js';
import { lowerBound } from './lower-bound.js';
import { compareIds, type IdPart, StreamId, ZERO_ID } from './stream-id.js';

export interface StreamEntry {
  readonly id: StreamId;
  /** Fields and values in turn. */
  readonly fields: readonly string[];
}

/** `stream-node-max-entries` and `stream-node-max-bytes`. */
const MOST_ENTRIES = 100;
const MOST_BYTES = 4096;

class StreamNode {
  readonly masterId: StreamId;
  readonly masterFields: readonly string[];
  /** Of the newest entry that was added, deleted or not. */
  lastId: StreamId;
  entries: StreamEntry[];
  /** How many entries were deleted from it. */
  deleted: number;
  bytes: number;
  /** Whoever may change it; others copy it first. */
  owner: object;

  constructor(owner: object, masterId: StreamId, masterFields: readonly string[], bytes: number) {
    this.owner = owner;
    this.masterId = masterId;
    this.lastId = masterId;
    this.masterFields = masterFields;
    this.entries = [];
    this.deleted = 0;
    this.bytes = bytes;
  }

  copyFor(owner: object): StreamNode {
    const copy = new StreamNode(owner, this.masterId, this.masterFields, this.bytes);
    copy.lastId = this.lastId;
    copy.entries = this.entries.slice();
    copy.deleted = this.deleted;
    return copy;
  }
}

export interface TrimRule {
  readonly strategy: 'maxlen' | 'minid';
  readonly isApproximate: boolean;
  readonly maxLength: number;
  readonly minId: StreamId;
  /** Most entries to remove; 0: any number. */
  readonly limit: number;
}

export class StreamValue {
  readonly type = 'stream';
  owner: object;
  digest: string | undefined;
  #nodes: StreamNode[] = [];
  length = 0;
  lastId = ZERO_ID;
  firstId = ZERO_ID;
  maxDeletedId = ZERO_ID;
  entriesAdded = 0;
  groups = new Map<string, ConsumerGroup>();
  /** Undefined: nothing was ever added with the id of a producer. */
  sent: SentEntries | undefined;

  constructor(owner: object) {
    this.owner = owner;
  }

  copyFor(owner: object): StreamValue {
    const copy = new StreamValue(owner);
    copy.#nodes = this.#nodes.slice();
    copy.length = this.length;
    copy.lastId = this.lastId;
    copy.firstId = this.firstId;
    copy.maxDeletedId = this.maxDeletedId;
    copy.entriesAdded = this.entriesAdded;
    copy.sent = this.sent?.copy();
    for (const [name, group] of this.groups) copy.groups.set(name, copyGroup(group));
    return copy;
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  /** Everything that makes this stream what it is. */
  describe(): unknown {
    const nodes = this.#nodes.map(({ masterId, lastId, entries, deleted, bytes }) => [
      `${masterId}`,
      `${lastId}`,
      deleted,
      bytes,
      entries.map(({ id, fields }) => [`${id}`, fields]),
    ]);
    const groups = [...this.groups.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, lastId, entriesRead, pending, consumers }) => [
        name,
        `${lastId}`,
        entriesRead,
        pending.map((one) => [`${one.id}`, one.consumer.name, one.deliveredAt, one.deliveries]),
        [...consumers.values()]
          .map(({ name: consumer, seenAt, activeAt }) => [consumer, seenAt, activeAt])
          .sort((a, b) => ((a[0] as string) < (b[0] as string) ? -1 : 1)),
      ]);
    const described = [
      `${this.lastId}`,
      `${this.firstId}`,
      `${this.maxDeletedId}`,
      this.entriesAdded,
      nodes,
      groups,
    ];
    return this.sent === undefined ? described : [...described, this.sent.describe()];
  }

  // --- looking

  /** The newest entry that is still there. */
  get last(): StreamEntry | undefined {
    // A node may be empty: where trimming by id met a deleted entry at its end.
    for (let at = this.#nodes.length - 1; at >= 0; at -= 1) {
      const entry = (this.#nodes[at] as StreamNode).entries.at(-1);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  #nodeAt(id: StreamId): number {
    let low = 0;
    let high = this.#nodes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds((this.#nodes[middle] as StreamNode).masterId, id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  find(id: StreamId): StreamEntry | undefined {
    const node = this.#nodes[this.#nodeAt(id)];
    if (node === undefined) return undefined;
    const entry = node.entries[lowerBound(node.entries, id)];
    return entry !== undefined && compareIds(entry.id, id) === 0 ? entry : undefined;
  }

  /** Entries from `start` to `end`, both included; the other way round when `isReversed`. At most `count`; 0: all. */
  range(start: StreamId, end: StreamId, count: number, isReversed: boolean): StreamEntry[] {
    const found: StreamEntry[] = [];
    const nodes = this.#nodes;
    if (isReversed) {
      for (let at = this.#nodeAt(end); at >= 0; at -= 1) {
        const { entries } = nodes[at] as StreamNode;
        for (let position = entries.length - 1; position >= 0; position -= 1) {
          const entry = entries[position] as StreamEntry;
          if (compareIds(entry.id, end) > 0) continue;
          if (compareIds(entry.id, start) < 0) return found;
          found.push(entry);
          if (found.length === count) return found;
        }
      }
      return found;
    }
    const first = Math.max(0, this.#nodeAt(start));
    for (let at = first; at < nodes.length; at += 1) {
      const { entries } = nodes[at] as StreamNode;
      for (
        let position = at === first ? lowerBound(entries, start) : 0;
        position < entries.length;
        position += 1
      ) {
        const entry = entries[position] as StreamEntry;
        if (compareIds(entry.id, end) > 0) return found;
        found.push(entry);
        if (found.length === count) return found;
      }
    }
    return found;
  }

  /** Whether entries between `start` and the end of the stream may have been deleted. */
  hasTombstonesFrom(start: StreamId, isSince80: boolean): boolean {
    if (this.length === 0 || this.maxDeletedId.isZero) return false;
    if (!isSince80 && compareIds(this.firstId, this.maxDeletedId) > 0) return false;
    return compareIds(start, this.maxDeletedId) <= 0;
  }

  /** How many entries were added up to this id; undefined: it cannot be told. */
  entriesUpTo(id: StreamId): number | undefined {
    if (this.entriesAdded === 0) return 0;
    const toLast = compareIds(id, this.lastId);
    if (this.length === 0 && toLast < 1) return this.entriesAdded;
    if (toLast === 0) return this.entriesAdded;
    if (toLast > 0) return undefined;
    if (this.maxDeletedId.isZero || compareIds(this.maxDeletedId, this.firstId) < 0) {
      const toFirst = compareIds(id, this.firstId);
      if (toFirst < 0) return this.entriesAdded - this.length;
      if (toFirst === 0) return this.entriesAdded - this.length + 1;
    }
    return undefined;
  }

  // --- changing

  /** The id of an entry added now. Undefined: there is none left. */
  nextId(nowMs: number): StreamId | undefined {
    return nowMs > this.lastId.ms ? new StreamId(nowMs, 0) : this.lastId.next();
  }

  /** The id after the last in the given millisecond; undefined: there is none left. */
  nextIdIn(ms: IdPart): StreamId | undefined {
    if (ms !== this.lastId.ms) return new StreamId(ms, 0);
    const next = this.lastId.next();
    return next?.ms === ms ? next : undefined;
  }

  /** @param id above the last */
  append(id: StreamId, fields: readonly string[]): void {
    let total = 0;
    for (const text of fields) total += text.length;
    let node = this.#nodes[this.#nodes.length - 1];
    if (
      node !== undefined &&
      (node.bytes + total >= MOST_BYTES || node.entries.length + node.deleted >= MOST_ENTRIES)
    ) {
      node = undefined;
    }
    const count = fields.length / 2;
    if (node === undefined) {
      const names = fields.filter((_, position) => position % 2 === 0);
      let bytes = EMPTY_LISTPACK + integerSize(1) + integerSize(0) + integerSize(count) + integerSize(0);
      for (const name of names) bytes += textSize(name);
      node = new StreamNode(this.owner, id, names, bytes);
      this.#nodes.push(node);
    } else node = this.#ownNode(this.#nodes.length - 1);
    const isSame =
      node.masterFields.length === count &&
      node.masterFields.every((name, position) => name === fields[2 * position]);
    let size = integerSize(isSame ? 2 : 0);
    size +=
      integerSize(difference(id.ms, node.masterId.ms)) + integerSize(difference(id.seq, node.masterId.seq));
    for (let at = isSame ? 1 : 0; at < fields.length; at += isSame ? 2 : 1)
      size += textSize(fields[at] as string);
    size += isSame ? integerSize(count + 3) : integerSize(count) + integerSize(2 * count + 4);
    node.bytes += size;
    node.lastId = id;
    node.entries.push({ id, fields });
    this.length += 1;
    this.entriesAdded += 1;
    this.lastId = id;
    if (this.length === 1) this.firstId = id;
  }

  #ownNode(at: number): StreamNode {
    const node = this.#nodes[at] as StreamNode;
    if (node.owner === this.owner) return node;
    const own = node.copyFor(this.owner);
    this.#nodes[at] = own;
    return own;
  }

  /** True when it was there. The first id is brought up to date by `settleFirstId`. */
  delete(id: StreamId): boolean {
    const at = this.#nodeAt(id);
    if (at < 0) return false;
    const { entries } = this.#nodes[at] as StreamNode;
    const position = lowerBound(entries, id);
    const entry = entries[position];
    if (entry === undefined || compareIds(entry.id, id) !== 0) return false;
    if (entries.length === 1) this.#nodes.splice(at, 1);
    else {
      const node = this.#ownNode(at);
      node.entries.splice(position, 1);
      node.deleted += 1;
    }
    this.length -= 1;
    return true;
  }

  settleFirstId(): void {
    this.firstId = this.#nodes.find(({ entries }) => entries.length > 0)?.entries[0]?.id ?? ZERO_ID;
  }

  /** Returns how many entries were removed. */
  trim({ strategy, isApproximate, maxLength, minId, limit }: TrimRule): number {
    let removed = 0;
    const isByLength = strategy === 'maxlen';
    while (this.#nodes.length > 0) {
      if (isByLength && this.length <= maxLength) break;
      const node = this.#nodes[0] as StreamNode;
      const { entries } = node;
      if (limit > 0 && removed + entries.length > limit) break;
      const isWhole = isByLength
        ? this.length - entries.length >= maxLength
        : compareIds(node.lastId, minId) < 0;
      if (isWhole) {
        this.#nodes.shift();
        this.length -= entries.length;
        removed += entries.length;
        continue;
      }
      if (isApproximate) break;
      const some = isByLength ? this.length - maxLength : lowerBound(entries, minId);
      if (some > 0) {
        const own = this.#ownNode(0);
        own.entries.splice(0, some);
        own.deleted += some;
        this.length -= some;
        removed += some;
      }
      break;
    }
    if (this.length === 0) this.firstId = ZERO_ID;
    else if (removed > 0) this.settleFirstId();
    return removed;
  }
}

/** Difference of two unsigned numbers as Redis stores it: in 64 bits with a sign. */
function difference(a: IdPart, b: IdPart): number | bigint {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return BigInt.asIntN(64, BigInt(a) - BigInt(b));
}
