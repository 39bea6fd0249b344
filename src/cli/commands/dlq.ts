/** `streamwarden dlq …`: looks through dead letters, announces them anew, deletes them, saves them. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { withFilters } from '../letters/letter-options.js';
import {
  dlqStreamOption,
  jsonOption,
  passwordFileOption,
  redisOption,
  serviceOption,
  startTimeoutOption,
  yesOption,
} from '../options.js';
import { count, examples } from '../values.js';

export function dlqCommand(run: Runner): Command {
  const command = new Command('dlq').description(
    'Looks through the dead letters of a service, announces them anew, deletes them, saves them.',
  );
  for (const make of [listCommand, showCommand, redriveCommand, deleteCommand, exportCommand]) {
    command.addCommand(make(run));
  }
  return examples(
    command,
    'streamwarden dlq list --service orders --older-than 1h',
    'streamwarden dlq redrive --service orders --all --reason max_retries_exceeded --dry-run',
    'streamwarden dlq export --service orders --out letters.jsonl',
  );
}

function onService(command: Command): Command {
  return command
    .addOption(redisOption())
    .addOption(passwordFileOption())
    .addOption(serviceOption())
    .addOption(dlqStreamOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption());
}

function listCommand(run: Runner): Command {
  const command = new Command('list').description('Lists dead letters, the newest first.');
  withFilters(onService(command))
    .addOption(new Option('--limit <n>', 'no more than so many').argParser(count))
    .action(run(async () => (await import('../actions/dlq-list.js')).list));
  return examples(
    command,
    'streamwarden dlq list --service orders --limit 20',
    'streamwarden dlq list --service orders --reason unparseable --json | jq .problem',
  );
}

function showCommand(run: Runner): Command {
  const command = new Command('show')
    .description('Shows one dead letter with all its fields.')
    .argument('<id>', 'of the dead letter');
  onService(command).action(run(async () => (await import('../actions/dlq-show.js')).show));
  return examples(command, 'streamwarden dlq show --service orders 1795431863930-0');
}

/** The options of commands that change letters, and the letters they are given. */
function moving(command: Command): Command {
  return withFilters(onService(command.argument('[id...]', 'of dead letters')))
    .addOption(
      new Option('--all', 'all there are when it begins, or that the filters let through').default(false),
    )
    .addOption(new Option('--dry-run', 'only show which').default(false))
    .addOption(yesOption());
}

function redriveCommand(run: Runner): Command {
  const command = new Command('redrive').description(
    'Announces dead letters anew, with a retry count of 0, and deletes them.',
  );
  return examples(
    moving(command).action(run(async () => (await import('../actions/dlq-move.js')).redrive)),
    'streamwarden dlq redrive --service orders 1795431863930-0 1795431863930-1',
    'streamwarden dlq redrive --service orders --all --error-name TypeError --newer-than 1h --yes',
  );
}

function deleteCommand(run: Runner): Command {
  const command = new Command('delete').description('Deletes dead letters for good.');
  return examples(
    moving(command).action(run(async () => (await import('../actions/dlq-move.js')).remove)),
    'streamwarden dlq delete --service orders 1795431863930-0',
    'streamwarden dlq delete --service orders --all --reason unparseable --older-than 7d --dry-run',
  );
}

function exportCommand(run: Runner): Command {
  const command = new Command('export').description(
    'Writes dead letters as JSON lines that keep every byte, the oldest first.',
  );
  withFilters(onService(command))
    .addOption(new Option('--out <file>', 'where to (default: stdout)'))
    .addOption(new Option('--overwrite', 'replace the file when there is one').default(false))
    .action(run(async () => (await import('../letters/letter-export.js')).exportLetters));
  return examples(
    command,
    'streamwarden dlq export --service orders --out letters.jsonl',
    'streamwarden dlq export --service orders --reason unparseable | gzip > unparseable.jsonl.gz',
  );
}
