/** `streamwarden inspect`: the inspector's page without a consumer: for a recording, or for the fleet of a service. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { CliError } from '../errors.js';
import { inspectHostOption } from '../inspect-option.js';
import {
  jsonOption,
  optionalServiceOption,
  passwordFileOption,
  redisOption,
  startTimeoutOption,
} from '../options.js';
import { examples, wholeNumber } from '../values.js';

/** What says which fleet is meant; of a recording it says nothing. */
const OF_A_FLEET = ['service', 'redis', 'passwordFile', 'historyKey', 'startTimeout'] as const;

/** @throws CliError `Usage`: both are asked for, or neither */
function checkWhat(command: Command): void {
  const [file] = command.args;
  if (file === undefined) {
    if (command.getOptionValue('service') !== undefined) return;
    throw new CliError('Usage', 'expected a recording or --service, got: neither');
  }
  // A service that the environment names is meant for other commands.
  const given = OF_A_FLEET.find((name) => command.getOptionValueSource(name) === 'cli');
  if (given === undefined) return;
  const flag = command.options.find((option) => option.attributeName() === given)?.long;
  throw new CliError('Usage', `expected a recording or ${flag}, got: both`);
}

export function inspectCommand(run: Runner): Command {
  const command = new Command('inspect')
    .description(
      'Serves a page that steps through a recording, forwards and back, or that shows the fleet of a service.',
    )
    .argument('[file...]', 'a recording, as made by consume --record; several are shown on one axis of time')
    .addOption(optionalServiceOption('in place of a recording: the service whose fleet is shown'))
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(
      new Option('--history-key <key>', 'with --service: the historyKey of its runtimes, for former owners'),
    )
    .addOption(startTimeoutOption())
    .addOption(new Option('--port <port>', 'where the page is served; any free port').argParser(wholeNumber))
    .addOption(inspectHostOption('--host <address>'))
    .addOption(jsonOption())
    .hook('preAction', checkWhat)
    .action(run(async () => (await import('../actions/inspect.js')).inspect))
    .addHelpText('after', '\nServes until it is told to stop, by SIGTERM or SIGINT.');
  return examples(
    command,
    'streamwarden inspect incident.jsonl',
    'streamwarden inspect incident.jsonl --port 7100',
    'streamwarden inspect froze.jsonl heir.jsonl',
    'streamwarden inspect --service orders',
    'streamwarden inspect --service orders --redis redis-cluster://127.0.0.1:7000,127.0.0.1:7001',
  );
}
