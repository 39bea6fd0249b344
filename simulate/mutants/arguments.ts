/** The command line of `npm run mutants`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { UsageError } from '../arguments.js';
import type { Mutant } from './mutant.js';

export const HELP = `Does the simulation find what it is there for? Each mutant is a small change of the protocol that breaks the contract: seed after seed is
run with it until a violation is found. The seed that shows it is run without the mutant, too, and has to be clean.

  npm run mutants -- [options] [NAME …]

  NAME …        these only (default: all); part of a name will do
  --list        names them, and what goes wrong with each
  --seeds N     so many seeds for each (default: as stated with it)
  --jobs N      so many at once (default: one a core)
  --json        one JSON document a line
  --help

Exit code: 0 all are found, 1 one is not, 2 wrong usage.`;

export interface MutantArguments {
  readonly mutants: readonly Mutant[];
  readonly lists: boolean;
  readonly budget: number | undefined;
  readonly jobs: number;
  readonly json: boolean;
}

function count(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text))
    throw new UsageError(`expected --${name} to be a number from 1 up, got: ${text}`);
  return Number(text);
}

/** @throws UsageError */
export function mutantArgumentsOf(args: readonly string[], all: readonly Mutant[]): MutantArguments | 'help' {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) return 'help';
  for (const part of positionals) {
    if (!all.some(({ name }) => name.includes(part)))
      throw new UsageError(`expected the name of a mutant (--list has them), got: ${part}`);
  }
  return {
    mutants:
      positionals.length === 0
        ? all
        : all.filter(({ name }) => positionals.some((part) => name.includes(part))),
    lists: values.list,
    budget: count(values.seeds, 'seeds'),
    jobs: count(values.jobs, 'jobs') ?? availableParallelism(),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: 'boolean', default: false },
      seeds: { type: 'string' },
      jobs: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
}
