/** OpenTelemetry of one producer: a `send` span for each call, whose context travels in the entries that it adds. */
import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { Clock } from '../core/clock.js';
import { errorOf, isStreamwardenError, messageOf } from '../core/errors.js';
import type { TraceFields } from '../core/trace-fields.js';
import { ATTRIBUTE, errorTypes, OTHER, serviceAttributes } from './attributes.js';
import { guarded, within } from './guarded.js';
import { type OpenTelemetry, openTelemetry } from './open-telemetry.js';
import { scopeOf } from './scope.js';
import { toFields } from './trace-context.js';

/** Sends what it is given, marked with where that comes from. */
export type Send<T> = (trace: TraceFields | undefined) => Promise<T>;

interface Begun {
  readonly span: Span;
  readonly context: Context;
  /** What marks the entries with it; undefined where nothing is traced. */
  readonly trace: TraceFields | undefined;
  /** On the monotonic clock, in milliseconds. */
  readonly at: number;
}

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
    const begun = guarded(api, () => this.#begin(api, count, isBatch));
    // Sending is what is asked for; that it cannot be traced is no reason not to.
    if (begun === undefined) return await send(undefined);
    let failure: unknown;
    try {
      return await within(api, begun.context, () => send(begun.trace));
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      guarded(api, () => this.#end(api, begun, count, failure));
    }
  }

  #begin(api: OpenTelemetry, count: number, isBatch: boolean): Begun {
    const span = scopeOf(api).tracer.startSpan(this.#spanName, {
      kind: api.SpanKind.PRODUCER,
      attributes: {
        ...this.#attributes,
        [ATTRIBUTE.operationType]: 'send',
        ...(isBatch && { [ATTRIBUTE.batchSize]: count }),
      },
    });
    return {
      span,
      context: api.trace.setSpan(api.context.active(), span),
      trace: toFields(api, span.spanContext()),
      at: this.#clock.monotonic(),
    };
  }

  /** @param error what sending failed with; undefined: it has not */
  #end(api: OpenTelemetry, { span, at }: Begun, count: number, error: unknown): void {
    const { instruments } = scopeOf(api);
    let failure: Attributes = {};
    if (error !== undefined) {
      failure = { [ATTRIBUTE.errorType]: isStreamwardenError(error) ? errorTypes.of(error.code) : OTHER };
      span.setAttributes(failure);
      span.recordException(errorOf(error));
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: messageOf(error) });
    }
    const attributes = { ...this.#attributes, ...failure };
    instruments.count('sent', count, attributes);
    instruments.time('operation', this.#clock.monotonic() - at, {
      ...attributes,
      [ATTRIBUTE.operationType]: 'send',
    });
    span.end();
  }
}
