/** `streamwarden cancel`: cancels data streams, wherever they are. */
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

export function cancelCommand(run: Runner): Command {
  const command = new Command('cancel')
    .description(
      'Cancels data streams: what waits or is delayed is gone; who owns one is told to stop, and finishes it.',
    )
    .argument('<names...>', 'of the data streams')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/cancel.js')).cancel))
    .addHelpText(
      'after',
      '\nExits with 0 when all of them are cancelled, with 1 when one is not there, or a Go consumer has it.',
    );
  return examples(
    command,
    'streamwarden cancel order-17 --service orders',
    'streamwarden cancel order-17 order-18 --service orders --json | jq -r .cancelled',
  );
}
