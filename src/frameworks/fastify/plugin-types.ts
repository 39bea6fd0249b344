import type { RuntimeOptions } from '../../runtime/options.js';
import type { StopOptions, StreamHandler } from '../../runtime/types.js';
import type { AnyInfo } from '../service-parts.js';

/** Where the probes are. */
export interface ProbePaths {
  /** Answers 200 unless only a restart of the process can help, then 503. @defaultValue '/livez' */
  readonly live?: string;
  /** Answers 200 while streams are read, or would be if there were room, else 503. @defaultValue '/readyz' */
  readonly ready?: string;
}

/** Those of a runtime; its log goes to Fastify's unless there is a `logger`. */
export interface PluginOptions extends RuntimeOptions<AnyInfo> {
  /**
   * Processes every stream that this process owns. `StreamHandler<InfoOf<typeof service>>` types its `info`.
   * @defaultValue none: attach one with `app.streamwarden.runtime.process()` before the application is ready, or read notifications
   */
  readonly handler?: StreamHandler<AnyInfo>;
  /** How many handlers run at once. @defaultValue as many as the process may own */
  readonly concurrency?: number;
  /**
   * Adds routes for probes: `{ live, reasons }` and `{ ready, reasons }`. What answers there may name servers: keep it from strangers.
   * @defaultValue false
   */
  readonly probes?: boolean | ProbePaths;
  /** How the runtime is stopped. @defaultValue as `stop()` */
  readonly stopOptions?: StopOptions;
}
