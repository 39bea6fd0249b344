/** What the command line says and returns when something is wrong. */
import { CommanderError } from 'commander';
import { type ErrorCode, isStreamwardenError, messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { LauncherError } from '../testing/errors.js';
import { SERVICE_VARIABLE } from './options.js';

/** Exit codes of every command; docs/reference/cli.md. */
export const EXIT = {
  ok: 0,
  /** Something failed while it ran, or a check of `demo` did not hold. */
  failed: 1,
  /** The command cannot work as it was given: its options, its server, its surroundings. */
  usage: 2,
} as const;

/** An error of the command line itself. */
export class CliError extends Error {
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, exitCode: number = EXIT.usage) {
    super(message);
    this.name = code;
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** What the user has to change: options, server, permissions. Any other code is a failure of the run. */
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'InvalidOption',
  'ClusterClientRequired',
  'KeyspaceSetupFailed',
  'RedisUnavailable',
  'RedisRefused',
  'PermissionDenied',
  'ServerTooOld',
  'KeyspaceConfigConflict',
  'KeyspaceConfigForbidden',
  'StartTimeout',
  'ProtocolMismatch',
  'ServiceNotFound',
  'NotAStream',
  'RecordingFailed',
  'RecordingUnreadable',
  'RecordingMalformed',
  'RecordingUnsupported',
  'RecordingUnplayable',
  'InspectorFailed',
]);

const MISSING_SERVICE = /^required option '--service/;
const VARIABLE_HINT = `, nor $${SERVICE_VARIABLE} set`;

export interface Failure {
  readonly code: string;
  /** One line, without credentials. */
  readonly message: string;
  readonly exitCode: number;
  /** Where it was thrown; only of errors that nobody expected, for a bug report. */
  readonly stack?: string;
}

/** Turns whatever a command threw into one line and an exit code. */
export function failureOf(thrown: unknown): Failure {
  const message = oneLine(redact(messageOf(thrown)));
  if (thrown instanceof CliError) return { code: thrown.code, message, exitCode: thrown.exitCode };
  if (thrown instanceof CommanderError && thrown.code === 'commander.help') {
    return {
      code: 'Usage',
      message: 'expected a command, got: none; --help lists them',
      exitCode: EXIT.usage,
    };
  }
  if (thrown instanceof CommanderError) {
    const said = message.replace(/^error: /, '');
    return {
      code: 'Usage',
      message: MISSING_SERVICE.test(said) ? `${said}${VARIABLE_HINT}` : said,
      exitCode: EXIT.usage,
    };
  }
  if (thrown instanceof LauncherError) return { code: thrown.code, message, exitCode: EXIT.usage };
  if (isStreamwardenError(thrown)) {
    const exitCode = USAGE_CODES.has(thrown.code) ? EXIT.usage : EXIT.failed;
    return { code: thrown.code, message, exitCode };
  }
  const stack = thrown instanceof Error && thrown.stack !== undefined ? redact(thrown.stack) : message;
  return { code: 'InternalError', message, exitCode: EXIT.failed, stack };
}

/** Commander puts its suggestions, and servers their logs, on further lines. */
function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
