/** The command line: which commands there are, and how one is run. */
import { Command, CommanderError } from 'commander';
import { PACKAGE_VERSION } from '../core/package-version.js';
import type { Runner } from './command.js';
import { CliError, EXIT, failureOf } from './errors.js';
import type { CliHost } from './host.js';
import { takeServiceFrom } from './options.js';
import { Output } from './output.js';
import { printableLines } from './printable.js';
import { examples } from './values.js';

type CommandLoader = () => Promise<(run: Runner) => Command>;

/** In the order of `--help`. */
const COMMANDS: Readonly<Record<string, CommandLoader>> = {
  produce: async () => (await import('./commands/produce.js')).produceCommand,
  append: async () => (await import('./commands/append.js')).appendCommand,
  end: async () => (await import('./commands/append.js')).endCommand,
  cancel: async () => (await import('./commands/cancel.js')).cancelCommand,
  pause: async () => (await import('./commands/pause.js')).pauseCommand,
  resume: async () => (await import('./commands/resume.js')).resumeCommand,
  consume: async () => (await import('./commands/consume.js')).consumeCommand,
  status: async () => (await import('./commands/status.js')).statusCommand,
  topology: async () => (await import('./commands/topology.js')).topologyCommand,
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand,
  pending: async () => (await import('./commands/pending.js')).pendingCommand,
  owner: async () => (await import('./commands/owner.js')).ownerCommand,
  claim: async () => (await import('./commands/claim.js')).claimCommand,
  adopt: async () => (await import('./commands/adopt.js')).adoptCommand,
  dlq: async () => (await import('./commands/dlq.js')).dlqCommand,
  replay: async () => (await import('./commands/replay.js')).replayCommand,
  compare: async () => (await import('./commands/compare.js')).compareCommand,
  inspect: async () => (await import('./commands/inspect.js')).inspectCommand,
  demo: async () => (await import('./commands/demo.js')).demoCommand,
};

/** Only what is asked for, as far as that can be told by the first word; help, suggestions and completion are about all. */
function loadersFor([first = '']: readonly string[]): readonly CommandLoader[] {
  const asked = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (asked !== undefined) return [asked];
  const completion = async () => (await import('./commands/completion.js')).completionCommand;
  return [...Object.values(COMMANDS), completion];
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
  for (const load of loadersFor(argv)) {
    const make = await load();
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
