/** `streamwarden compare`: says in what two recordings of the same scene differ. */
import { Command } from 'commander';
import type { Runner } from '../command.js';
import { jsonOption } from '../options.js';
import { examples } from '../values.js';

export function compareCommand(run: Runner): Command {
  const command = new Command('compare')
    .description('Says where actors of two recordings of the same scene went another way.')
    .argument('<first>', 'a recording, as made by consume --record')
    .argument('<second>', 'another one')
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/compare.js')).compare))
    .addHelpText(
      'after',
      '\nTimes, entry ids and how often timers rang are not compared. Exits with 1 when there is a difference, with 2 when a file is no recording.',
    );
  return examples(command, 'streamwarden compare yesterday.jsonl today.jsonl');
}
