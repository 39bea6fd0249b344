/** `streamwarden dlq …`: looks through dead letters, announces them anew, deletes them, saves them. */
import { Command, Option } from 'commander';
import { selectLetters } from '../../redis/dead-letter-selection.js';
import type { Runner } from '../command.js';
import { yesOption } from '../confirmation.js';
import { CliError, EXIT } from '../errors.js';
import {
  type ChoiceOptions,
  checkIds,
  type FilterOptions,
  filterOf,
  isThere,
  letterOf,
  withFilters,
} from '../letters/letter-choice.js';
import { type ExportOptions, exportLetters } from '../letters/letter-export.js';
import { type LetterMove, type MoveOptions, moveLetters } from '../letters/letter-move.js';
import { letterForPeople, letterLine, letterPrinter } from '../letters/letter-view.js';
import type { Output } from '../output.js';
import { redisOption } from '../redis-option.js';
import { dlqStreamOption, type ServiceVisitOptions, withService } from '../service-visit.js';
import { count, examples, jsonOption, serviceOption, startTimeoutOption } from '../values.js';

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
    .addOption(serviceOption())
    .addOption(dlqStreamOption())
    .addOption(startTimeoutOption())
    .addOption(jsonOption());
}

interface ListOptions extends ServiceVisitOptions, FilterOptions {
  readonly limit?: number;
}

function listCommand(run: Runner): Command {
  const command = new Command('list').description('Lists dead letters, the newest first.');
  withFilters(onService(command))
    .addOption(new Option('--limit <n>', 'no more than so many').argParser(count))
    .action(run(list));
  return examples(
    command,
    'streamwarden dlq list --service orders --limit 20',
    'streamwarden dlq list --service orders --reason unparseable --json | jq .problem',
  );
}

async function list(options: ListOptions, output: Output): Promise<number> {
  return await withService(options, async ({ deadLetters, lettersNow }) => {
    const now = await lettersNow();
    const print = letterPrinter(output, now);
    const { limit = Number.POSITIVE_INFINITY } = options;
    let shown = 0;
    for await (const page of selectLetters(deadLetters, filterOf(options, now), { order: 'newestFirst' })) {
      for (const letter of page.slice(0, limit - shown)) print(letter);
      shown += Math.min(page.length, limit - shown);
      if (shown >= limit) break;
    }
    if (!output.json && shown === 0) output.write('no dead letters');
    return EXIT.ok;
  });
}

function showCommand(run: Runner): Command {
  const command = new Command('show')
    .description('Shows one dead letter with all its fields.')
    .argument('<id>', 'of the dead letter');
  onService(command).action((id: string, options: ServiceVisitOptions) =>
    run<ServiceVisitOptions>((given, output) => show(id, given, output))(options),
  );
  return examples(command, 'streamwarden dlq show --service orders 1795431863930-0');
}

async function show(id: string, options: ServiceVisitOptions, output: Output): Promise<number> {
  checkIds([id]);
  return await withService(options, async ({ deadLetters, lettersNow, names }) => {
    const letter = await letterOf(deadLetters, id);
    if (!isThere(letter)) throw new CliError('LetterNotFound', `no dead letter ${id} in ${names.dlq}`);
    output.line(letterLine(letter), letterForPeople(letter, await lettersNow()));
    return EXIT.ok;
  });
}

/** The options of commands that change letters, and the letters they are given. */
function moving(command: Command, run: Runner, move: LetterMove): Command {
  withFilters(onService(command.argument('[id...]', 'of dead letters')))
    .addOption(
      new Option('--all', 'all there are when it begins, or that the filters let through').default(false),
    )
    .addOption(new Option('--dry-run', 'only show which').default(false))
    .addOption(yesOption())
    .action((ids: readonly string[], options: MoveOptions & ChoiceOptions) =>
      run<MoveOptions>((given, output) => moveLetters(move, ids, given, output))(options),
    );
  return command;
}

const REDRIVE: LetterMove = {
  verb: 'redrive',
  past: 'redriven',
  type: 'Redriven',
  again: 'run it again for the rest: no letter is announced twice',
  async act({ deadLetters }, ids) {
    const entries = await deadLetters.redrive(ids);
    return entries.map((entry) => (entry === null ? undefined : { entry }));
  },
};

const DELETE: LetterMove = {
  verb: 'delete',
  past: 'deleted',
  type: 'Deleted',
  again: 'run it again for the rest',
  async act({ deadLetters }, ids) {
    const removed = await deadLetters.delete(ids);
    return removed.map((wasThere) => (wasThere ? {} : undefined));
  },
};

function redriveCommand(run: Runner): Command {
  const command = new Command('redrive').description(
    'Announces dead letters anew, with a retry count of 0, and deletes them.',
  );
  return examples(
    moving(command, run, REDRIVE),
    'streamwarden dlq redrive --service orders 1795431863930-0 1795431863930-1',
    'streamwarden dlq redrive --service orders --all --newer-than 1h --yes',
  );
}

function deleteCommand(run: Runner): Command {
  const command = new Command('delete').description('Deletes dead letters for good.');
  return examples(
    moving(command, run, DELETE),
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
    .action(run((options: ExportOptions, output: Output) => exportLetters(options, output)));
  return examples(
    command,
    'streamwarden dlq export --service orders --out letters.jsonl',
    'streamwarden dlq export --service orders --reason unparseable | gzip > unparseable.jsonl.gz',
  );
}
