/** The command line of `npm run explore`. */
import { parseArgs } from 'node:util';
import type { Configuration } from './configuration.js';
import { CONFIGURATIONS } from './configurations.js';

export const HELP = `Every interleaving of small worlds: two or three consumers, one to three entries, a fault or two. Over the scripts of src/redis/scripts, and
checked in every state against docs/reference/contract.md.

  npm run explore -- [options] [NAME…]

  NAME…             these configurations only (default: all)
  --most-states N   gives a configuration up after so many states (default 2000000)
  --json            one JSON document a line
  --help

  npm run explore
  npm run explore -- lapse stops
  npm run explore -- --json crashes

Configurations:
${CONFIGURATIONS.map(({ name, about }) => `  ${name.padEnd(20)}${about}`).join('\n')}

Exit code: 0 all complete and nothing found, 1 a violation, or one that was given up, 2 wrong usage.`;

export interface Arguments {
  readonly configurations: readonly Configuration[];
  readonly mostStates: number | undefined;
  readonly json: boolean;
}

/** Thrown when a command line cannot be understood. */
export class UsageError extends Error {}

/** @throws UsageError */
export function argumentsOf(args: readonly string[]): Arguments | 'help' {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) return 'help';
  return {
    configurations: positionals.length === 0 ? CONFIGURATIONS : positionals.map(configurationOf),
    mostStates: countOf(values['most-states']),
    json: values.json ?? false,
  };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { 'most-states': { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
  });
}

function configurationOf(name: string): Configuration {
  const found = CONFIGURATIONS.find((configuration) => configuration.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`expected the name of a configuration (--help lists them), got: ${name}`);
}

function countOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError(`expected --most-states to be a positive integer, got: ${text}`);
  return count;
}
