/** Once a second: what charts need of a runtime, and of the process it runs in. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Overview } from '../runtime/snapshot.js';
import type { TickFacts } from './protocol.js';

/** 15 minutes. */
const MOST_KEPT = 900;

/** How often the delay of the event loop is looked at, in milliseconds. */
const RESOLUTION_MS = 10;

export interface ProcessFacts {
  readonly loopDelay: TickFacts['loopDelay'];
  readonly memory: TickFacts['memory'];
}

/** Watches the process, whoever lives in it. */
export class ProcessWatch {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delays.enable();
  }

  /** Since it was last asked. */
  read(): ProcessFacts {
    // What is measured is the time from one look to the next, and that is never less than between two of them.
    const delay = (nanoseconds: number) => Math.max(0, Math.round(nanoseconds / 1e5) / 10 - RESOLUTION_MS);
    const loopDelay = { max: delay(this.#delays.max), p50: delay(this.#delays.percentile(50)) };
    this.#delays.reset();
    const { rss, heapUsed } = process.memoryUsage();
    return { loopDelay, memory: { rss, heapUsed } };
  }

  close(): void {
    this.#delays.disable();
  }
}

export class Ticks {
  readonly #kept: TickFacts[] = [];
  /** Since the last tick. */
  #least: number | null = null;

  /** Oldest first. */
  get kept(): readonly TickFacts[] {
    return this.#kept;
  }

  /** A heartbeat has been answered, or not, and nothing has come of that yet: here the lease holds for the least. */
  beat(at: number, validUntil: number | null): void {
    if (validUntil === null) return;
    const left = Math.round(validUntil - at);
    this.#least = Math.min(left, this.#least ?? left);
  }

  add(at: number, overview: Overview, facts: ProcessFacts): TickFacts {
    const { state, owned, waiting, capacity, counters, lease } = overview;
    this.beat(at, lease.validUntil);
    const tick: TickFacts = {
      at,
      state,
      owned,
      waiting,
      capacity,
      counters,
      certain: lease.certain,
      leaseLeftMs: lease.validUntil === null ? null : Math.round(lease.validUntil - at),
      leaseLeastMs: this.#least,
      ...facts,
    };
    this.#least = null;
    this.#kept.push(tick);
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
    return tick;
  }
}
