/** `streamwarden replay`: lives recordings through again, with the machines of this version. */
import { Command, Option } from 'commander';
import type { Runner } from '../command.js';
import { jsonOption } from '../options.js';
import { rangeOf } from '../range.js';
import { examples } from '../values.js';

export function replayCommand(run: Runner): Command {
  const command = new Command('replay')
    .description('Lives recordings through again and says where the machines now do something else.')
    .argument('<file...>', 'recordings, as made by consume --record')
    .addOption(new Option('--actor <path>', 'replay this actor only, such as consumer/leaseKeeper'))
    .addOption(
      new Option('--step', 'walk through, line by line; on a terminal Enter goes on and q ends').conflicts([
        'diagram',
        'trim',
        'json',
      ]),
    )
    .addOption(
      new Option('--diagram', 'print who told whom what, as a Mermaid sequence diagram').conflicts(['trim']),
    )
    .addOption(
      new Option(
        '--trim <from..to>',
        'cut these seq numbers out, as a recording of its own, with --out',
      ).argParser(rangeOf),
    )
    .addOption(new Option('--out <file>', 'where --trim writes to: a new file'))
    .addOption(new Option('--force', 'let --out replace a file that is there'))
    .addOption(jsonOption())
    .action(run(async () => (await import('../actions/replay.js')).replayFiles))
    .addHelpText('after', '\nExits with 1 when an actor diverges, with 2 when a file is no recording.');
  return examples(
    command,
    'streamwarden replay incident.jsonl',
    'streamwarden replay incident.jsonl --actor consumer/leaseKeeper --step',
    'streamwarden replay incident.jsonl --diagram --actor consumer > incident.mmd',
    'streamwarden replay incident.jsonl --trim 1200..1450 --out test/recordings/incident.jsonl',
  );
}
