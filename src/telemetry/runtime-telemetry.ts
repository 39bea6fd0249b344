/**
 * What measures one runtime: OpenTelemetry, attached to its seam when it starts, if the application has the API, and the application's own recorder, if
 * it has one. What OpenTelemetry costs without an SDK is a call of the API that does nothing, for each thing that happens.
 */
import type { Clock } from '../core/clock.js';
import type { Seam } from '../core/seam.js';
import { ATTRIBUTE, serviceAttributes } from './attributes.js';
import { guarded } from './guarded.js';
import type { MetricsRecorder } from './metrics-recorder.js';
import type { Standing } from './observed.js';
import { type OpenTelemetry, openTelemetry } from './open-telemetry.js';
import { type Delivery, type Ending, followed, Processing } from './processing.js';
import { RecorderFeed } from './recorder-feed.js';
import { RuntimeMetrics } from './runtime-metrics.js';
import { RuntimeSpans } from './runtime-spans.js';
import { scopeOf } from './scope.js';

export interface TelemetryOptions {
  readonly seam: Seam;
  /** The load balancer stream. */
  readonly lbs: string;
  readonly group: string;
  /** Name in the consumer group. */
  readonly consumer: string;
  readonly clock: Clock;
  readonly recorder: MetricsRecorder | undefined;
  readonly onRecorderError: (error: unknown) => void;
  standing(): Omit<Standing, 'deadLetterLength'>;
}

export class RuntimeTelemetry {
  readonly #options: TelemetryOptions;
  readonly #feed: RecorderFeed | undefined;
  #processing: Processing | undefined;
  #leave: (() => void)[] | undefined;
  #isClosed = false;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    const { seam, recorder, clock, onRecorderError } = options;
    this.#feed = recorder && new RecorderFeed(seam, recorder, clock, onRecorderError);
  }

  /** Resolves when it listens, or when it is known that it never will. Never rejects. */
  async attach(): Promise<void> {
    const api = await openTelemetry();
    if (api === undefined || this.#isClosed || this.#leave !== undefined) return;
    guarded(api, () => this.#listen(api));
  }

  #listen(api: OpenTelemetry): void {
    const { seam, lbs, group, consumer, clock, standing } = this.#options;
    const { tracer, instruments, observed } = scopeOf(api);
    const service = serviceAttributes(lbs, group);
    const metrics = new RuntimeMetrics(seam, instruments, service, () => clock.now());
    const spans = new RuntimeSpans(seam, api, tracer, { ...service, [ATTRIBUTE.clientId]: consumer });
    const processing = new Processing(api, clock, tracer, instruments, service, consumer);
    const unobserve = observed.add({
      attributes: service,
      standing: () => ({ ...standing(), deadLetterLength: metrics.deadLetterLength }),
    });
    this.#processing = processing;
    this.#leave = [unobserve, () => metrics.close(), () => spans.close(), () => processing.close()];
  }

  /** The application has been told of a stream, and no handler will be. */
  handed(delivery: Delivery): void {
    this.#feed?.begin(delivery);
    this.#processing?.begin(delivery);
  }

  /** It has it no more. */
  ended(delivery: Delivery, ending: Ending): void {
    this.#feed?.end(delivery, ending);
    this.#processing?.end(delivery, ending);
  }

  /** Runs a handler in a span of its own. @param endingOf asked when it has returned, or has thrown this */
  run(
    delivery: Delivery,
    work: () => Promise<void>,
    endingOf: (...thrown: [unknown?]) => Ending,
  ): Promise<void> {
    const inSpan = () => this.#processing?.run(delivery, work, endingOf) ?? work();
    if (this.#feed === undefined) return inSpan();
    this.#feed.begin(delivery);
    return followed(this.#feed, delivery, inSpan, endingOf);
  }

  close(): void {
    this.#isClosed = true;
    for (const leave of this.#leave ?? []) leave();
    this.#leave = undefined;
    this.#processing = undefined;
    this.#feed?.close();
  }
}
