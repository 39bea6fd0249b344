/** `streamwarden owner`: who owns a data stream now, as far as Redis can tell. */
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

export function ownerCommand(run: Runner): Command {
  const command = new Command('owner')
    .description(
      'Shows who owns a data stream now, since when, under which fencing token, and how far it has come.',
    )
    .argument('<name>', 'of the data stream')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/owner.js')).owner))
    .addHelpText('after', '\nExits with 0 when somebody owns it, with 1 when nobody does.');
  return examples(
    command,
    'streamwarden owner order-17 --service orders',
    'streamwarden owner order-17 --service orders --json | jq -r .owner',
  );
}
