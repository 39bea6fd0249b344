/** OpenTelemetry of one producer: a span for each call. The context of those that announce travels in the entries that they add. */
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
  readonly operation: Operation;
}

interface Operation {
  readonly name: 'send' | 'ensure' | 'append' | 'cancel';
  /** As the conventions call it. What is sent is counted. */
  readonly type: 'send' | 'settle';
  /** How many data streams it is called with. */
  readonly count: number;
  readonly isBatch: boolean;
}

/** What an answer tells. */
interface Told<T> {
  /** How many data streams have been announced. */
  readonly sent?: (answer: T) => number;
  /** What became of the one that was asked for. */
  readonly outcome?: (answer: T) => string | undefined;
}

export class ProducerTelemetry {
  readonly #lbs: string;
  readonly #attributes: Attributes;
  readonly #clock: Clock;

  constructor(lbs: string, clock: Clock) {
    this.#clock = clock;
    this.#lbs = lbs;
    this.#attributes = serviceAttributes(lbs);
  }

  /** @param count how many data streams are announced */
  async send<T>(count: number, isBatch: boolean, send: Send<T>): Promise<T> {
    return await this.#watched({ name: 'send', type: 'send', count, isBatch }, send, {
      sent: () => count,
    });
  }

  /** @param count how many data streams are to be announced, if they are not */
  async ensure<T extends readonly { readonly created: boolean }[]>(
    count: number,
    isBatch: boolean,
    ensure: Send<T>,
  ): Promise<T> {
    return await this.#watched({ name: 'ensure', type: 'send', count, isBatch }, ensure, {
      sent: (ensured: T) => ensured.filter((one) => one.created).length,
    });
  }

  /** @param count how many entries are added to data streams */
  async append<T extends readonly { readonly stream: { readonly id: string; readonly created: boolean } }[]>(
    count: number,
    isBatch: boolean,
    append: Send<T>,
  ): Promise<T> {
    return await this.#watched({ name: 'append', type: 'send', count, isBatch }, append, {
      sent: (appended: T) =>
        new Set(appended.flatMap(({ stream }) => (stream.created ? [stream.id] : []))).size,
    });
  }

  /** @param count how many data streams are to be cancelled */
  async cancel<T extends readonly { readonly cancelled: string }[]>(
    count: number,
    isBatch: boolean,
    cancel: () => Promise<T>,
  ): Promise<T> {
    return await this.#watched({ name: 'cancel', type: 'settle', count, isBatch }, cancel, {
      outcome: ([one]: T) => (isBatch ? undefined : one?.cancelled),
    });
  }

  async #watched<T>(operation: Operation, send: Send<T>, told: Told<T>): Promise<T> {
    const api = await openTelemetry();
    return api === undefined ? await send(undefined) : await this.#traced(api, operation, send, told);
  }

  async #traced<T>(api: OpenTelemetry, operation: Operation, send: Send<T>, told: Told<T>): Promise<T> {
    const begun = guarded(api, () => this.#begin(api, operation));
    // Sending is what is asked for; that it cannot be traced is no reason not to.
    if (begun === undefined) return await send(undefined);
    let failure: unknown;
    let sent = operation.count;
    try {
      const result = await within(api, begun.context, () => send(begun.trace));
      if (told.sent) sent = told.sent(result);
      const outcome = told.outcome?.(result);
      if (outcome !== undefined) guarded(api, () => begun.span.setAttribute(ATTRIBUTE.outcome, outcome));
      return result;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      guarded(api, () => this.#end(api, begun, sent, failure));
    }
  }

  #attributesOf({ name }: Operation): Attributes {
    return { ...this.#attributes, [ATTRIBUTE.operation]: name };
  }

  #begin(api: OpenTelemetry, operation: Operation): Begun {
    const { name, type, count, isBatch } = operation;
    const span = scopeOf(api).tracer.startSpan(`${name} ${this.#lbs}`, {
      // No entry carries the context of what sends nothing.
      kind: type === 'send' ? api.SpanKind.PRODUCER : api.SpanKind.CLIENT,
      attributes: {
        ...this.#attributesOf(operation),
        [ATTRIBUTE.operationType]: type,
        ...(isBatch && { [ATTRIBUTE.batchSize]: count }),
      },
    });
    return {
      span,
      context: api.trace.setSpan(api.context.active(), span),
      trace: toFields(api, span.spanContext()),
      at: this.#clock.monotonic(),
      operation,
    };
  }

  /** @param error what sending failed with; undefined: it has not */
  #end(api: OpenTelemetry, { span, at, operation }: Begun, count: number, error: unknown): void {
    const { instruments } = scopeOf(api);
    let failure: Attributes = {};
    if (error !== undefined) {
      failure = { [ATTRIBUTE.errorType]: isStreamwardenError(error) ? errorTypes.of(error.code) : OTHER };
      span.setAttributes(failure);
      span.recordException(errorOf(error));
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: messageOf(error) });
    }
    const attributes = { ...this.#attributesOf(operation), ...failure };
    if (operation.type === 'send') instruments.count('sent', count, attributes);
    instruments.time('operation', this.#clock.monotonic() - at, {
      ...attributes,
      [ATTRIBUTE.operationType]: operation.type,
    });
    span.end();
  }
}
