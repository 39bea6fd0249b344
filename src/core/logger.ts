import { callOut } from './errors.js';

/** One line of a log: fields for machines first, then a sentence for people. pino's loggers fit as they are. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** What the runtime writes its log to. Silent unless one is given. Fields never hold credentials or `Info` payloads. */
export interface Logger {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
}

const nothing: LogMethod = () => {};

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * The application's logger, which may throw, or reject where it writes later: a line that cannot be written is lost, and nothing else.
 * Its methods are looked up for each line, since loggers such as pino's put others in their place when their level changes.
 */
export function guardedLogger(logger: Logger): Logger {
  if (logger === silentLogger) return logger;
  const method =
    (level: keyof Logger): LogMethod =>
    (fields, message) =>
      callOut(() => logger[level](fields, message), ignored);
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

const ignored = () => {};

/** What stands between white space; in it, everything from the first `//` to the last `@` may be a user and a password. */
function withoutUserPart(word: string): string {
  const from = word.indexOf('//');
  const to = word.lastIndexOf('@');
  return from === -1 || to < from + 2 ? word : `${word.slice(0, from + 2)}***${word.slice(to)}`;
}

/** Parameters of URLs that ioredis takes for options. */
const SECRET_PARAMETER = /([?&](?:password|username|auth|sentinelPassword|sentinelUsername)=)[^&\s#]*/gi;

/** What follows these words in a command that Redis echoes. */
const ECHOED = /\b(AUTH|SETUSER)\s+(?!\*\*\*)\S+(\s+\S+)?/gi;

/** How Redis tells of a command that it does not know, or that has been renamed: all that it was given. */
const ECHOED_ARGUMENTS = /(with args beginning with:).*/g;

const SIGNS = /\/\/|AUTH|SETUSER|[?&](?:password|username|sentinel)|args beginning/i;

/** Whether `redact` may find anything: for texts that are too many to be taken apart. */
export function mayHoldCredentials(text: string): boolean {
  return SIGNS.test(text);
}

/**
 * Takes user names and passwords out of a text: the user part and the parameters of URLs, what follows AUTH, HELLO or ACL SETUSER in an
 * echoed command, and the arguments of a command that Redis does not know. What has been redacted already stays as it is.
 *
 * Takes time in proportion to the text, whatever it is: names and messages are chosen by others. So there is no expression here that may
 * begin at many places and run over the same characters from each.
 */
export function redact(text: string): string {
  return text
    .replace(/\S+/g, withoutUserPart)
    .replace(SECRET_PARAMETER, '$1***')
    .replace(ECHOED, '$1 ***')
    .replace(ECHOED_ARGUMENTS, '$1 ***');
}
