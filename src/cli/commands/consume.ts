/** `streamwarden consume`: a real consumer that holds each stream it is given for a while. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { addConsumerOptions } from '../consumer-options.js';
import { addInspectOptions } from '../inspect-option.js';
import { LOG_LEVELS } from '../log.js';
import {
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
} from '../options.js';
import { addRecordOptions } from '../record-option.js';
import { addTelemetryOptions } from '../telemetry-option.js';
import { examples, holdTime } from '../values.js';

export function consumeCommand(run: Runner): Command {
  const command = new Command('consume')
    .description(
      'Owns data streams: prints what the runtime tells, holds each stream for a while, then is done with it.',
    )
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(
      new Option('--hold <ms|forever>', 'how long each stream is held before it is done')
        .argParser(holdTime)
        .default('forever'),
    )
    .addOption(
      new Option(
        '--entries',
        'read the entries of each stream, up to its end mark, and print them; --hold is how long each one takes then',
      ).default(false),
    );
  addTelemetryOptions(addInspectOptions(addRecordOptions(addConsumerOptions(command))))
    .addOption(startTimeoutOption())
    .addOption(
      new Option('--log-level <level>', "the runtime's log, on stderr").choices(LOG_LEVELS).default('silent'),
    )
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/consume.js')).consume))
    .addHelpText(
      'after',
      '\nSIGTERM or SIGINT hands every stream over and exits with 0. A second one abandons them: exit code 1.\nSIGUSR2 has a flight recorder (--record-last) write what it remembers.',
    );
  return examples(
    command,
    'streamwarden consume --service orders --consumer-id worker-1',
    'streamwarden consume --service orders --consumer-id worker-1 --hold 5000 --json',
    'streamwarden consume --service orders --consumer-id worker-1 --entries',
    'streamwarden consume --service orders --consumer-id worker-1 --record incident.jsonl --record-last 60000',
    'streamwarden consume --service orders --consumer-id worker-1 --inspect 7100',
    'streamwarden consume --service orders --consumer-id worker-1 --metrics-port 9464',
    'POD_NAME=worker-1 streamwarden consume --service orders --heartbeat 1000 --capacity 50',
    'streamwarden consume --service orders --consumer-id me --redis redis-cluster://127.0.0.1:7000,127.0.0.1:7001',
  );
}
