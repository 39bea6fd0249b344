/** `streamwarden pause`: nobody is given data streams any more. */
import { Command } from 'commander';
import type { Runner } from '../command.js';
import {
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
} from '../options.js';
import { examples } from '../values.js';

export function pauseCommand(run: Runner): Command {
  const command = new Command('pause')
    .description('Pauses data streams: nobody is given them until they are resumed; who owns one goes on.')
    .argument('<names...>', 'of the data streams')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/pause.js')).pause));
  command.addHelpText('after', '\nKept in Redis: it outlives every consumer. status shows what is paused.');
  return examples(
    command,
    'streamwarden pause customer-17 --service orders',
    'streamwarden pause customer-17 customer-18 --service orders --json',
  );
}
