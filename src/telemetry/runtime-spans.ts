/**
 * Spans of what a runtime does by itself. The seam tells of it when it is over, so they are made then, with the time it began; each is a
 * root, as nobody asked for it.
 */
import type { Attributes, Tracer } from '@opentelemetry/api';
import type { Seam } from '../core/seam.js';
import { ATTRIBUTE } from './attributes.js';
import type { OpenTelemetry } from './open-telemetry.js';

export const SPANS = {
  scan: 'streamwarden.scan',
  keyspaceSetup: 'streamwarden.keyspace.setup',
  topologyReset: 'streamwarden.topology.reset',
} as const;

interface Over {
  readonly name: string;
  readonly tookMs: number;
  /** Code of what went wrong. */
  readonly error: string | null;
  readonly message?: string | null;
  readonly attributes?: Attributes;
}

export class RuntimeSpans {
  readonly #api: OpenTelemetry;
  readonly #tracer: Tracer;
  readonly #common: Attributes;
  readonly #leave: (() => void)[];

  /** @param common what all of them carry */
  constructor(seam: Seam, api: OpenTelemetry, tracer: Tracer, common: Attributes) {
    this.#api = api;
    this.#tracer = tracer;
    this.#common = common;
    this.#leave = [
      seam.on('scanFinished', ({ pending, requeued, deadLettered, lockAlive, tookMs, isFirst, isWhole }) => {
        const attributes = {
          [ATTRIBUTE.scanKind]: isFirst ? 'startup' : 'periodic',
          'streamwarden.scan.pending': pending,
          'streamwarden.scan.requeued': requeued,
          'streamwarden.scan.dead_lettered': deadLettered,
          'streamwarden.scan.owner_alive': lockAlive,
          'streamwarden.scan.whole': isWhole,
        };
        this.#tell({ name: SPANS.scan, tookMs, error: null, attributes });
      }),
      seam.on('scanFailed', ({ error, isFirst, tookMs }) => {
        const attributes = { [ATTRIBUTE.scanKind]: isFirst ? 'startup' : 'periodic' };
        this.#tell({ name: SPANS.scan, tookMs, error, attributes });
      }),
      seam.on('keyspaceSetup', ({ master, outcome, error, code, tookMs }) => {
        const attributes = { [ATTRIBUTE.master]: master, [ATTRIBUTE.outcome]: outcome };
        this.#tell({ name: SPANS.keyspaceSetup, tookMs, error: code, message: error, attributes });
      }),
      seam.on('topologyReset', ({ tookMs, error }) => {
        this.#tell({ name: SPANS.topologyReset, tookMs, error });
      }),
    ];
  }

  close(): void {
    for (const leave of this.#leave) leave();
  }

  #tell({ name, tookMs, error, message, attributes }: Over): void {
    const { SpanKind, SpanStatusCode } = this.#api;
    // eslint-disable-next-line no-restricted-properties -- spans are told in the operating system's time, whatever the runtime's clock says
    const end = Date.now();
    const span = this.#tracer.startSpan(name, {
      kind: SpanKind.INTERNAL,
      root: true,
      startTime: end - tookMs,
      attributes: {
        ...this.#common,
        ...attributes,
        ...(error === null ? {} : { [ATTRIBUTE.errorType]: error }),
      },
    });
    if (error !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: message ?? error });
    span.end(end);
  }
}
