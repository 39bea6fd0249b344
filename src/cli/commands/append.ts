/** `streamwarden append` and `end`: entries of data streams. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import {
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
} from '../options.js';
import { count, examples, jsonObject } from '../values.js';

/** @param fields whether it takes fields behind the name */
function entryCommand(name: string, fields: boolean): Command {
  const command = new Command(name).argument('<name>', 'of the data stream');
  if (fields) command.argument('<fields...>', 'of the entry, each as field=value');
  command
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(new Option('--key <key>', 'of its Redis stream, if that is not the name'))
    .addOption(new Option('--data <url>', 'where data streams are, if not where the service is'));
  if (fields) {
    command.addOption(
      new Option('--max-len <n>', 'about how many entries its Redis stream is to keep').argParser(count),
    );
  }
  return command
    .addOption(
      new Option('--info <json>', 'a JSON object for the owner, where this announces it').argParser(
        jsonObject,
      ),
    )
    .addOption(startTimeoutOption())
    .addOption(jsonOption());
}

export function appendCommand(run: Runner): Command {
  const command = entryCommand('append', true)
    .description('Adds an entry to a data stream, and announces it, or wakes its owner.')
    .action(run(async () => (await import('../actions/append.js')).append));
  return examples(
    command,
    'streamwarden append order-17 item=book amount=2 --service orders',
    'streamwarden append order-17 state=paid --service orders --json | jq -r .id',
  );
}

export function endCommand(run: Runner): Command {
  const command = entryCommand('end', false)
    .description('Adds the end mark to a data stream: who reads its entries finishes it there.')
    .action(run(async () => (await import('../actions/append.js')).end));
  return examples(command, 'streamwarden end order-17 --service orders');
}
