/** Where the API keeps what was registered with it, so that all its copies in a process share it: `opentelemetry.js.api.` and its major version. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/**
 * Whether anything has been registered with the OpenTelemetry API in this process. For programs that end before anything else could be: they
 * need not load the API to find out that nobody listens.
 */
export function isApiInUse(): boolean {
  return REGISTERED in globalThis;
}
