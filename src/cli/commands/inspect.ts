/** `streamwarden inspect`: shows a recording in the inspector's page. */
import { Command, Option } from 'commander';
import { inspectFile } from '../../inspector/inspector.js';
import { openRecording } from '../../replay/recording.js';
import type { Runner } from '../command.js';
import { EXIT } from '../errors.js';
import { hostAndToken, inspectHostOption, tellInspector } from '../inspect-option.js';
import type { Output } from '../output.js';
import { onStopSignals } from '../stop-signals.js';
import { examples, jsonOption, wholeNumber } from '../values.js';

interface InspectCommandOptions {
  readonly port?: number;
  readonly host?: string;
}

export function inspectCommand(run: Runner): Command {
  const command = new Command('inspect')
    .description('Serves a page that steps through a recording, forwards and back.')
    .argument('<file>', 'a recording, as made by consume --record')
    .addOption(new Option('--port <port>', 'where the page is served; any free port').argParser(wholeNumber))
    .addOption(inspectHostOption('--host <address>'))
    .addOption(jsonOption())
    .action((file: string, options: InspectCommandOptions) =>
      run<InspectCommandOptions>((given, output) => inspect(file, given, output))(options),
    )
    .addHelpText('after', '\nServes until it is told to stop, by SIGTERM or SIGINT.');
  return examples(
    command,
    'streamwarden inspect incident.jsonl',
    'streamwarden inspect incident.jsonl --port 7100',
  );
}

async function inspect(file: string, { port, host }: InspectCommandOptions, output: Output): Promise<number> {
  await checkRecording(file);
  const inspector = await inspectFile(file, {
    ...hostAndToken(host),
    ...(port === undefined ? {} : { port }),
  });
  const stopped = new Promise<void>((resolve) => {
    output.onClosed(resolve);
    onStopSignals({ first: resolve, again: () => process.exit(EXIT.failed) });
  });
  tellInspector(inspector, output);
  await stopped;
  await inspector.close();
  return EXIT.ok;
}

/** Whatever is wrong with its beginning is said here, and not by a page that somebody has to open first. */
async function checkRecording(file: string): Promise<void> {
  const reader = await openRecording(file);
  for await (const _lines of reader) break;
}
