/** `streamwarden claim`: takes a pending entry from its holder, for everyone. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import {
  dlqStreamOption,
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
  yesOption,
} from '../options.js';
import { examples } from '../values.js';

export function claimCommand(run: Runner): Command {
  const command = new Command('claim')
    .description('Takes a pending entry from its holder and gives it back to everyone.')
    .argument('<id>', 'of the entry on the load balancer stream')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(dlqStreamOption())
    .addOption(
      new Option('--force', 'from a living holder too: it is told with its next heartbeat').default(false),
    )
    .addOption(yesOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/claim.js')).claim))
    .addHelpText(
      'after',
      '\nExits with 1 when there was nothing to take, or its holder is alive and --force was not given.',
    );
  return examples(
    command,
    'streamwarden claim 1795431863930-0 --service orders',
    'streamwarden claim 1795431863930-0 --service orders --force --yes',
  );
}
