/** A model of a fleet that does everything right, for making legal histories out of any sequence of choices. */
import type { HistoryRecord } from '../../src/testing/history-records.js';

export interface Choice {
  readonly act: 'announce' | 'deliver' | 'acquire' | 'finish' | 'handOver' | 'fail' | 'die' | 'wait' | 'bury';
  /** Which of what is there; taken modulo. */
  readonly pick: number;
}

interface Entry {
  readonly id: string;
  readonly name: string;
  count: number;
  /** For whom it is pending; null: not delivered yet. */
  consumer: string | null;
  owned: boolean;
}

const MAX_RETRIES = 2;
/** Whom entries are pending for that are due for a dead-letter stream in another slot. */
const DUE = 'dead-letters:max_retries_exceeded~00000000';
const REASON = 'max_retries_exceeded';

export class FleetModel {
  readonly records: HistoryRecord[] = [];
  readonly announced: string[] = [];
  #entries: Entry[] = [];
  #incarnations = ['a~1', 'b~1', 'c~1'];
  #now = 1_000;
  #sequence = 0;

  /** Ids on the load balancer stream, pending ones included. */
  get onStream(): string[] {
    return this.#entries.map(({ id }) => id);
  }

  take({ act, pick }: Choice): void {
    this.#now += 10;
    const one = (entries: Entry[]) => entries[pick % Math.max(1, entries.length)];
    const owned = one(this.#entries.filter((entry) => entry.owned));
    const due = one(this.#entries.filter(({ consumer }) => consumer === DUE));
    const read = one(
      this.#entries.filter(({ consumer, owned }) => consumer !== null && consumer !== DUE && !owned),
    );
    if (act === 'announce') this.announced.push(this.#add(`stream-${pick % 3}`, 0).id);
    if (act === 'deliver') {
      const entry = one(this.#entries.filter(({ consumer }) => consumer === null));
      if (entry) entry.consumer = this.#incarnations[pick % 3] ?? null;
    }
    if (act === 'acquire' && read && this.#mayOwn(read)) {
      read.owned = true;
      this.#record({ op: 'acquired', owner: read.consumer ?? '' }, read);
    }
    // A waiter for a name that has become free goes back, so that its next id is newer than that of the owner before.
    if (act === 'wait' && read && !this.#ownerOf(read.name)) this.#requeue(read, 'waiting', read.count);
    if (act === 'finish' && owned) {
      this.#record({ op: 'finished', owner: owned.consumer ?? '' }, owned);
      this.#remove(owned);
    }
    if (act === 'handOver' && owned) this.#requeue(owned, 'handOver', owned.count);
    if (act === 'fail' && owned) this.#requeue(owned, 'failed', owned.count + 1);
    if (act === 'die') this.#die(pick % 3);
    if (act === 'bury' && due) this.#deadLetter(due, DUE, this.#incarnations[pick % 3] ?? '');
  }

  #die(index: number): void {
    const dead = this.#incarnations[index] as string;
    this.#incarnations[index] = dead.replace(/\d+$/, (n) => String(Number(n) + 1));
    for (const entry of this.#entries.filter(({ consumer }) => consumer === dead)) {
      this.#requeue(entry, 'dead', entry.count + (entry.owned ? 1 : 0), this.#incarnations[(index + 1) % 3]);
    }
  }

  #ownerOf(name: string): Entry | undefined {
    return this.#entries.find((entry) => entry.owned && entry.name === name);
  }

  /** The name is free and no newer entry of it has been owned. */
  #mayOwn(entry: Entry): boolean {
    const newest = this.records.findLast((record) => record.op === 'acquired' && record.name === entry.name);
    return !this.#ownerOf(entry.name) && (!newest || sequenceOf(newest.id) < sequenceOf(entry.id));
  }

  #requeue(entry: Entry, why: 'dead' | 'handOver' | 'failed' | 'waiting', count: number, by?: string): void {
    const from = entry.consumer ?? '';
    if (count > MAX_RETRIES) {
      entry.count = count;
      // Here as in a cluster, where the dead-letter stream is in another slot, and there as on one server.
      if (this.#sequence % 2 === 0) this.#deadLetter(entry, from, by ?? from);
      else this.#makeDue(entry, from, by ?? from);
      return;
    }
    this.#remove(entry);
    const { id: copy } = this.#add(entry.name, count);
    this.#record({ op: 'requeued', from, by: by ?? from, copy, count, why }, entry);
  }

  #makeDue(entry: Entry, from: string, by: string): void {
    entry.owned = false;
    entry.consumer = DUE;
    this.#record({ op: 'deadLetterDue', from, by, to: DUE, count: entry.count, reason: REASON }, entry);
  }

  #deadLetter(entry: Entry, from: string, by: string): void {
    this.#remove(entry);
    this.#record({ op: 'deadLettered', from, by, copy: '1-1', count: entry.count, reason: REASON }, entry);
  }

  #add(name: string, count: number): Entry {
    this.#sequence += 1;
    const entry = { id: `7-${this.#sequence}`, name, count, consumer: null, owned: false };
    this.#entries.push(entry);
    return entry;
  }

  #remove(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
  }

  #record(fields: object, { id, name }: Entry): void {
    this.records.push({ at: this.#now, id, name, ...fields } as HistoryRecord);
  }
}

function sequenceOf(id: string): number {
  return Number(id.split('-')[1]);
}
