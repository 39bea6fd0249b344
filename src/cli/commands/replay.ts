/** `streamwarden replay`: lives recordings through again, with the machines of this version. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { jsonOption, yesOption } from '../options.js';
import { rangeOf } from '../range.js';
import { examples, wholeNumber } from '../values.js';

/** What is done with the files, one at a time. */
const MODES = ['trim', 'shrink', 'accept', 'merge'];

export function replayCommand(run: Runner): Command {
  const command = new Command('replay')
    .description('Lives recordings through again and says where the machines now do something else.')
    .argument('<file...>', 'recordings, as made by consume --record, compressed by gzip or not')
    .addOption(new Option('--actor <path>', 'replay this actor only, such as consumer/leaseKeeper'))
    .addOption(
      new Option('--from <seq>', 'begin there; actors that were there before are introduced').argParser(
        wholeNumber,
      ),
    )
    .addOption(
      new Option(
        '--step',
        'walk through, line by line, several files on one axis of time; on a terminal Enter goes on and q ends',
      ).conflicts(['diagram', ...MODES, 'json']),
    )
    .addOption(
      new Option('--diagram', 'print who told whom what, as a Mermaid sequence diagram').conflicts(MODES),
    )
    .addOption(
      new Option('--trim <from..to>', 'cut these seq numbers out, as a recording of its own, with --out')
        .conflicts(['shrink', 'accept', 'merge', 'from'])
        .argParser(rangeOf),
    )
    .addOption(
      new Option(
        '--shrink',
        'the fewest events of one actor that still diverge; with --out as a recording',
      ).conflicts(['accept', 'merge', 'from', 'actor']),
    )
    .addOption(
      new Option(
        '--accept',
        'write the recordings anew, as the machines of this version have them, once the difference has been shown',
      ).conflicts(['merge', 'from', 'actor']),
    )
    .addOption(yesOption())
    .addOption(
      new Option('--merge', 'write several recordings as one, on one axis of time, with --out').conflicts([
        'from',
        'actor',
      ]),
    )
    .addOption(
      new Option(
        '--out <file>',
        'where a recording is written to: a new file; compressed when it ends in .gz',
      ),
    )
    .addOption(new Option('--force', 'let --out replace a file that is there'))
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/replay.js')).replayFiles))
    .addHelpText('after', '\nExits with 1 when an actor diverges, with 2 when a file is no recording.');
  return examples(
    command,
    'streamwarden replay incident.jsonl',
    'streamwarden replay incident.jsonl --actor consumer/leaseKeeper --step',
    'streamwarden replay incident.jsonl --diagram --actor consumer > incident.mmd',
    'streamwarden replay froze.jsonl heir.jsonl --step',
    'streamwarden replay incident.jsonl.gz --trim 1200..1450 --out test/recordings/incident.jsonl',
    'streamwarden replay incident.jsonl --shrink --out small.jsonl',
    'streamwarden replay test/recordings/*.jsonl --accept',
  );
}
