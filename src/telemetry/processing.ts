/**
 * The application at work on streams: a `process` span for each ownership, linked to where the stream was announced, and how long it took. A
 * handler runs in its span's context; what an application does that reads notifications is timed from its being told of the stream
 * until it has it no more.
 */
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { Clock } from '../core/clock.js';
import { errorOf, messageOf, textOf } from '../core/errors.js';
import type { TraceFields } from '../core/trace-fields.js';
import { ATTRIBUTE, OTHER } from './attributes.js';
import { guarded, within } from './guarded.js';
import type { Instruments } from './instruments.js';
import type { OpenTelemetry } from './open-telemetry.js';
import { fromFields } from './trace-context.js';

/** One stream in the application's hands; the object itself is its identity. */
export interface Delivery {
  readonly id: string;
  readonly name: string;
  readonly retryCount: number;
  readonly trace: TraceFields | undefined;
}

export type ProcessOutcome =
  /** Finished. */
  | 'done'
  /** Given back, or dead-lettered, because its handler threw. */
  | 'failed'
  /** Its signal aborted first: lost, released, handed over. */
  | 'aborted'
  /** Whether it is finished could not be found out. */
  | 'unknown';

export interface Ending {
  readonly outcome: ProcessOutcome;
  /** What a handler threw. */
  readonly error?: unknown;
}

interface Work {
  readonly span: Span;
  /** On the monotonic clock, in milliseconds. */
  readonly began: number;
}

/** Runs a handler and says how it ended; what it throws is thrown on. */
export async function followed(
  watch: { end(delivery: Delivery, ending: Ending): void },
  delivery: Delivery,
  work: () => Promise<void>,
  endingOf: (...thrown: [unknown?]) => Ending,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    watch.end(delivery, endingOf(error));
    throw error;
  }
  watch.end(delivery, endingOf());
}

export class Processing {
  readonly #api: OpenTelemetry;
  readonly #clock: Clock;
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #spanName: string;
  readonly #spanAttributes: Attributes;
  readonly #metricAttributes: Readonly<Record<ProcessOutcome, Attributes>>;
  readonly #works = new Map<Delivery, Work>();

  constructor(
    api: OpenTelemetry,
    clock: Clock,
    tracer: Tracer,
    instruments: Instruments,
    service: Attributes,
    consumer: string,
  ) {
    this.#api = api;
    this.#clock = clock;
    this.#tracer = tracer;
    this.#instruments = instruments;
    this.#spanName = `process ${String(service[ATTRIBUTE.destination])}`;
    const operation = { ...service, [ATTRIBUTE.operation]: 'process' };
    this.#spanAttributes = {
      ...operation,
      [ATTRIBUTE.operationType]: 'process',
      [ATTRIBUTE.clientId]: consumer,
    };
    const of = (outcome: ProcessOutcome) => ({ ...operation, [ATTRIBUTE.outcome]: outcome });
    this.#metricAttributes = {
      done: of('done'),
      // The classes of an application's errors are its own, and without end.
      failed: { ...of('failed'), [ATTRIBUTE.errorType]: OTHER },
      aborted: of('aborted'),
      unknown: of('unknown'),
    };
  }

  /** The application has it from now on, unless it had it already. */
  begin(delivery: Delivery): void {
    guarded(this.#api, () => this.#begin(delivery));
  }

  /** What to work in, made for whoever runs a handler: of the thousands that are only told of, each would keep one. */
  #contextOf(delivery: Delivery): Context {
    const { ROOT_CONTEXT, trace } = this.#api;
    return trace.setSpan(ROOT_CONTEXT, this.#begin(delivery));
  }

  #begin(delivery: Delivery): Span {
    const known = this.#works.get(delivery);
    if (known !== undefined) return known.span;
    const { SpanKind, ROOT_CONTEXT } = this.#api;
    const { id, name, retryCount, trace: fields } = delivery;
    const announced = fields && fromFields(this.#api, fields);
    const span = this.#tracer.startSpan(
      this.#spanName,
      {
        kind: SpanKind.CONSUMER,
        // Its own first: what is added to a copy costs V8 thirty times as much, on Node.js 20.
        attributes: {
          [ATTRIBUTE.messageId]: id,
          [ATTRIBUTE.stream]: name,
          [ATTRIBUTE.retryCount]: retryCount,
          ...this.#spanAttributes,
        },
        ...(announced && { links: [{ context: announced }] }),
      },
      // Not whatever was at work when the runtime was started.
      ROOT_CONTEXT,
    );
    this.#works.set(delivery, { span, began: this.#clock.monotonic() });
    return span;
  }

  /** Runs a handler; what it throws is thrown on. @param endingOf asked when it has returned */
  async run(
    delivery: Delivery,
    work: () => Promise<void>,
    endingOf: (...thrown: [unknown?]) => Ending,
  ): Promise<void> {
    // Undefined where what the application has put into OpenTelemetry threw, which is no failure of the work.
    const context = guarded(this.#api, () => this.#contextOf(delivery));
    const inContext = () => (context === undefined ? work() : within(this.#api, context, work));
    await followed(this, delivery, inContext, endingOf);
  }

  /** The application has it no more; said of one that it never had, this does nothing. */
  end(delivery: Delivery, ending: Ending): void {
    guarded(this.#api, () => this.#end(delivery, ending));
  }

  #end(delivery: Delivery, { outcome, error }: Ending): void {
    const work = this.#works.get(delivery);
    if (work === undefined) return;
    this.#works.delete(delivery);
    const { span, began } = work;
    this.#instruments.time('processing', this.#clock.monotonic() - began, this.#metricAttributes[outcome]);
    if (!span.isRecording()) return;
    span.setAttribute(ATTRIBUTE.outcome, outcome);
    if (outcome === 'failed') {
      const thrown = errorOf(error);
      const isError = thrown === error;
      span.setAttribute(ATTRIBUTE.errorType, isError ? textOf(thrown.name) : OTHER);
      const message = messageOf(thrown);
      span.recordException(isError ? thrown : message);
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message });
    }
    span.end();
  }

  /** Nothing is told of what was not ended: what became of it is for the others to say. */
  close(): void {
    for (const delivery of [...this.#works.keys()]) this.end(delivery, { outcome: 'aborted' });
  }
}
