/** `streamwarden status`: what Redis knows of a service, whether or not any consumer runs; once or for as long as it is watched. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import {
  dlqStreamOption,
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
} from '../options.js';
import { count, examples } from '../values.js';

export function statusCommand(run: Runner): Command {
  const command = new Command('status')
    .description('Shows the streams, the consumers and the dead letters of a service.')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(dlqStreamOption())
    .addOption(new Option('--watch', 'go on, and keep it current').default(false))
    .addOption(
      new Option('--interval <ms>', 'with --watch: how often to look').argParser(count).default(1_000),
    )
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/status.js')).status))
    .addHelpText('after', '\n--watch ends with 0, on q, Ctrl-C or SIGTERM.');
  return examples(
    command,
    'streamwarden status --service orders',
    'streamwarden status --service orders --watch',
    'streamwarden status --service orders --redis redis-cluster://127.0.0.1:7000,127.0.0.1:7001',
    'streamwarden status --service orders --json | jq .consumers',
  );
}
