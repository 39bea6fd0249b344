/** A command that takes names of data streams, and changes what is there of them. */
import { Command } from 'commander';
import { jsonOption, passwordFileOption, redisOption, serviceOption, startTimeoutOption } from './options.js';

export function namedStreamsCommand(name: string): Command {
  return new Command(name)
    .argument('<names...>', 'of the data streams')
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption());
}
