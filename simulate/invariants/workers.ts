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
}

export class Worker {
  readonly party: Party;
  readonly handle: StreamHandle;
  readonly name: string;
  readonly id: string;
  /** It has said that it is done, or has returned. */
  isOver = false;
  /** The clause that excepts it from C-OVL-1. */
  excuse: string | undefined;
  /** Its stream was taken from it so. */
  taken: string | undefined;
  #isReported = false;

  constructor(party: Party, handle: StreamHandle) {
    this.party = party;
    this.handle = handle;
    this.name = handle.name;
    this.id = handle.id;
  }

  isCertain(toleranceMs: number): boolean {
    const { process } = this.party;
    return (
      !this.isOver &&
      this.excuse === undefined &&
      !process.isGone &&
      !this.handle.signal.aborted &&
      this.handle.validUntil > process.wallNow + toleranceMs
    );
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
  /** Names that several work on. */
  readonly #shared = new Set<string>();
  /** Entries that may be begun although they were taken: whoever begins has not heard of it yet. */
  readonly #unheard = new Map<string, { readonly clause: string; readonly untilMs: number }>();
  /** Workers whose stream was taken by somebody else. */
  readonly #robbed = new Set<Worker>();

  /** @param toleranceMs what clocks of different rates may differ in a heartbeat */
  constructor(violations: Violations, toleranceMs: number) {
    this.#violations = violations;
    this.#toleranceMs = toleranceMs;
  }

  /** @param now milliseconds of the world */
  begin(party: Party, handle: StreamHandle, now: number): Worker {
    const worker = new Worker(party, handle);
    const unheard = this.#unheard.get(worker.id);
    if (unheard !== undefined && now <= unheard.untilMs) worker.excuse = unheard.clause;
    let workers = this.#byName.get(worker.name);
    if (workers === undefined) {
      workers = new Set();
      this.#byName.set(worker.name, workers);
    }
    workers.add(worker);
    if (workers.size > 1) this.#shared.add(worker.name);
    return worker;
  }

  end(worker: Worker): void {
    worker.isOver = true;
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

  /** What the contract excepts: those at work now. @param of an entry's id; undefined: all */
  excuse(clause: string, of?: string): void {
    for (const workers of this.#byName.values()) {
      for (const worker of workers) if (of === undefined || worker.id === of) worker.excuse ??= clause;
    }
  }

  /** What the contract excepts: those who begin with this entry until then, in milliseconds of the world. */
  excuseUntil(clause: string, id: string, untilMs: number): void {
    this.#unheard.set(id, { clause, untilMs });
  }

  /** After everything that happens. Cheap: there is something to look at only in a takeover. */
  look(): void {
    for (const worker of this.#robbed) {
      if (!worker.isCertain(this.#toleranceMs) || !worker.report()) continue;
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
      worker.isCertain(this.#toleranceMs),
    );
    const [first, second] = certain;
    if (first === undefined || second === undefined || !second.report()) return;
    this.#violations.add(
      'C-OVL-1',
      `two certain workers on ${name}: ${first.party.consumer} (${first.id}) and ${second.party.consumer} (${second.id})`,
    );
  }
}
