/**
 * The producer's trace context as an entry carries it: W3C Trace Context, whichever propagator the application has registered, since
 * the fields have fixed names (docs/reference/wire-protocol.md).
 */
import type { SpanContext } from '@opentelemetry/api';
import type { TraceFields } from '../core/trace-fields.js';
import type { OpenTelemetry } from './open-telemetry.js';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** What the standard has everyone pass on. */
const MAX_TRACESTATE = 512;

/** Undefined when there is nothing to pass on. */
export function toFields(api: OpenTelemetry, context: SpanContext): TraceFields | undefined {
  if (!api.isSpanContextValid(context)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = context;
  const flags = (traceFlags & 0xff).toString(16).padStart(2, '0');
  const tracestate = traceState?.serialize();
  return { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: tracestate || undefined };
}

/** Undefined when it is not what the standard says: whoever wrote it, nobody's work depends on it. */
export function fromFields(api: OpenTelemetry, fields: TraceFields): SpanContext | undefined {
  const match = TRACEPARENT.exec(fields.traceparent);
  if (match === null) return undefined;
  const [, version, traceId, spanId, flags, rest] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ];
  // A later version may say more than this one; the first one may not.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  const { tracestate } = fields;
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
    ...(tracestate !== undefined && tracestate.length <= MAX_TRACESTATE
      ? { traceState: api.createTraceState(tracestate) }
      : {}),
  };
  return api.isSpanContextValid(context) ? context : undefined;
}
