/** The options that say which dead letters a command is about. */
import { type Command, Option } from 'commander';
import { timeSpan } from '../values.js';

export function withFilters(command: Command): Command {
  return command
    .addOption(new Option('--reason <reason>', 'only with this reason, such as max_retries_exceeded'))
    .addOption(new Option('--name <stream>', 'only of the data stream of this name'))
    .addOption(new Option('--owner <consumer>', 'only what this consumer had last'))
    .addOption(new Option('--error <text>', 'only with this text in the name or message of the error'))
    .addOption(new Option('--error-name <name>', 'only where the error has this name, such as TypeError'))
    .addOption(
      new Option('--find <text>', 'only with this text in name, reason, owner or error, in capitals or not'),
    )
    .addOption(
      new Option('--older-than <time>', 'only what came there before: 90s, 30m, 1h, 7d').argParser(timeSpan),
    )
    .addOption(new Option('--newer-than <time>', 'only what came there since').argParser(timeSpan));
}
