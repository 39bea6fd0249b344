/**
 * Reads the entries of data streams for all iterators of the process: one actor for all of them, on a connection that carries nothing else. Only streams that
 * somebody waits for are looked at. Each server has a lane of its own, so that one that does not answer holds nobody else up.
 */
import type { Timer } from '../../core/clock.js';
import { StreamwardenError } from '../../core/errors.js';
import type { DataFacts } from '../../redis/data-facts.js';
import { isPassing } from '../../redis/reply-errors.js';
import { type Kernel, pause } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import { EntrySizes } from './entry-sizes.js';
import { LagWatch } from './lag-watch.js';
import { Lane } from './lane.js';
import { type Asker, type Page, Reading, type ReadingFacts } from './reading.js';
import { EntryTally } from './tally.js';
import { Wakes } from './wakes.js';

/** Between two tries of what is not looked for in rounds, in milliseconds. */
const AGAIN_MS = 100;
/** How long wakes are still listened to when nobody iterates any more, in milliseconds: the next stream may come at once. */
const LINGER_MS = 5000;

export class DataReader {
  readonly lag: LagWatch;
  readonly tally = new EntryTally();
  readonly #kernel: Kernel;
  readonly #goalMs: number;
  readonly #sizes = new EntrySizes();
  readonly #lanes = new Map<string, Lane>();
  readonly #readings = new Set<Reading>();
  readonly #byName = new Map<string, Reading | Set<Reading>>();
  readonly #wakes: Wakes;
  #lingering: Timer | undefined;
  #onError: ((error: unknown) => void) | undefined;

