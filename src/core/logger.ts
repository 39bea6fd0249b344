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
 * Takes user names and passwords out of a text: the user part of URLs, and what follows AUTH, HELLO or ACL SETUSER in an
 * echoed command. What has been redacted already stays as it is.
 */
export function redact(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, '$1***@')
    .replace(/\b(AUTH|SETUSER)\s+(?!\*\*\*)\S+(\s+\S+)?/gi, '$1 ***');
}
