/** `streamwarden topology`: masters, replicas, slots, keyspace events and subscribers, once or for as long as it is watched. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { jsonOption, passwordFileOption, redisOption } from '../options.js';
import { count, examples } from '../values.js';

export function topologyCommand(run: Runner): Command {
  const command = new Command('topology')
    .description('Shows masters, replicas and slots, and whether expiries are published and listened to.')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(new Option('--watch', 'go on, and show it again whenever it has changed').default(false))
    .addOption(
      new Option('--interval <ms>', 'with --watch: how often to look').argParser(count).default(1_000),
    )
    .addOption(
      new Option('--timeout <ms>', 'how long each server may take to answer').argParser(count).default(1_000),
    )
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/topology.js')).topology))
    .addHelpText(
      'after',
      '\nExits with 0 when all nodes agree, with 1 when they do not or none answers. --watch ends with 0 on SIGINT.',
    );
  return examples(
    command,
    'streamwarden topology --redis redis-cluster://127.0.0.1:7000,127.0.0.1:7001',
    'streamwarden topology --redis redis-sentinel://127.0.0.1:26379/mymaster --watch',
    "streamwarden topology --json | jq '.masters[] | select(.keyspaceEvents.suffices | not) | .address'",
  );
}
