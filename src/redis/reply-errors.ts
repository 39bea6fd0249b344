/** Turns whatever ioredis rejects with into one of our errors, and says what may be done about it. */
import { errorOf, isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { isHalfWay, replyCodeOf } from './reply-code.js';

/** Redis says these of a state that passes: a failover, a restart, full memory. The same command may succeed later. */
const PASSING = new Set([
  'LOADING',
  'READONLY',
  'CLUSTERDOWN',
  'MASTERDOWN',
  'TRYAGAIN',
  'MOVED',
  'ASK',
  'BUSY',
  'OOM',
  'MISCONF',
  'NOREPLICAS',
  'UNBLOCKED',
  'NOGROUP',
  'NOSCRIPT',
  'UNKILLABLE',
  'MAXCLIENTS',
]);

/** ioredis rejects with these when a command never left the process. */
const NEVER_SENT =
  /Stream isn't writeable|Connection is closed\.$|Redis is already connecting|ECONNREFUSED|ENOTFOUND/;

/** Redis does not know the user, or the password is another one. */
export function isWrongCredentials(error: unknown): boolean {
  return /^(WRONGPASS|NOAUTH|ERR (invalid password|AUTH))/.test(messageOf(error));
}

function isReply(error: Error): boolean {
  return error.name === 'ReplyError';
}

/** A command that got no answer: it may have been executed, or not, or may be executed later. */
export function unanswered(command: string, cause?: unknown): StreamwardenError {
  return new StreamwardenError('RedisUnavailable', `no answer from Redis to ${command}`, {
    retriable: true,
    cause,
    details: { command, sent: true },
  });
}

/** A command that was never sent: it had no effect. */
export function neverSent(command: string, cause?: unknown): StreamwardenError {
  const why = cause === undefined ? '' : `: ${redact(messageOf(cause))}`;
  return new StreamwardenError('RedisUnavailable', `no connection to Redis for ${command}${why}`, {
    retriable: true,
    cause,
    details: { command, sent: false },
  });
}

/**
 * @param command what was asked of Redis, for the message
 * @param wasConnected whether the connection was up when the command was given to ioredis: then no answer means that the
 *   outcome is unknown
 */
export function redisError(thrown: unknown, command: string, wasConnected: boolean): StreamwardenError {
  if (isStreamwardenError(thrown)) return thrown;
  const error = errorOf(thrown);
  if (!isReply(error)) {
    const sent = wasConnected && !/Stream isn't writeable/.test(error.message);
    return sent || !NEVER_SENT.test(error.message) ? unanswered(command, error) : neverSent(command, error);
  }
  const reply = replyCodeOf(error.message);
  const details = { command, reply, ...(isHalfWay(error.message) && { isHalfWay: true }) };
  switch (reply) {
    case 'SWLAPSED':
      return new StreamwardenError('LeaseRefused', `${command} refused: presence has lapsed`, {
        retriable: true,
        cause: error,
        details: { ...details, reason: 'lapsed' },
      });
    case 'SWSTALE':
      return new StreamwardenError('LeaseRefused', `${command} refused: sent under an older generation`, {
        retriable: true,
        cause: error,
        details: { ...details, reason: 'stale', generation: Number(error.message.split(' ')[1]) },
      });
    case 'SWPROTOCOL':
      return new StreamwardenError('ProtocolMismatch', redact(error.message.replace(/^-?SWPROTOCOL /, '')), {
        cause: error,
        details,
      });
    case 'NOPERM':
      return new StreamwardenError('PermissionDenied', `Redis refused ${command}: ${redact(error.message)}`, {
        cause: error,
        details,
      });
    default:
      return new StreamwardenError('RedisRefused', `Redis refused ${command}: ${redact(error.message)}`, {
        retriable: PASSING.has(reply),
        cause: error,
        details,
      });
  }
}

/** The reply code (`NOGROUP`, `OOM`, …) of an error that Redis itself answered with. */
export function replyOf(error: unknown): string | undefined {
  return isStreamwardenError(error) && typeof error.details.reply === 'string'
    ? error.details.reply
    : undefined;
}

/** The server is not, or no longer, the one to ask: a master that became a replica keeps its clients. Only a new connection finds the right one. */
export function isMisplaced(error: unknown): boolean {
  const reply = replyOf(error);
  return reply === 'READONLY' || reply === 'MOVED';
}

/** Refused without being executed, because another server serves it, or soon will. */
export function isElsewhere(error: unknown): boolean {
  return isMisplaced(error) || ['ASK', 'TRYAGAIN', 'CLUSTERDOWN'].includes(replyOf(error) ?? '');
}

export interface Redirection {
  /** `moved`: for good. `ask`: this once, since the slot is on its way there. */
  readonly kind: 'moved' | 'ask';
  readonly slot: number;
  /** `host:port`; without a host where the cluster leaves it out: the host that answered. */
  readonly address: string;
}

/** Reads `MOVED 3999 127.0.0.1:6381` and `ASK …`, from Redis or from one of our errors made of it. */
export function redirectionOf(error: unknown): Redirection | undefined {
  const reply = isStreamwardenError(error) ? error.cause : error;
  const match = /^(MOVED|ASK) (\d+) (\S*)/.exec(reply instanceof Error ? reply.message : '');
  if (match === null) return undefined;
  const [, kind, slot, address = ''] = match;
  return { kind: kind === 'MOVED' ? 'moved' : 'ask', slot: Number(slot), address };
}

/** Whether a command that failed this way may have been executed. */
export function mayHaveExecuted(error: unknown): boolean {
  if (!isStreamwardenError(error)) return false;
  return (
    error.details.isHalfWay === true || (error.code === 'RedisUnavailable' && error.details.sent === true)
  );
}

/** Errors that time, a reconnection or a new generation can heal; everything else is a bug or needs a person. */
export function isPassing(error: unknown): boolean {
  return isStreamwardenError(error) && error.retriable;
}
