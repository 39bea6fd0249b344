/** Before a command changes what cannot be changed back: `--yes`, or a person at a terminal who says so. */
import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import { CliError, EXIT } from './errors.js';

export function yesOption(): Option {
  return new Option('--yes', 'do not ask; needed where there is no terminal to ask on').default(false);
}

function canAsk(): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY);
}

/**
 * To be called before anything is done.
 *
 * @throws CliError `ConfirmationNeeded` when nobody can be asked
 */
export function refuseUnasked(yes: boolean): void {
  if (yes || canAsk()) return;
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
export async function confirm(yes: boolean, question: string): Promise<void> {
  if (yes) return;
  const asking = new AbortController();
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const giveUp = () => asking.abort();
  terminal.on('SIGINT', giveUp);
  terminal.on('close', giveUp);
  let answer = '';
  try {
    answer = await terminal.question(`${question} [y/N] `, { signal: asking.signal });
  } catch (error) {
    if (!asking.signal.aborted) throw error;
    process.stderr.write('\n');
  } finally {
    terminal.close();
  }
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new CliError('NotConfirmed', 'not confirmed: nothing was done', EXIT.failed);
}
