/** The tracer and the instruments of this library, as the application has them registered now. */
import type { Meter, Tracer } from '@opentelemetry/api';
import { onePerProcess } from '../core/one-per-process.js';
import { PACKAGE_VERSION } from '../core/package-version.js';
import { Instruments } from './instruments.js';
import { Observed } from './observed.js';
import type { OpenTelemetry } from './open-telemetry.js';

const NAME = 'streamwarden';

export interface Scope {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly observed: Observed;
}

const ofMeters = onePerProcess(
  'instruments',
  () => new WeakMap<Meter, Pick<Scope, 'instruments' | 'observed'>>(),
);

/** Runtimes and producers of one process share their instruments. Metrics go to the meter provider that is registered at this moment. */
export function scopeOf(api: OpenTelemetry): Scope {
  const meter = api.metrics.getMeter(NAME, PACKAGE_VERSION);
  let shared = ofMeters.get(meter);
  if (shared === undefined) {
    shared = { instruments: new Instruments(meter), observed: new Observed(meter) };
    ofMeters.set(meter, shared);
  }
  return { ...shared, tracer: api.trace.getTracer(NAME, PACKAGE_VERSION) };
}
