/** The runtime's log, on stderr, so that stdout holds nothing but the command's own lines. */
import { destination, pino } from 'pino';
import type { Logger } from '../core/logger.js';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function stderrLogger(level: LogLevel): Logger {
  // Written at once: what is said last, before a crash, matters most.
  return pino({ level, base: null }, destination({ dest: 2, sync: true }));
}
