/** `streamwarden pending`: what is pending in the group, for whom, and whether he is still there. */
import { Command, Option } from 'commander';
import { PENDING_STATES } from '../../admin/pending-states.js';
import type { Runner } from '../command.js';
import {
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
} from '../options.js';
import { count, examples, timeSpan } from '../values.js';

export function pendingCommand(run: Runner): Command {
  const command = new Command('pending')
    .description('Shows what is pending in the group: which stream, who has it, whether he is still there.')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(
      new Option('--consumer <name>', 'only of this consumer: a name in the group, or a consumer id'),
    )
    .addOption(new Option('--name <stream>', 'only the data stream of this name'))
    .addOption(new Option('--state <state>', 'only in this state').choices(PENDING_STATES))
    .addOption(new Option('--dead', 'only where the holder gives no sign of life').default(false))
    .addOption(
      new Option('--idle <time>', 'only what was delivered so long ago: 90s, 30m, 1h').argParser(timeSpan),
    )
    .addOption(new Option('--limit <n>', 'no more than so many').argParser(count))
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/pending.js')).pending));
  return examples(
    command,
    'streamwarden pending --service orders --dead',
    'streamwarden pending --service orders --consumer pod-1 --idle 10m',
    'streamwarden pending --service orders --json | jq .stream',
  );
}
