/** The instruments of one meter that are told what happens, made from the list of metrics. */
import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';
import { type CounterId, type HistogramId, METRICS, type Metric } from './metric-list.js';

export class Instruments {
  readonly #counters = new Map<string, Counter>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(meter: Meter) {
    for (const [id, { name, kind, unit, description, buckets = [] }] of Object.entries<Metric>(METRICS)) {
      if (kind === 'counter') {
        this.#counters.set(id, meter.createCounter(name, { unit, description }));
      } else if (kind === 'histogram') {
        const advice = { explicitBucketBoundaries: [...buckets] };
        this.#histograms.set(id, meter.createHistogram(name, { unit, description, advice }));
      }
    }
  }

  count(id: CounterId, value: number, attributes: Attributes): void {
    if (value > 0) this.#counters.get(id)?.add(value, attributes);
  }

  /** Has a series stand at 0: whoever watches its increase does not see the step from nothing to 1. */
  begin(id: CounterId, attributes: Attributes): void {
    this.#counters.get(id)?.add(0, attributes);
  }

  /** @param ms in milliseconds; recorded in seconds */
  time(id: HistogramId, ms: number, attributes: Attributes): void {
    this.#histograms.get(id)?.record(Math.max(0, ms) / 1000, attributes);
  }
}
