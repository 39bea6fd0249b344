/**
 * Metrics that are looked at when somebody collects. Several runtimes of one process may serve the same service: an observation of one would
 * overwrite the other's, so they are added up here, for each meter.
 */
import type {
  Attributes,
  BatchObservableCallback,
  BatchObservableResult,
  Meter,
  Observable,
} from '@opentelemetry/api';
import { ATTRIBUTE } from './attributes.js';
import { EventLoopMonitor } from './event-loop.js';
import { METRICS, type Metric, type ObservedId } from './metric-list.js';

export interface LagStanding {
  readonly entries: number;
  /** Age of the oldest, in milliseconds; null: it is not known. */
  readonly ms: number | null;
  /** Streams that are behind. */
  readonly behind: number;
  /** Streams of which nobody knows. */
  readonly unknown: number;
}

const NO_LAG: LagStanding = { entries: 0, ms: 0, behind: 0, unknown: 0 };

/** How one runtime stands. */
export interface Standing {
  readonly state: string;
  readonly owned: number;
  readonly waiting: number;
  readonly capacity: number;
  /** Streams that would be owned if all processes had their share, as of the last round of balancing. */
  readonly share: number;
  /** As the last round of balancing found it; 0: there was none. */
  readonly imbalance: number;
  /** Entries of the service that wait aside, and how many of them are of one name at most. */
  readonly parked: number;
  readonly hottest: number;
  /** How far behind it is with the entries of its streams; undefined: it has read none. */
  readonly lag: LagStanding | undefined;
  /** Undefined: it has not written to the dead-letter stream. */
  readonly deadLetterLength: number | undefined;
}

export interface ObservedRuntime {
  /** Those of its service. */
  readonly attributes: Attributes;
  standing(): Standing;
}

/** Values by their attributes. What was there once is 0 from then on: left out, it would be exported as it last was. */
class Level {
  readonly #values = new Map<string, { readonly attributes: Attributes; value: number }>();

  add(attributes: Attributes, value: number): void {
    const entry = this.#entry(attributes);
    entry.value += value;
  }

  /** The largest of several. */
  raise(attributes: Attributes, value: number): void {
    const entry = this.#entry(attributes);
    entry.value = Math.max(entry.value, value);
  }

  set(attributes: Attributes, value: number): void {
    this.#entry(attributes).value = value;
  }

  observe(result: BatchObservableResult, instrument: Observable): void {
    for (const { attributes, value } of this.#values.values()) result.observe(instrument, value, attributes);
  }

  clear(): void {
    for (const entry of this.#values.values()) entry.value = 0;
  }

  #entry(attributes: Attributes) {
    const key = JSON.stringify(attributes);
    const entry = this.#values.get(key) ?? { attributes, value: 0 };
    this.#values.set(key, entry);
    return entry;
  }
}

export class Observed {
  readonly #meter: Meter;
  readonly #instruments = new Map<ObservedId, Observable>();
  readonly #runtimes = new Set<ObservedRuntime>();
  readonly #loop = new EventLoopMonitor();
  readonly #levels = {
    owned: new Level(),
    waiting: new Level(),
    capacity: new Level(),
    share: new Level(),
    lagEntries: new Level(),
    lagStreams: new Level(),
    lagUnknown: new Level(),
    consumers: new Level(),
  };
  readonly #deadLetterLength = new Level();
  readonly #parked = new Level();
  readonly #hottest = new Level();
  readonly #imbalance = new Level();
  readonly #lagTime = new Level();
  #isAsked = false;

  constructor(meter: Meter) {
    this.#meter = meter;
    for (const [id, { name, kind, unit, description }] of Object.entries<Metric>(METRICS)) {
      const options = { unit, description };
      if (kind === 'level') {
        this.#instruments.set(id as ObservedId, meter.createObservableUpDownCounter(name, options));
      } else if (kind === 'gauge') {
        this.#instruments.set(id as ObservedId, meter.createObservableGauge(name, options));
      }
    }
  }

  /** Returns what ends it. */
  add(runtime: ObservedRuntime): () => void {
    if (!this.#isAsked) {
      this.#isAsked = true;
      this.#meter.addBatchObservableCallback(this.#observe, [...this.#instruments.values()]);
    }
    this.#runtimes.add(runtime);
    // Whoever collects for the first time when all is over is told so.
    const { owned, waiting, capacity, share } = this.#levels;
    for (const level of [owned, waiting, capacity, share]) level.add(runtime.attributes, 0);
    return () => {
      this.#keepLength(runtime.attributes, runtime.standing());
      this.#runtimes.delete(runtime);
      if (this.#runtimes.size === 0) this.#loop.stop();
    };
  }

  readonly #observe: BatchObservableCallback = (result) => {
    this.#look();
    for (const [id, level] of Object.entries(this.#levels)) {
      level.observe(result, this.#instrument(id as ObservedId));
    }
    this.#deadLetterLength.observe(result, this.#instrument('deadLetterLength'));
    this.#parked.observe(result, this.#instrument('parked'));
    this.#hottest.observe(result, this.#instrument('hottest'));
    this.#imbalance.observe(result, this.#instrument('imbalance'));
    this.#lagTime.observe(result, this.#instrument('lagTime'));
    // Nobody's event loop matters here once the last runtime has ended.
    const delay = this.#runtimes.size > 0 ? this.#loop.look() : undefined;
    if (delay === undefined) return;
    result.observe(this.#instrument('loopDelayMax'), delay.maxMs / 1000);
    result.observe(this.#instrument('loopDelayP99'), delay.p99Ms / 1000);
  };

  #look(): void {
    const { owned, waiting, capacity, share, consumers } = this.#levels;
    const { lagEntries, lagStreams, lagUnknown } = this.#levels;
    const gauges = [this.#parked, this.#hottest, this.#imbalance, this.#lagTime];
    for (const level of [...Object.values(this.#levels), ...gauges]) level.clear();
    for (const { attributes, standing } of this.#runtimes) {
      const now = standing();
      owned.add(attributes, now.owned);
      waiting.add(attributes, now.waiting);
      capacity.add(attributes, now.capacity);
      share.add(attributes, now.share);
      consumers.add({ ...attributes, [ATTRIBUTE.state]: now.state }, 1);
      this.#keepLength(attributes, now);
      const { entries, ms, behind, unknown } = now.lag ?? NO_LAG;
      lagEntries.add(attributes, entries);
      lagStreams.add(attributes, behind);
      lagUnknown.add(attributes, unknown);
      this.#lagTime.raise(attributes, (ms ?? 0) / 1000);
      // One and the same for all of a service; nobody knows it once they have ended.
      this.#parked.set(attributes, now.parked);
      this.#hottest.set(attributes, now.hottest);
      this.#imbalance.set(attributes, now.imbalance);
    }
  }

  /** It is one and the same stream: what any of them knows is as good. */
  #keepLength(attributes: Attributes, { deadLetterLength }: Standing): void {
    if (deadLetterLength !== undefined) this.#deadLetterLength.set(attributes, deadLetterLength);
  }

  #instrument(id: ObservedId): Observable {
    return this.#instruments.get(id) as Observable;
  }
}
