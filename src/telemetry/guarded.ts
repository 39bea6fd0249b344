/** Calls into OpenTelemetry: the processors, context managers and exporters behind its API are the application's, and may throw. */
import { callOut, messageOf } from '../core/errors.js';
import type { OpenTelemetry } from './open-telemetry.js';

/** What a call answers; undefined when it throws, which only OpenTelemetry's own diagnostics are told. */
export function guarded<T>(api: OpenTelemetry, call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    callOut(
      () => api.diag.error('streamwarden could not be traced or measured', messageOf(error)),
      () => {},
    );
    return undefined;
  }
}

/** Runs work in a context, once, also where the application's context manager throws. */
export function within<T>(
  api: OpenTelemetry,
  context: ReturnType<OpenTelemetry['context']['active']>,
  work: () => Promise<T>,
): Promise<T> {
  let begun: Promise<T> | undefined;
  guarded(api, () =>
    api.context.with(context, () => {
      begun = work();
    }),
  );
  return begun ?? work();
}
