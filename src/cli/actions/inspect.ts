/** Shows a recording in the inspector's page. */
import { inspectFile } from '../../inspector/inspector.js';
import { openRecording } from '../../replay/recording.js';
import { EXIT } from '../errors.js';
import { hostAndToken, tellInspector } from '../inspect-option.js';
import type { Output } from '../output.js';
import { onStopSignals } from '../stop-signals.js';

interface InspectCommandOptions {
  readonly port?: number;
  readonly host?: string;
}

export async function inspect(
  file: string,
  { port, host }: InspectCommandOptions,
  output: Output,
): Promise<number> {
  await checkRecording(file);
  const inspector = await inspectFile(file, {
    ...hostAndToken(host, output.host.env),
    ...(port === undefined ? {} : { port }),
  });
  let ignoreSignals = () => {};
  const stopped = new Promise<void>((resolve) => {
    output.onClosed(resolve);
    ignoreSignals = onStopSignals(output.host.events, {
      first: resolve,
      again: () => output.host.exit(EXIT.failed),
    });
  });
  tellInspector(inspector, output);
  await stopped;
  await inspector.close();
  ignoreSignals();
  return EXIT.ok;
}

/** Whatever is wrong with its beginning is said here, and not by a page that somebody has to open first. */
async function checkRecording(file: string): Promise<void> {
  const reader = await openRecording(file);
  for await (const _lines of reader) break;
}
