/**
 * C-PRO-7 to C-PRO-9, and what is said of entries that owners read: those of a data stream are handled in their order and none is left out; one that has been handled is
 * handled again only if Redis had no commit of it when its owner began. Held against what Redis has executed: nothing that readers or producers believe.
 */
import { compareFencingTokens } from '../../src/core/entry-id.js';
import { isStreamwardenError } from '../../src/index.js';
import type { Command } from '../../src/simulation/labels.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { isReplyError, toTexts } from '../../src/simulation/replies.js';
import type { HistoryRecord } from '../../src/testing/history-records.js';
import type { Violations } from './violations.js';

/** What is broken, by the clauses of docs/reference/contract.md. */
export const BROKEN = {
  skipped: 'C-DATA-1',
  disordered: 'C-DATA-1',
  repeated: 'C-DATA-2',
  unhandledCommit: 'C-DATA-2',
  uncommitted: 'C-DATA-2',
  notCopied: 'C-DATA-8',
  uncommittedRemoval: 'C-DATA-10',
} as const;

const START = '0-0';
const REMOVED = 'removed';

interface DataEntry {
  readonly id: string;
  /** The call that it was appended by, and its place there. */
  readonly call: number;
  readonly at: number;
  isHandled: boolean;
  /** It has been removed. */
  isGone: boolean;
  /** How often a handler has thrown with it in hand. */
  throws: number;
  /** Somebody has to be handed it in the end: its data stream has not been cancelled, or dead-lettered, since. */
  isDue: boolean;
}

interface DataStream {
  readonly key: string;
  /** Whose it is. */
  readonly name: string;
  /** In their order, without end marks. */
  readonly entries: DataEntry[];
  /** What Redis has as committed. */
  committed: string;
  /** The newest one that it has ever had as committed. */
  everCommitted: string;
  /** What was read, or committed, before the data were lost says nothing of what comes after. */
  isLost: boolean;
  /** It was cancelled: nothing is written of how far its owner has come since, and what that has dealt with it removes. */
  isCancelled: boolean;
  /** What was added last is an end mark: nobody is to wait for anything any more. */
  isMarked: boolean;
}

/** When a handler's failures are the entry's own affair. */
export interface PassingOver {
  readonly onEntryError: 'stop' | 'skip' | 'deadLetter';
  readonly entryRetries: number;
}

const NEVER_PASSED_OVER: PassingOver = { onEntryError: 'stop', entryRetries: 0 };

interface Reading {
  readonly stream: DataStream;
  /** What this owner knows to be committed: when it was given the stream, and what it has committed since. */
  committed: string;
  /** The newest one that this owner was handed. */
  last: string;
  /** The newest one that its handler is through with. */
  through: string;
  /** It had begun before the data were lost: what it was through with then it may commit, and go on behind. */
  isOld: boolean;
  /** It iterates anew: from what was committed, or further. */
  isFresh: boolean;
}

interface AppendCall {
  readonly number: number;
  readonly name: string;
  readonly by: string;
  readonly count: number;
  /** What Redis gave for each. */
  readonly ids: string[][];
  /** Places of those that are not there, for all that the producer says. */
  readonly denied: Set<number>;
}

const isAfter = (id: string, other: string) => compareFencingTokens(id, other) > 0;
const later = (id: string, other: string) => (isAfter(id, other) ? id : other);

export class EntriesWatch {
  readonly #violations: Violations;
  readonly #streams = new Map<string, DataStream>();
  /** By owner (entry on the load balancer stream) and key. */
  readonly #readings = new Map<string, Reading>();
  readonly #calls: AppendCall[] = [];
  /** What was committed when an owner was given the data stream, by owner and key. */
  readonly #given = new Map<string, string>();
  /** Entries that were copied to where those lie that failed: key and id. */
  readonly #copied = new Set<string>();
  readonly #passingOver: PassingOver;

  constructor(violations: Violations, passingOver = NEVER_PASSED_OVER) {
    this.#violations = violations;
    this.#passingOver = passingOver;
  }

