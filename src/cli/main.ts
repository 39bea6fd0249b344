/** The command `streamwarden`. Loading this module runs it. */
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../core/package-version.js';
import type { Runner } from './command.js';
import { claimCommand } from './commands/claim.js';
import { completionCommand } from './commands/completion.js';
import { consumeCommand } from './commands/consume.js';
import { demoCommand } from './commands/demo.js';
import { dlqCommand } from './commands/dlq.js';
import { doctorCommand } from './commands/doctor.js';
import { inspectCommand } from './commands/inspect.js';
import { ownerCommand } from './commands/owner.js';
import { pendingCommand } from './commands/pending.js';
import { produceCommand } from './commands/produce.js';
import { replayCommand } from './commands/replay.js';
import { statusCommand } from './commands/status.js';
import { topologyCommand } from './commands/topology.js';
import { CliError, EXIT, failureOf } from './errors.js';
import { Output } from './output.js';
import { examples } from './values.js';

async function main(argv: readonly string[]): Promise<number> {
  // Known before the options are parsed, because parsing them may be what fails.
  const output = new Output(argv.includes('--json'));
  let exitCode: number = EXIT.ok;
  const run: Runner = (work) => async (options) => {
    exitCode = await work(options, output);
  };

  const program = new Command('streamwarden')
    .description('Exactly one owner for every data stream, on Redis or Valkey.')
    .version(packageVersion(), '--version')
    .showSuggestionAfterError()
    .exitOverride()
    // Commander's own words go through the one place that reports errors.
    .configureOutput({ writeErr: () => {}, outputError: () => {} });
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
  const commands = [
    produceCommand,
    consumeCommand,
    statusCommand,
    topologyCommand,
    doctorCommand,
    pendingCommand,
    ownerCommand,
    claimCommand,
    dlqCommand,
    replayCommand,
    inspectCommand,
    demoCommand,
    completionCommand,
  ];
  for (const make of commands) {
    const command = make(run);
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

const exitCode = await main(process.argv.slice(2));
// Output to a pipe may still be on its way where pipes are asynchronous; an empty write is answered after it.
process.stdout.write('', () => process.exit(exitCode));
