/** `streamwarden pause`: nobody is given data streams any more. */
import type { Command } from 'commander';
import type { Runner } from '../command.js';
import { namedStreamsCommand } from '../named-streams-command.js';
import { examples } from '../values.js';

export function pauseCommand(run: Runner): Command {
  const command = namedStreamsCommand('pause')
    .description('Pauses data streams: nobody is given them until they are resumed; who owns one goes on.')
    .action(run(async () => (await import('../actions/pause.js')).pause));
  command.addHelpText('after', '\nKept in Redis: it outlives every consumer. status shows what is paused.');
  return examples(
    command,
    'streamwarden pause customer-17 --service orders',
    'streamwarden pause customer-17 customer-18 --service orders --json',
  );
}
