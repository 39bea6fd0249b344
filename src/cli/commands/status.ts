/** `streamwarden status`: what Redis knows of a service, whether or not any consumer runs; once or for as long as it is watched. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { checkRedisUrl, redisOption } from '../redis-option.js';
import { namesOfService } from '../service-status.js';
import { dlqStreamOption } from '../service-visit.js';
import { StatusReader } from '../status/status-reader.js';
import { watchStatus } from '../status/watch.js';
import { statusInWords } from '../status/words.js';
import { count, examples, jsonOption, serviceOption, startTimeoutOption } from '../values.js';

interface StatusOptions {
  readonly redis?: string;
  readonly service: string;
  readonly dlqStream?: string;
  readonly watch: boolean;
  readonly interval: number;
  readonly startTimeout: number;
}

export function statusCommand(run: Runner): Command {
  const command = new Command('status')
    .description('Shows the streams, the consumers and the dead letters of a service.')
    .addOption(redisOption())
    .addOption(serviceOption())
    .addOption(dlqStreamOption())
    .addOption(new Option('--watch', 'go on, and keep it current').default(false))
    .addOption(
      new Option('--interval <ms>', 'with --watch: how often to look').argParser(count).default(1_000),
    )
    .addOption(startTimeoutOption())
    .addOption(jsonOption())
    .action(run(status))
    .addHelpText('after', '\n--watch ends with 0, on q, Ctrl-C or SIGTERM.');
  return examples(
    command,
    'streamwarden status --service orders',
    'streamwarden status --service orders --watch',
    'streamwarden status --service orders --redis redis-cluster://127.0.0.1:7000,127.0.0.1:7001',
    'streamwarden status --service orders --json | jq .consumers',
  );
}

async function status(options: StatusOptions, output: Output): Promise<number> {
  const url = checkRedisUrl(options.redis);
  const names = namesOfService(url, options.service, options.dlqStream);
  using reader = new StatusReader(url, names, options.startTimeout);
  const found = await reader.look();
  if (options.watch) await watchStatus(reader, found, options.interval, output);
  else output.line({ type: 'Status', ...found }, statusInWords(found));
  return EXIT.ok;
}
