/** `streamwarden demo`: a fleet that loses one consumer to SIGKILL and one to SIGTERM, on a cluster a master as well, and no stream. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { jsonOption } from '../options.js';
import { count, examples } from '../values.js';

export function demoCommand(run: Runner): Command {
  const command = new Command('demo')
    .description(
      'Shows a fleet at work in about 20 seconds: one consumer is killed, one is stopped, no stream is lost.',
    )
    .addOption(new Option('--redis <url>', 'use this server (default: $REDIS_URL, else one of its own)'))
    .addOption(
      new Option('--cluster', 'start a cluster of three masters and three replicas, and fail a master over')
        .conflicts('redis')
        .default(false),
    )
    .addOption(new Option('--streams <n>', 'how many data streams').argParser(count).default(40))
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/demo.js')).demo))
    .addHelpText(
      'after',
      '\nExits with 1 when a stream was lost, owned by two at once or not finished. The numbers come from a history\nthat Redis itself recorded, with every change of owner, not from what the consumers printed.',
    );
  return examples(
    command,
    'streamwarden demo',
    'streamwarden demo --cluster',
    'streamwarden demo --streams 500 --json | tail -n 1',
  );
}
