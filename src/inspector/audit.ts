/** One line in the log of the runtime for each thing that a viewer did, or tried to: what, to which streams or letters, from where, and what became of it. */
import type { Logger } from '../core/logger.js';

export interface Audited {
  /** As on the command line, such as `dlq redrive`. */
  readonly command: string;
  /** Address of the viewer: behind a proxy that of the proxy. */
  readonly by: string;
  readonly result: string;
  /** What was chosen, and what became of it. */
  readonly [member: string]: unknown;
}

export type Audit = (line: Audited) => void;

export function auditOf(logger: Logger, service: string): Audit {
  return ({ command, by, result, ...members }) =>
    logger.info(
      { audit: { command, service, by, ...members, result } },
      `the inspector was asked for ${command} by ${by}: ${result}`,
    );
}