  /** A producer is about to append so many. Its entries carry the number of the call, and their places. */
  begins(by: string, name: string, count: number): AppendCall {
    const ids = Array.from({ length: count }, (): string[] => []);
    const call = { number: this.#calls.length, name, by, count, ids, denied: new Set<number>() };
    this.#calls.push(call);
    return call;
  }

  /** Redis has added one. */
  added(key: string, id: string, number: number, at: number): void {
    const call = this.#calls[number];
    if (call === undefined) return;
    const stream = this.#streamOf(key, call.name);
    const fresh = { isHandled: false, isGone: false, throws: 0, isDue: true };
    stream.entries.push({ id, call: number, at, ...fresh });
    stream.isMarked = false;
    const own = call.ids[at] as string[];
    own.push(id);
    const what = `entry ${at} of call ${number} of ${call.by}`;
    if (own.length > 1) this.#add('C-PRO-8', `${what} was added ${own.length} times`);
    if (call.denied.has(at))
      this.#add('C-PRO-8', `${what} had been rejected for good, and is there as ${id}`);
    if (call.ids.slice(at + 1).some((ids) => ids.length > 0))
      this.#add('C-PRO-9', `${what} was added behind one that was to follow it`);
  }

  resolved({ number, by, ids }: AppendCall, given: readonly string[]): void {
    ids.forEach((own, at) => {
      if (!own.includes(given[at] as string))
        this.#add(
          'C-PRO-7',
          `call ${number} of ${by} resolved with ${given[at]}, which Redis did not give for it`,
        );
    });
  }

  /** @returns whether any of it may be there, for all that the producer says */
  rejected(call: AppendCall, error: unknown): boolean {
    if (!isStreamwardenError(error)) {
      this.#add('C-PRO-8', `call ${call.number} of ${call.by} rejected with ${String(error)}`);
      return true;
    }
    const { sent, appended, unknown } = error.details as {
      readonly sent?: boolean;
      readonly appended?: readonly (string | null)[];
      readonly unknown?: readonly number[];
    };
    const what = `call ${call.number} of ${call.by}`;
    appended?.forEach((id, at) => {
      const own = call.ids[at] as string[];
      if (id !== null && !own.includes(id))
        this.#add('C-PRO-8', `${what} says that ${id} is there, which Redis did not give for it`);
      if (id !== null || unknown?.includes(at)) return;
      call.denied.add(at);
      if (own.length > 0) this.#add('C-PRO-8', `${what} says that entry ${at} is not there, and it is`);
    });
    return sent !== false;
  }

  /** An end mark was added. */
  marked(key: string): void {
    this.#streamOf(key, key).isMarked = true;
  }

  /** Whoever waits for it may wait for ever, unless it is ended once more. */
  isToEnd(key: string): boolean {
    const { isMarked, isLost, isCancelled } = this.#streamOf(key, key);
    return !isMarked || isLost || isCancelled;
  }

  /** An entry was copied to where those lie that failed. */
  copied(key: string, id: string): void {
    this.#copied.add(`${key} ${id}`);
  }

  keys(): Iterable<string> {
    return this.#streams.keys();
  }

  record(record: HistoryRecord): void {
    if (record.op === 'acquired') this.given(`${record.owner} ${record.id}`, record.name);
    else if (record.op === 'finished' && record.checkpoint !== undefined) this.forgotten(record.name);
    else if (record.op === 'deadLettered' || record.op === 'deadLetterDue') this.#excuse(record.name);
    else if (record.op === 'saved') {
      const { p = {} } = JSON.parse(record.text) as { readonly p?: Readonly<Record<string, string>> };
      for (const [key, id] of Object.entries(p)) this.committed(`${record.owner} ${record.id}`, key, id);
    }
  }

  /** The script has been executed: what was there of these data streams is over. */
  cancelled([command = []]: readonly Command[], [reply]: readonly Reply[]): void {
    if (reply === undefined || isReplyError(reply)) return;
    const args = command.slice(3 + Number(command[2])).map(String);
    (toTexts(reply) as string[][]).forEach((found, index) => {
      if (found.length === 0 || found.includes('foreign')) return;
      const name = args[1 + index] as string;
      this.forgotten(name);
      this.#excuse(name);
      const stream = this.#streamOf(name, name);
      stream.isCancelled = true;
      // Whoever adopts it again begins with nothing.
      for (const reading of this.#readings.values()) if (reading.stream === stream) reading.committed = START;
    });
  }

  /** Redis has made it the owner of this data stream, and told it what is committed. */
  given(owner: string, name: string): void {
    for (const { key, name: of, committed } of this.#streams.values())
      if (of === name) this.#given.set(`${owner} ${key}`, committed);
  }

  /** Redis has executed a commit. @param owner entry on the load balancer stream of who committed */
  committed(owner: string, key: string, id: string): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) return;
    const reading = this.#readings.get(`${owner} ${key}`);
    if (id === REMOVED) {
      // Who owns it may read what has come since.
      stream.committed = START;
      return;
    }
    const most = reading && later(reading.through, later(reading.committed, stream.committed));
    // One that hands on what it was given commits that again.
    // What was handled before the data were lost may be committed after that.
    if (!stream.isLost || (reading !== undefined && !reading.isOld))
      this.#judgeCommit(stream, owner, most ?? stream.committed, id);
    stream.committed = later(id, stream.committed);
    stream.everCommitted = later(id, stream.everCommitted);
    if (reading !== undefined) reading.committed = later(id, reading.committed);
  }