  /**
   * @param goalMs how long an answer may take before less is asked for, in milliseconds
   * @param ownerships those whose lag is watched
   */
  constructor(kernel: Kernel, goalMs: number, ownerships: Iterable<Ownership>) {
    this.#kernel = kernel;
    this.#goalMs = goalMs;
    this.lag = new LagWatch(kernel, ownerships, this.#sizes, () => this.tally.tell(kernel.seam));
    this.#wakes = new Wakes(kernel, (name) => {
      this.tally.wakes += 1;
      this.wake(name);
    });
  }

  /** Iterators that have not ended. */
  get size(): number {
    return this.#readings.size;
  }

  /** Starts, or starts again: whoever waits is looked for. @param onError gets what no outage explains */
  start(onError: (error: unknown) => void): void {
    this.#onError = onError;
    for (const reading of this.#readings) {
      const lane = this.#attach(reading);
      if (reading.isAsking) lane.schedule(reading);
    }
    this.#listen();
  }

  stop(): void {
    this.#onError = undefined;
    this.#kernel.clock.clearTimeout(this.#lingering);
    this.#lingering = undefined;
    this.#wakes.stop();
    this.lag.stop();
    this.tally.tell(this.#kernel.seam);
    for (const reading of this.#readings) this.#detach(reading);
    for (const lane of this.#lanes.values()) lane.stop();
    this.#lanes.clear();
  }

  /** Heartbeats do not arrive in time. */
  slowDown(): void {
    for (const lane of this.#lanes.values()) lane.slowDown();
  }

  /** There is a connection to the server of the load balancer stream again: most likely to that of the data as well. */
  connectionUp(): void {
    for (const lane of this.#lanes.values()) lane.connectionUp();
  }

  open(facts: ReadingFacts): Reading {
    const reading = new Reading(facts);
    this.#readings.add(reading);
    this.#attach(reading);
    this.#named(reading);
    this.#listen();
    return reading;
  }

  /** Whoever waits for it is told that there is nothing. */
  close(reading: Reading): void {
    if (!this.#readings.delete(reading)) return;
    reading.state = 'closed';
    this.#detach(reading);
    this.#unnamed(reading);
    reading.settle(undefined);
    if (this.size === 0) this.#linger();
  }

  /** The next entries. @throws StreamwardenError what Redis refuses for this key, and no waiting heals: rejects with */
  page(reading: Reading, idleFrom: number, idleMs = Number.POSITIVE_INFINITY): Promise<Page> {
    return new Promise((arrived, failed) => {
      this.ask(reading, idleFrom, idleMs, { arrived, failed });
    });
  }

  /** The same, for one of many who wait. It is told later, never in this call. */
  ask(reading: Reading, idleFrom: number, idleMs: number, asker: Asker): void {
    reading.ask(idleFrom, idleMs, asker);
    this.#schedule(reading);
  }

  /** There is something on this data stream: it is looked at now, or as soon as somebody asks. */
  wake(name: string): void {
    const readings = this.#byName.get(name);
    if (readings === undefined) return;
    for (const reading of readings instanceof Reading ? [readings] : readings) {
      reading.isWoken = true;
      if (reading.state === 'waiting') this.#schedule(reading);
    }
  }

  /** Waits out an outage. Undefined: there is no such stream. @throws StreamwardenError what no waiting heals; `RuntimeStopped`: rejects with */
  async facts(key: string): Promise<DataFacts | undefined> {
    return await this.patiently(() => this.#kernel.dataStreams.facts(key));
  }

  /** Waits, but not past the end of the incarnation. */
  pause(ms: number): Promise<void> {
    return pause(this.#kernel, ms);
  }

  /** Repeats what may be repeated for as long as only time is needed. */
  async patiently<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!isPassing(error)) throw error;
        await pause(this.#kernel, AGAIN_MS);
        if (this.#kernel.ended.aborted)
          throw new StreamwardenError('RuntimeStopped', 'the runtime has stopped');
      }
    }
  }

  /** In a cluster a slot may have moved since. */
  #schedule(reading: Reading): void {
    // Between a failure and the start after it there is no lane: `start()` asks then.
    if (!this.#readings.has(reading) || this.#onError === undefined) return;
    this.#attach(reading).schedule(reading);
  }

  /** To the lane of the server that it is asked of by now. */
  #attach(reading: Reading): Lane {
    const lane = this.#laneOf(reading.key);
    if (reading.place === lane.place) return lane;
    this.#detach(reading);
    reading.place = lane.place;
    lane.count(1);
    return lane;
  }

  #detach(reading: Reading): void {
    if (reading.place === undefined) return;
    const lane = this.#lanes.get(reading.place);
    reading.place = undefined;
    lane?.leave(reading);
    lane?.count(-1);
  }

  /** Wakes are heard for as long as somebody iterates. */
  #listen(): void {
    if (this.size === 0 || this.#onError === undefined) return;
    this.#kernel.clock.clearTimeout(this.#lingering);
    this.#lingering = undefined;
    if (!this.#wakes.isListening) this.#wakes.start((error) => this.#failed(error));
    this.lag.start((error) => this.#failed(error));
  }

  #linger(): void {
    if (this.#onError === undefined || this.#lingering !== undefined) return;
    this.#lingering = this.#kernel.clock.setTimeout(() => {
      this.#lingering = undefined;
      this.#wakes.stop();
    }, LINGER_MS);
  }

  #laneOf(key: string): Lane {
    const place = this.#kernel.dataStreams.placeOf(key);
    let lane = this.#lanes.get(place);
    if (lane === undefined) {
      lane = new Lane(this.#kernel, {
        place,
        sizes: this.#sizes,
        tally: this.tally,
        goalMs: this.#goalMs,
        again: (reading) => this.#schedule(reading),
        onError: (error) => this.#failed(error),
      });
      this.#lanes.set(place, lane);
    }
    return lane;
  }

  #failed(error: unknown): void {
    const onError = this.#onError;
    this.stop();
    onError?.(error);
  }

  #named(reading: Reading): void {
    const { name } = reading.ownership;
    const others = this.#byName.get(name);
    if (others === undefined) this.#byName.set(name, reading);
    else if (others instanceof Reading) this.#byName.set(name, new Set([others, reading]));
    else others.add(reading);
  }

  #unnamed(reading: Reading): void {
    const { name } = reading.ownership;
    const others = this.#byName.get(name);
    if (others === reading) this.#byName.delete(name);
    else if (others instanceof Set) {
      others.delete(reading);
      if (others.size === 0) this.#byName.delete(name);
    }
  }
}
