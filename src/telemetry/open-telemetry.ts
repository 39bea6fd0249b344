/**
 * The OpenTelemetry API, if the application has it. Loaded when the first runtime or producer asks, once a process; without it nothing is
 * measured and nothing fails.
 */
export type OpenTelemetry = typeof import('@opentelemetry/api');

let loading: Promise<OpenTelemetry | undefined> | undefined;

/** Undefined: it is not installed, or cannot be loaded. Never rejects. */
export function openTelemetry(): Promise<OpenTelemetry | undefined> {
  loading ??= import('@opentelemetry/api').catch(() => undefined);
  return loading;
}
