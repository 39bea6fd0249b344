/** `streamwarden doctor`: whether the servers are fit for consumers, and what to do where they are not. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import {
  dlqStreamOption,
  jsonOption,
  optionalServiceOption,
  passwordFileOption,
  redisOption,
} from '../options.js';
import { count, examples } from '../values.js';

export function doctorCommand(run: Runner): Command {
  const command = new Command('doctor')
    .description('Checks whether Redis is fit for consumers, and says what to do where it is not.')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(optionalServiceOption('look at this service as well, and at the rights to its keys'))
    .addOption(dlqStreamOption())
    .addOption(new Option('--acl-user <name>', 'whose rights to look at (default: those of the URL)'))
    .addOption(new Option('--heartbeat <ms>', 'of the consumers').argParser(count).default(2_000))
    .addOption(
      new Option('--keyspace-events <mode>', 'of the consumers')
        .choices(['require', 'prefer', 'off'])
        .default('require'),
    )
    .addOption(new Option('--no-lock-keys', 'the consumers keep none'))
    .addOption(
      new Option('--timeout <ms>', 'how long each server may take to answer').argParser(count).default(2_000),
    )
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/doctor.js')).doctor))
    .addHelpText('after', '\nChanges nothing. Exits with 0 when nothing is bad, with 1 when something is.');
  return examples(
    command,
    'streamwarden doctor --redis redis://127.0.0.1:6379 --service orders',
    'streamwarden doctor --redis redis-cluster://127.0.0.1:7000 --service orders --acl-user orders-consumer',
    'streamwarden doctor --json | jq \'select(.result != "good")\'',
  );
}
