/** The inspector on the command line: its options, and the line that says where it is. */
import { type Command, Option } from 'commander';
import type { InspectOptions, RunningInspector } from '../runtime/inspect-options.js';
import type { CliHost } from './host.js';
import { inWords, type Output } from './output.js';
import { wholeNumber } from './values.js';

/** Not an option: everybody on a computer sees the arguments of its processes. */
const TOKEN_VARIABLE = 'STREAMWARDEN_INSPECT_TOKEN';

export interface InspectFlags {
  /** True: on any free port. */
  readonly inspect?: number | true;
  readonly inspectHost?: string;
  readonly inspectActions?: boolean;
  readonly inspectStately?: boolean;
}

export function addInspectOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--inspect [port]', 'serve a page that shows what happens; any free port').argParser(
        wholeNumber,
      ),
    )
    .addOption(inspectHostOption('--inspect-host <address>'))
    .addOption(new Option('--inspect-actions', 'let it change dead letters and streams, and record'))
    .addOption(
      new Option('--inspect-stately', "tell programs in the format of Stately's inspector, at /stately"),
    );
}

export function inspectHostOption(flags: string): Option {
  return new Option(flags, `where the page is served; for other computers with a token in ${TOKEN_VARIABLE}`);
}

/** What the flags and the environment ask for; undefined: no inspector. */
export function inspectOptionsOf(flags: InspectFlags, env: CliHost['env']): InspectOptions | undefined {
  const { inspect, inspectHost, inspectActions, inspectStately } = flags;
  if (inspect === undefined) return undefined;
  return {
    ...(inspect === true ? {} : { port: inspect }),
    ...hostAndToken(inspectHost, env),
    ...(inspectActions ? { actions: true } : {}),
    ...(inspectStately ? { stately: true } : {}),
  };
}

export function hostAndToken(
  host: string | undefined,
  env: CliHost['env'],
): Pick<InspectOptions, 'host' | 'token'> {
  const token = env[TOKEN_VARIABLE];
  return { ...(host === undefined ? {} : { host }), ...(token ? { token } : {}) };
}

export function tellInspector({ url }: RunningInspector, output: Output): void {
  output.line({ type: 'Inspector', url }, inWords(Date.now(), 'inspector', url));
}
