/**
 * Who works on what, and what each may believe. A worker is *certain* while its signal has not aborted and `validUntil` lies ahead on its own
 * clock: then nobody else may have been given its stream (C-OVL-1).
 */

import type { StreamHandle } from '../../src/index.js';
import type { SimulatedProcess } from '../../src/simulation/process.js';
import type { EntryLife } from './ledger.js';
import type { Violations } from './violations.js';

export interface Party {
  /** Name in the consumer group. */
  readonly consumer: string;
  readonly process: SimulatedProcess;
  /** Until when something befell it, in milliseconds of the world. */
  readonly disturbedUntil: number;
}

/** What the contract excepts, and for how long a party that nothing befalls may need to find out. */
interface Excuse {
  readonly clause: string;
  /** Milliseconds of the world. */
  readonly sinceMs: number;
  readonly forMs: number;
}

export class Worker {
  readonly party: Party;
  readonly handle: StreamHandle;
  readonly name: string;
  readonly id: string;
  /** It has said that it is done, or has returned. */
  isOver = false;
  /** When its handler had returned, in milliseconds of the world. */
  returnedAt: number | undefined;
  #excuse: Excuse | undefined;
  /** Its stream was taken from it so. */
  taken: string | undefined;
  #isReported = false;

  constructor(party: Party, handle: StreamHandle) {
    this.party = party;
    this.handle = handle;
    this.name = handle.name;
    this.id = handle.id;
  }

  isCertain(toleranceMs: number, now: number): boolean {
    const { process } = this.party;
    return (
      !this.isOver &&
      !process.isGone &&
      !this.handle.signal.aborted &&
      this.handle.validUntil > process.wallNow + toleranceMs &&
      !this.#isExcused(now)
    );
  }

  /** What holds for longer counts. */
  excuse(excuse: Excuse): void {
    const present = this.#excuse;
    if (present === undefined || present.sinceMs + present.forMs < excuse.sinceMs + excuse.forMs)
      this.#excuse = excuse;
  }

  #isExcused(now: number): boolean {
    if (this.#excuse === undefined) return false;
    const { sinceMs, forMs } = this.#excuse;
    return now <= Math.max(sinceMs, this.party.disturbedUntil) + forMs;
  }

  /** True once. */
  report(): boolean {
    const isFirst = !this.#isReported;
    this.#isReported = true;
    return isFirst;
  }
}

export class Workers {
  readonly #violations: Violations;
  readonly #toleranceMs: number;
  readonly #byName = new Map<string, Set<Worker>>();
  readonly #byConsumer = new Map<string, Worker[]>();
  /** Names that several work on. */
  readonly #shared = new Set<string>();
  readonly #now: () => number;
  /** Entries that may be begun although they were taken: whoever begins has not heard of it yet. */
  readonly #unheard = new Map<string, Excuse>();
  /** The same, of the one consumer that acquired the entry before it was taken: by consumer and entry. */
  readonly #unheardBy = new Map<string, Excuse>();
  /** Who was told last that an entry is its own, or is about to be. */
  readonly #acquirers = new Map<string, string>();
  /** Workers whose stream was taken by somebody else. */
  readonly #robbed = new Set<Worker>();

  /**
   * @param toleranceMs what clocks of different rates may differ in a heartbeat
   * @param now milliseconds of the world
   */
  constructor(violations: Violations, toleranceMs: number, now: () => number) {
    this.#violations = violations;
    this.#toleranceMs = toleranceMs;
    this.#now = now;
  }

  begin(party: Party, handle: StreamHandle): Worker {
    const worker = new Worker(party, handle);
    const unheard = this.#unheard.get(worker.id);
    if (unheard !== undefined && this.#now() <= unheard.sinceMs + unheard.forMs) worker.excuse(unheard);
    const key = `${party.consumer} ${worker.id}`;
    const acquiredBefore = this.#unheardBy.get(key);
    if (acquiredBefore !== undefined) worker.excuse(acquiredBefore);
    this.#unheardBy.delete(key);
    let workers = this.#byName.get(worker.name);
    if (workers === undefined) {
      workers = new Set();
      this.#byName.set(worker.name, workers);
    }
    workers.add(worker);
    this.#byConsumer.set(party.consumer, [...this.of(party.consumer), worker]);
    if (workers.size > 1) this.#shared.add(worker.name);
    return worker;
  }

  /** All that have ever begun there. */
  of(consumer: string): readonly Worker[] {
    return this.#byConsumer.get(consumer) ?? [];
  }

  end(worker: Worker): void {
    worker.isOver = true;
    worker.returnedAt = this.#now();
    const workers = this.#byName.get(worker.name);
    workers?.delete(worker);
    this.#robbed.delete(worker);
    if ((workers?.size ?? 0) < 2) this.#shared.delete(worker.name);
  }

  taken({ name, id }: EntryLife, from: string, why: string): void {
    for (const worker of this.#byName.get(name) ?? []) {
      if (worker.id !== id || worker.party.consumer !== from) continue;
      worker.taken = why;
      this.#robbed.add(worker);
    }
  }

  /**
   * What the contract excepts: those at work now.
   *
   * @param of an entry's id; undefined: all
   * @param forMs how long they may need to find out, when nothing befalls them, in milliseconds
   */
  excuse(clause: string, of?: string, forMs = Number.POSITIVE_INFINITY): void {
    const excuse = { clause, sinceMs: this.#now(), forMs };
    for (const workers of this.#byName.values()) {
      for (const worker of workers) if (of === undefined || worker.id === of) worker.excuse(excuse);
    }
  }

  /** What the contract excepts: those who work on this entry, or begin to, within so many milliseconds. */
  excuseFor(clause: string, id: string, forMs: number): void {
    this.excuse(clause, id, forMs);
    this.#unheard.set(id, { clause, sinceMs: this.#now(), forMs });
  }

  /** What the contract excepts: those who work on this entry, and whoever has acquired it and has not heard of that yet. */
  excuseOwner(clause: string, { id }: EntryLife, forMs: number): void {
    this.excuse(clause, id, forMs);
    const acquirer = this.#acquirers.get(id);
    if (acquirer !== undefined)
      this.#unheardBy.set(`${acquirer} ${id}`, { clause, sinceMs: this.#now(), forMs });
  }

  /** Redis has verified it for this consumer, whatever happened before. */
  acquired(id: string, consumer: string): void {
    this.#acquirers.set(id, consumer);
    this.#unheardBy.delete(`${consumer} ${id}`);
  }

  /** After everything that happens. Cheap: there is something to look at only in a takeover. */
  look(): void {
    for (const worker of this.#robbed) {
      if (!worker.isCertain(this.#toleranceMs, this.#now()) || !worker.report()) continue;
      const { party, name, id, handle, taken } = worker;
      this.#violations.add(
        'C-OVL-1',
        `${party.consumer} works on ${name} ${id}, not aborted and validUntil ${(handle.validUntil - party.process.wallNow).toFixed(1)} ms ahead, though it was taken from it (${taken})`,
      );
    }
    for (const name of this.#shared) this.#lookAtShared(name);
  }

  #lookAtShared(name: string): void {
    const certain = [...(this.#byName.get(name) ?? [])].filter((worker) =>
      worker.isCertain(this.#toleranceMs, this.#now()),
    );
    const [first, second] = certain;
    if (first === undefined || second === undefined || !second.report()) return;
    this.#violations.add(
      'C-OVL-1',
      `two certain workers on ${name}: ${first.party.consumer} (${first.id}) and ${second.party.consumer} (${second.id})`,
    );
  }
}
