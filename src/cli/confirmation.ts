/** Before a command changes what cannot be changed back: `--yes`, or a person at a terminal who says so. */
import { createInterface } from 'node:readline/promises';
import { CliError, EXIT } from './errors.js';
import type { CliHost } from './host.js';
import { printable } from './printable.js';

function canAsk({ stdin, stderr }: CliHost): boolean {
  return Boolean(stdin.isTTY && stderr.isTTY);
}

/**
 * To be called before anything is done.
 *
 * @throws CliError `ConfirmationNeeded` when nobody can be asked
 */
export function refuseUnasked(host: CliHost, yes: boolean): void {
  if (yes || canAsk(host)) return;
  throw new CliError(
    'ConfirmationNeeded',
    'expected --yes, since there is no terminal to ask on, got: neither',
  );
}

/**
 * Asks, unless there is no need to.
 *
 * @param question ends in a question mark
 * @throws CliError `NotConfirmed` for any answer but y and yes
 */
export async function confirm(host: CliHost, yes: boolean, question: string): Promise<void> {
  if (yes) return;
  const asking = new AbortController();
  const terminal = createInterface({ input: host.stdin, output: host.stderr });
  const giveUp = () => asking.abort();
  terminal.on('SIGINT', giveUp);
  terminal.on('close', giveUp);
  let answer = '';
  try {
    answer = await terminal.question(`${printable(question)} [y/N] `, { signal: asking.signal });
  } catch (error) {
    if (!asking.signal.aborted) throw error;
    host.stderr.write('\n');
  } finally {
    terminal.close();
  }
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CliError('NotConfirmed', 'not confirmed: nothing was done', EXIT.failed);
}
