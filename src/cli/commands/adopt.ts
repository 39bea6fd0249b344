/** `streamwarden adopt`: announces stranded entries anew. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import {
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
  yesOption,
} from '../options.js';
import { examples } from '../values.js';

export function adoptCommand(run: Runner): Command {
  const command = new Command('adopt')
    .description('Announces entries anew that were given out and are pending for nobody.')
    .argument('[id...]', 'of entries on the load balancer stream; none: all that are stranded')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(new Option('--dry-run', 'only list them').default(false))
    .addOption(yesOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/adopt.js')).adopt))
    .addHelpText(
      'after',
      '\nA consumer that was removed with XGROUP DELCONSUMER leaves its entries stranded. Exits with 1 when one of the ids is not.',
    );
  return examples(
    command,
    'streamwarden adopt --service orders --dry-run',
    'streamwarden adopt --service orders --yes',
    'streamwarden adopt 1795431863930-0 --service orders',
  );
}
