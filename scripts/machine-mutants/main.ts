/**
 * `npm run machine-mutants`: which small changes of machines do the recordings of `test/recordings/` find, and which the unit tests of machines? Changes are made by
 * rule (`rules.ts`). Ends with 1 when fewer are found than docs/explanation/proof.md says.
 */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { AnyStateMachine } from 'xstate';
import { isActorLine } from '../../src/replay/format.js';
import { presentMachines } from '../../src/replay/machines.js';
import { loadRecording, type Recording } from '../../src/replay/recording.js';
import { replay } from '../../src/replay/replayer.js';
import { UnitFolds } from './folds.js';
import { type MachineMutant, mutantsOf } from './rules.js';

const LEAST = { recordings: 0.76, folds: 0.95, together: 0.98 };

const USAGE = `Small changes of machines, made by rule: do the recordings and the unit tests find them?

  npm run machine-mutants -- [options] [MACHINE…]

  MACHINE          ids of machines (default: all)
  --only WORDS     mutants whose names have these words in them
  --recordings DIR looks at the recordings there (default: test/recordings)
  --by-recording   says of each recording what it alone finds
  --no-folds       leaves the unit tests out
  --list           names them, and tries none
  --json           one JSON object a mutant
  --help

  npm run machine-mutants -- ownership --only 'lost'
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '' },
    recordings: { type: 'string' },
    'by-recording': { type: 'boolean', default: false },
    'no-folds': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const all = new Map([...presentMachines].map(([id, machine]) => [id, machine as unknown as AnyStateMachine]));
const unknown = positionals.find((id) => !all.has(id));
if (unknown !== undefined) {
  console.error(`expected ids of machines (${[...all.keys()].join(', ')}), got: ${unknown}`);
  process.exit(2);
}

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The recordings, of each the lines about actors of one machine: no actor's life depends on another's. */
async function recordingsIn(folder: string): Promise<Map<string, Map<string, Recording>>> {
  const byMachine = new Map<string, Map<string, Recording>>();
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.jsonl')) continue;
    const recording = await loadRecording(`${folder}/${file}`);
    for (const id of all.keys()) {
      const lines = recording.lines.filter((line) => isActorLine(line) && line.machine === id);
      const found = byMachine.get(id) ?? new Map<string, Recording>();
      if (lines.length > 0) found.set(basename(file, '.jsonl'), { ...recording, lines });
      byMachine.set(id, found);
    }
  }
  return byMachine;
}

const recordings = await recordingsIn(values.recordings ?? here('test/recordings'));

function testOf(id: string): string {
  return here(`test/unit/machines/${id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.test.ts`);
}

interface Verdict {
  readonly mutant: MachineMutant;
  readonly recordings: readonly string[];
  readonly fold: string | null;
}

/** Names of the recordings that diverge; of all of them only when that is asked for. */
function divergingBy(mutant: MachineMutant): string[] {
  const machines = new Map(presentMachines).set(mutant.machine, mutant.make() as never);
  const found: string[] = [];
  for (const [name, recording] of recordings.get(mutant.machine) ?? []) {
    if (replay(recording, { machines }).diverged === 0) continue;
    found.push(name);
    if (!values['by-recording']) break;
  }
  return found;
}

function told({ mutant, recordings: by, fold }: Verdict): string {
  const { machine, rule, name } = mutant;
  if (values.json) return JSON.stringify({ machine, rule, name, recordings: by, fold });
  const found = [by.length > 0 ? 'recordings' : null, fold === null ? null : 'folds'].filter(
    (one) => one !== null,
  );
  return `${(found.join(' + ') || 'NOT FOUND').padEnd(18)}  ${machine}  ${name}`;
}

const verdicts: Verdict[] = [];
for (const [id, machine] of all) {
  if (positionals.length > 0 && !positionals.includes(id)) continue;
  const mutants = mutantsOf(machine).filter(({ name }) => name.includes(values.only));
  if (values.list) {
    for (const { name, rule } of mutants) console.log(`${id}  ${name}  (${rule})`);
    continue;
  }
  const folds = values['no-folds'] ? undefined : await UnitFolds.load(testOf(id));
  const failing = (await folds?.run()) ?? null;
  if (failing !== null) throw new Error(`expected the tests of ${id} to pass, got: ${failing}`);
  for (const mutant of mutants) {
    const verdict = {
      mutant,
      recordings: divergingBy(mutant),
      fold: folds ? await folds.find(machine, mutant.make()) : null,
    };
    verdicts.push(verdict);
    console.log(told(verdict));
  }
}

function share(test: (verdict: Verdict) => boolean): number {
  return verdicts.filter(test).length / verdicts.length;
}

if (verdicts.length > 0) {
  const byRecordings = share(({ recordings: by }) => by.length > 0);
  const byFolds = share(({ fold }) => fold !== null);
  const together = share(({ recordings: by, fold }) => by.length > 0 || fold !== null);
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  console.error(
    `${verdicts.length} mutants: recordings find ${percent(byRecordings)}, unit tests ${percent(byFolds)}, together ${percent(together)}`,
  );
  const isWhole = positionals.length === 0 && values.only === '' && !values['no-folds'];
  if (isWhole && (byRecordings < LEAST.recordings || byFolds < LEAST.folds || together < LEAST.together))
    process.exitCode = 1;
}
