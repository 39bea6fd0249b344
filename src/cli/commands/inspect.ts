/** `streamwarden inspect`: shows a recording in the inspector's page. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { inspectHostOption } from '../inspect-option.js';
import { jsonOption } from '../options.js';
import { examples, wholeNumber } from '../values.js';

export function inspectCommand(run: Runner): Command {
  const command = new Command('inspect')
    .description('Serves a page that steps through a recording, forwards and back.')
    .argument('<file>', 'a recording, as made by consume --record')
    .addOption(new Option('--port <port>', 'where the page is served; any free port').argParser(wholeNumber))
    .addOption(inspectHostOption('--host <address>'))
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/inspect.js')).inspect))
    .addHelpText('after', '\nServes until it is told to stop, by SIGTERM or SIGINT.');
  return examples(
    command,
    'streamwarden inspect incident.jsonl',
    'streamwarden inspect incident.jsonl --port 7100',
  );
}
