/** The runtime's log, on stderr, so that stdout holds nothing but the command's own lines. */
import { type Logger, silentLogger } from '../core/logger.js';
import type { HostOutput } from './host.js';
import { printableLines } from './printable.js';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The library is loaded only when something is to be logged. */
export async function stderrLogger(level: LogLevel, stderr: HostOutput): Promise<{ logger: Logger }> {
  if (level === 'silent') return { logger: silentLogger };
  const { destination, pino } = await import('pino');
  // Written at once: what is said last, before a crash, matters most.
  const where = stderr === process.stderr ? destination({ dest: 2, sync: true }) : stderr;
  return { logger: pino({ level, base: null }, { write: (line) => where.write(printableLines(line)) }) };
}
