/** `streamwarden resume`: everybody may be given data streams again. */
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

export function resumeCommand(run: Runner): Command {
  const command = new Command('resume')
    .description('Resumes data streams that are paused: what waits aside is given out, in its order.')
    .argument('<names...>', 'of the data streams')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/pause.js')).resume));
  return examples(
    command,
    'streamwarden resume customer-17 --service orders',
    'streamwarden resume customer-17 --service orders --json | jq .parked',
  );
}
