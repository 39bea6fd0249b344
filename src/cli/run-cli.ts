/** The command line: which commands there are, and how one is run. */
import { Command, CommanderError } from 'commander';
import { PACKAGE_VERSION } from '../core/package-version.js';
import type { Runner } from './command.js';
import { adoptCommand } from './commands/adopt.js';
import { appendCommand, endCommand } from './commands/append.js';
import { cancelCommand } from './commands/cancel.js';
import { claimCommand } from './commands/claim.js';
import { compareCommand } from './commands/compare.js';
import { completionCommand } from './commands/completion.js';
import { consumeCommand } from './commands/consume.js';
import { demoCommand } from './commands/demo.js';
import { dlqCommand } from './commands/dlq.js';
import { doctorCommand } from './commands/doctor.js';
import { inspectCommand } from './commands/inspect.js';
import { ownerCommand } from './commands/owner.js';
import { pauseCommand } from './commands/pause.js';
import { pendingCommand } from './commands/pending.js';
import { produceCommand } from './commands/produce.js';
import { replayCommand } from './commands/replay.js';
import { resumeCommand } from './commands/resume.js';
import { statusCommand } from './commands/status.js';
import { topologyCommand } from './commands/topology.js';
import { CliError, EXIT, failureOf } from './errors.js';
import type { CliHost } from './host.js';
import { takeServiceFrom } from './options.js';
import { Output } from './output.js';
import { printableLines } from './printable.js';
import { examples } from './values.js';

type MakeCommand = (run: Runner) => Command;

/** In the order of `--help`. What they do is loaded when one of them runs. */
const COMMANDS: Readonly<Record<string, MakeCommand>> = {
  produce: produceCommand,
  append: appendCommand,
  end: endCommand,
  cancel: cancelCommand,
  pause: pauseCommand,
  resume: resumeCommand,
  consume: consumeCommand,
  status: statusCommand,
  topology: topologyCommand,
  doctor: doctorCommand,
  pending: pendingCommand,
  owner: ownerCommand,
  claim: claimCommand,
  adopt: adoptCommand,
  dlq: dlqCommand,
  replay: replayCommand,
  compare: compareCommand,
  inspect: inspectCommand,
  demo: demoCommand,
};

/** Only what is asked for, as far as that can be told by the first word; help, suggestions and completion are about all. */
function commandsFor([first = '']: readonly string[]): readonly MakeCommand[] {
  const asked = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  return asked === undefined ? [...Object.values(COMMANDS), completionCommand] : [asked];
}

/**
 * Runs one command line. Resolves with its exit code; whatever goes wrong has been said by then. Never rejects.
 *
 * @param argv what stands behind the program's name
 */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  // Known before the options are parsed, because parsing them may be what fails.
  const output = new Output(argv.includes('--json'), host);
  let exitCode: number = EXIT.ok;
  const run: Runner =
    (load) =>
    async (...given) => {
      const work = await load();
      // The last one is the command itself.
      exitCode = await work(...(given.slice(0, -1) as Parameters<typeof work>), output);
    };

  const program = new Command('streamwarden')
    .description('Exactly one owner for every data stream, on Redis or Valkey.')
    .version(PACKAGE_VERSION, '--version')
    .showSuggestionAfterError()
    .exitOverride()
    // Commander's own words go through the one place that reports errors.
    .configureOutput({
      writeOut: (text) => host.stdout.write(printableLines(text)),
      getOutHelpWidth: () => host.stdout.columns ?? 80,
      writeErr: () => {},
      outputError: () => {},
    });
  examples(
    program,
    'streamwarden demo',
    'streamwarden produce --service orders --count 10',
    'streamwarden consume --service orders --consumer-id me --hold 5000',
    'streamwarden status --service orders',
    'streamwarden topology --redis redis-cluster://127.0.0.1:7000 --watch',
    'streamwarden dlq list --service orders --older-than 1h',
    'streamwarden replay incident.jsonl',
    'streamwarden inspect incident.jsonl',
  );
  for (const make of commandsFor(argv)) {
    const command = make(run);
    takeServiceFrom(host.env, command);
    program.addCommand(command.copyInheritedSettings(program));
    for (const one of command.commands) one.copyInheritedSettings(command);
  }

  try {
    if (argv.length === 0) {
      throw new CliError('Usage', 'expected a command, got: none; streamwarden --help lists them');
    }
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const failure = failureOf(error);
    output.failure(failure);
    return failure.exitCode;
  }
}
