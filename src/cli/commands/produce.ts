/** `streamwarden produce`: announces data streams. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import {
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
} from '../options.js';
import { count, examples, jsonObject, timeSpan, wholeNumber } from '../values.js';

export function produceCommand(run: Runner): Command {
  const command = new Command('produce')
    .description('Announces data streams: puts their names on the load balancer stream.')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(new Option('--count <n>', 'how many').argParser(count).default(1))
    .addOption(new Option('--prefix <text>', 'names are the prefix and a number from 1').default('stream-'))
    .addOption(new Option('--name <text>', 'the one name to announce').conflicts(['prefix', 'count']))
    .addOption(new Option('--info <json>', 'a JSON object for the owner of each').argParser(jsonObject))
    .addOption(
      new Option('--max-entry-bytes <n>', 'refuse what consumers would dead-letter for its size')
        .argParser(wholeNumber)
        .default(1_048_576),
    )
    .addOption(
      new Option(
        '--ensure',
        'only what neither waits nor is owned; whoever owns one is told that it was touched',
      ),
    )
    .addOption(
      new Option('--delay <time>', 'nobody is given one before this has passed: 90s, 30m, 1h, 7d')
        .argParser(timeSpan)
        .conflicts('ensure'),
    )
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/produce.js')).produce));
  return examples(
    command,
    'streamwarden produce --service orders --name order-1 --info \'{"region":"eu"}\'',
    'streamwarden produce --service orders --count 1000 --prefix load- --json',
    'streamwarden produce --service sessions --name session-7 --ensure',
    'streamwarden produce --service orders --name order-1 --delay 15m',
    'streamwarden produce --service orders --redis redis-sentinel://127.0.0.1:26379/mymaster',
  );
}
