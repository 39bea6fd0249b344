/** States in which a server answers, and refuses. */
import type { Command } from './command.js';
import { ReplyError } from './reply.js';

/**
 * - `LOADING`: it reads its data from disk; all but a few commands are refused.
 * - `OOM`: `maxmemory` is reached; what may need memory is refused.
 * - `READONLY`: it is a replica; what writes is refused.
 * - `MISCONF`: it cannot write to its disk; what writes, and PING, is refused.
 * - `NOREPLICAS`: too few replicas follow it; what writes is refused.
 */
export type Refusal = 'LOADING' | 'OOM' | 'READONLY' | 'MISCONF' | 'NOREPLICAS';

const ERRORS: Readonly<Record<Refusal, ReplyError>> = {
  LOADING: new ReplyError('LOADING Redis is loading the dataset in memory'),
  OOM: new ReplyError("OOM command not allowed when used memory > 'maxmemory'."),
  READONLY: new ReplyError("READONLY You can't write against a read only replica."),
  MISCONF: new ReplyError(
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.",
  ),
  NOREPLICAS: new ReplyError('NOREPLICAS Not enough good replicas to write.'),
};

/** What a refusing server answers a command of a client; undefined: it is executed. Scripts are executed, and their commands refused. */
export function refused(refusal: Refusal, { name, flags }: Command): ReplyError | undefined {
  const isRefused =
    refusal === 'LOADING'
      ? !flags.includes('loading')
      : refusal === 'OOM'
        ? flags.includes('denyoom')
        : flags.includes('write') || (refusal === 'MISCONF' && name === 'ping');
  return isRefused ? ERRORS[refusal] : undefined;
}

/** The same for a command of a script, as long as the script has written nothing: then it may go on to its end. */
export function refusedInScript(refusal: Refusal, { flags }: Command): ReplyError | undefined {
  if (refusal === 'LOADING' || !flags.includes(refusal === 'OOM' ? 'denyoom' : 'write')) return undefined;
  return ERRORS[refusal];
}