  /** Behind what its owner is through with only what is passed over, and an end mark. */
  #judgeCommit(stream: DataStream, owner: string, most: string, id: string): void {
    const { key, entries } = stream;
    for (const entry of entries) {
      if (entry.isGone || !isAfter(entry.id, most) || isAfter(entry.id, id)) continue;
      if (!this.#isPassedOver(entry)) {
        this.#add(
          BROKEN.unhandledCommit,
          `${owner} committed ${key} up to ${id}, of which it had dealt with ${most}`,
        );
        return;
      } else if (this.#passingOver.onEntryError === 'deadLetter' && !this.#copied.has(`${key} ${entry.id}`)) {
        this.#add(BROKEN.notCopied, `${owner} passed over ${key} ${entry.id}, and there is no copy of it`);
      }
    }
  }

  #isPassedOver({ throws }: DataEntry): boolean {
    const { onEntryError, entryRetries } = this.#passingOver;
    return onEntryError !== 'stop' && throws > entryRetries;
  }

  /** What was committed of this data stream is forgotten: it is finished. */
  forgotten(name: string): void {
    for (const stream of this.#streams.values()) if (stream.name === name) stream.committed = START;
  }

  /**
   * Redis has removed what is older than this; undefined: all.
   * @param upTo what whoever removes it takes for committed
   */
  trimmed(key: string, before: string | undefined, upTo = before): void {
    const stream = this.#streams.get(key);
    if (stream === undefined) return;
    const isExcused = stream.isLost || stream.isCancelled;
    if (upTo !== undefined && isAfter(upTo, stream.everCommitted) && !isExcused)
      this.#add(
        BROKEN.uncommittedRemoval,
        `${key} was removed up to ${upTo}, of which Redis has ${stream.everCommitted} as committed`,
      );
    for (const entry of stream.entries) {
      if (entry.isGone || (before !== undefined && !isAfter(before, entry.id))) continue;
      entry.isGone = true;
      if (!entry.isHandled) this.#add(BROKEN.skipped, `${key} ${entry.id} was removed before anybody had it`);
    }
  }

  /** An owner begins to iterate, or begins anew. */
  iterates(owner: string, key: string): void {
    const stream = this.#streamOf(key, key);
    const known = this.#readings.get(`${owner} ${key}`);
    const given = this.#given.get(`${owner} ${key}`) ?? stream.committed;
    const committed = known?.committed ?? given;
    this.#readings.set(`${owner} ${key}`, {
      stream,
      committed,
      last: known?.last ?? committed,
      through: known?.through ?? committed,
      isOld: known?.isOld ?? false,
      isFresh: true,
    });
  }

  /** A handler is through with an entry, and is about to ask for the next one. */
  through(owner: string, key: string, id: string): void {
    const reading = this.#readings.get(`${owner} ${key}`);
    if (reading !== undefined) reading.through = later(id, reading.through);
  }

  /** A handler has been told that Redis has its commit of this entry. */
  hasCommitted(owner: string, key: string, id: string): void {
    const { isLost, isCancelled, everCommitted } = this.#streamOf(key, key);
    if (isLost || isCancelled || !isAfter(id, everCommitted)) return;
    this.#add(
      BROKEN.uncommitted,
      `${owner} was told that ${key} is committed up to ${id}, of which Redis has ${everCommitted}`,
    );
  }

  /** A handler is about to throw with this entry in hand. */
  throws(key: string, id: string): void {
    const entry = this.#streams.get(key)?.entries.find((one) => one.id === id);
    if (entry !== undefined) entry.throws += 1;
  }

  /** A handler has been given an entry. */
  handed(owner: string, key: string, id: string): void {
    const reading = this.#readings.get(`${owner} ${key}`);
    if (reading === undefined) {
      if (this.#streamOf(key, key).isLost) this.#readOn(owner, key, id);
      else this.#add(BROKEN.skipped, `${owner} was handed ${key} ${id}, and does not iterate`);
      return;
    }
    const { stream, isFresh, last } = reading;
    const [least, most] = isFresh ? [reading.committed, later(last, reading.committed)] : [last, last];
    const at = stream.entries.findIndex((entry) => entry.id === id);
    if (at === -1) {
      // Read before the data were lost, perhaps.
      if (!stream.isLost) this.#add(BROKEN.skipped, `${owner} was handed ${key} ${id}, which is not there`);
      return;
    }
    if (!isAfter(id, least)) {
      if (isFresh)
        this.#add(
          BROKEN.repeated,
          `${owner} was handed ${key} ${id}, of which Redis had a commit (${reading.committed})`,
        );
      else this.#add(BROKEN.disordered, `${owner} was handed ${key} ${id} after ${last}`);
    }
    // One that is passed over is left out, by who has not committed what stands before it.
    const before = stream.entries
      .slice(0, at)
      .findLast((entry) => !entry.isGone && !(entry.isHandled && this.#isPassedOver(entry)))?.id;
    if (before !== undefined && isAfter(before, most))
      this.#add(BROKEN.skipped, `${owner} was handed ${key} ${id}, and not ${before}: it had ${most}`);
    (stream.entries[at] as DataEntry).isHandled = true;
    reading.last = id;
    reading.isFresh = false;
  }

  /** Who iterated when the data were lost goes on, with what it had read or with what is there. */
  #readOn(owner: string, key: string, id: string): void {
    const stream = this.#streamOf(key, key);
    const entry = stream.entries.find((one) => one.id === id);
    if (entry !== undefined) entry.isHandled = true;
    this.#readings.set(`${owner} ${key}`, {
      stream,
      committed: stream.committed,
      last: id,
      through: START,
      isOld: true,
      isFresh: true,
    });
  }

  /**
   * A server's data are older, or gone, of these keys or of what is committed of them.
   * @param left key → ids that there are, and what is committed
   */
  dataLost(left: ReadonlyMap<string, { readonly ids: readonly string[]; readonly committed: string }>): void {
    for (const [key, { ids, committed }] of left) {
      const stream = this.#streamOf(key, key);
      const there = new Set(ids);
      const entries = stream.entries.filter(({ id }) => there.has(id));
      // What had been removed may be there again.
      for (const entry of entries) entry.isGone = false;
      stream.entries.splice(0, stream.entries.length, ...entries);
      stream.committed = committed === REMOVED ? START : committed;
      stream.isLost = true;
      // What owners had been handed says nothing of what comes after.
      for (const reading of this.#readings.values()) {
        if (reading.stream !== stream) continue;
        Object.assign(reading, { committed: stream.committed, isOld: true, isFresh: true });
      }
      for (const at of [...this.#given.keys()]) if (at.endsWith(` ${key}`)) this.#given.delete(at);
    }
  }

  /** Everything has come to rest. @param isExcused data streams that nobody was to read to their end: dead-lettered, cancelled */
  atRest(isExcused: (name: string) => boolean): void {
    for (const { key, name, entries } of this.#streams.values()) {
      if (isExcused(name)) continue;
      const [left] = entries.filter(
        ({ call, at, isHandled, isGone, isDue }) =>
          !isHandled && !isGone && isDue && !this.#calls[call]?.denied.has(at),
      );
      if (left !== undefined) this.#add(BROKEN.skipped, `${key} ${left.id} was never handed to anybody`);
    }
  }

  /** What is there may stay unread. */
  #excuse(name: string | null): void {
    for (const stream of this.#streams.values())
      if (stream.name === name) for (const entry of stream.entries) entry.isDue = false;
  }

  #streamOf(key: string, name: string): DataStream {
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = {
        key,
        name,
        entries: [],
        committed: START,
        everCommitted: START,
        isLost: false,
        isCancelled: false,
        isMarked: false,
      };
      this.#streams.set(key, stream);
    }
    return stream;
  }

  #add(clause: string, message: string): void {
    this.#violations.add(clause, message);
  }
}
