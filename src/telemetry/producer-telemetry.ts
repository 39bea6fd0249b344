/** OpenTelemetry of one producer: a `send` span for each call, whose context travels in the entries that it adds. */
import type { Attributes } from '@opentelemetry/api';
import type { Clock } from '../core/clock.js';
import { isStreamwardenError } from '../core/errors.js';
import type { TraceFields } from '../core/trace-fields.js';
import { ATTRIBUTE, errorTypes, OTHER, serviceAttributes } from './attributes.js';
import { type OpenTelemetry, openTelemetry } from './open-telemetry.js';
import { scopeOf } from './scope.js';
import { toFields } from './trace-context.js';

/** Sends what it is given, marked with where that comes from. */
export type Send<T> = (trace: TraceFields | undefined) => Promise<T>;

export class ProducerTelemetry {
  readonly #spanName: string;
  readonly #attributes: Attributes;
  readonly #clock: Clock;

  constructor(lbs: string, clock: Clock) {
    this.#clock = clock;
    this.#spanName = `send ${lbs}`;
    this.#attributes = { ...serviceAttributes(lbs), [ATTRIBUTE.operation]: 'send' };
  }

  /** @param count how many data streams are announced */
  async send<T>(count: number, isBatch: boolean, send: Send<T>): Promise<T> {
    const api = await openTelemetry();
    return api === undefined ? await send(undefined) : await this.#traced(api, count, isBatch, send);
  }

  async #traced<T>(api: OpenTelemetry, count: number, isBatch: boolean, send: Send<T>): Promise<T> {
    const { tracer, instruments } = scopeOf(api);
    const span = tracer.startSpan(this.#spanName, {
      kind: api.SpanKind.PRODUCER,
      attributes: {
        ...this.#attributes,
        [ATTRIBUTE.operationType]: 'send',
        ...(isBatch && { [ATTRIBUTE.batchSize]: count }),
      },
    });
    const began = this.#clock.monotonic();
    let failure: Attributes = {};
    try {
      const context = api.trace.setSpan(api.context.active(), span);
      return await api.context.with(context, () => send(toFields(api, span.spanContext())));
    } catch (error) {
      failure = { [ATTRIBUTE.errorType]: isStreamwardenError(error) ? errorTypes.of(error.code) : OTHER };
      span.setAttributes(failure);
      span.recordException(error as Error);
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: (error as Error).message });
      throw error;
    } finally {
      const attributes = { ...this.#attributes, ...failure };
      instruments.count('sent', count, attributes);
      instruments.time('operation', this.#clock.monotonic() - began, {
        ...attributes,
        [ATTRIBUTE.operationType]: 'send',
      });
      span.end();
    }
  }
}
