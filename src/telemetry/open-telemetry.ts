/**
 * The OpenTelemetry API, if the application has it. Loaded when the first runtime or producer asks, once a process; without it nothing is
 * measured and nothing fails.
 */
export type OpenTelemetry = typeof import('@opentelemetry/api');

let loading: Promise<OpenTelemetry | undefined> | undefined;

/** Undefined: it is not installed, or cannot be loaded. Never rejects. */
export function openTelemetry(): Promise<OpenTelemetry | undefined> {
  loading ??= load();
  return loading;
}

/** Within `try`, which tells bundlers that it may be missing. */
async function load(): Promise<OpenTelemetry | undefined> {
  try {
    return await import('@opentelemetry/api');
  } catch {
    return undefined;
  }
}
