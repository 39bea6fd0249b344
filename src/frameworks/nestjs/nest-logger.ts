import { inspect } from 'node:util';
import type { Logger as NestLogger } from '@nestjs/common';
import type { Logger } from '../../core/logger.js';

/** Nest's logger takes a text, and for errors a stack. */
export function loggerOfNest(nest: NestLogger): Logger {
  return {
    debug: (fields, message) => nest.debug(line(fields, message)),
    info: (fields, message) => nest.log(line(fields, message)),
    warn: (fields, message) => nest.warn(line(fields, message)),
    error: ({ err, ...fields }, message) => {
      const text = line(err instanceof Error ? { ...fields, err: err.message } : { ...fields, err }, message);
      if (err instanceof Error) nest.error(text, err.stack);
      else nest.error(text);
    },
  };
}

function line(fields: Readonly<Record<string, unknown>>, message: string): string {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  if (said.length === 0) return message;
  return `${message} ${inspect(Object.fromEntries(said), { breakLength: Number.POSITIVE_INFINITY, depth: 4 })}`;
}
