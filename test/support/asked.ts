import { PROGRAM } from './cli.js';
import { eventually } from './eventually.js';
import { Terminal } from './terminal.js';

/**
 * Runs the command line on a terminal of its own, and answers when it asks whether it may. Resolves with all that was to be seen there,
 * `ended <exit code>` at the end.
 *
 * @param meanwhile what happens between the question and the answer
 */
export async function askedOnTerminal(
  words: readonly string[],
  answer: string,
  meanwhile = async (): Promise<void> => {},
): Promise<string> {
  await using terminal = await Terminal.start([process.execPath, PROGRAM, ...words], {
    columns: 120,
    rows: 40,
  });
  await eventually('it asks', () => terminal.output.includes('[y/N]'));
  await meanwhile();
  terminal.type(answer);
  await terminal.closed();
  return terminal.output;
}
