/** The command line of `npm run redis-model`. */
import { parseArgs } from 'node:util';

const HELP = `Random programs of commands and scripts on a real server and on the simulated one: are the replies the same?

  npm run redis-model -- [options]

  --replies N    until so many replies have been compared (default 20000)
  --seed S       which programs (default: drawn, and printed)
  --length L     steps of a program (default 120)
  --kinds K,K    steps of these kinds only
  --benchmark    how fast scripts run in the simulated one, instead
  --help

  npm run redis-model -- --replies 100000 --seed 7
  REDIS_SERVER_BIN=/usr/bin/valkey-server npm run redis-model

Exit code: 0 no difference, 1 a difference, with a small program that shows it, 2 wrong usage.`;

export interface Arguments {
  readonly replies: number;
  readonly seed: number;
  readonly length: number;
  readonly kinds: readonly string[] | undefined;
  readonly isBenchmark: boolean;
}

/** Ends the process where it is asked for help, or cannot be understood. */
export function argumentsOf(argv: readonly string[]): Arguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        replies: { type: 'string', default: '20000' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        length: { type: 'string', default: '120' },
        kinds: { type: 'string' },
        benchmark: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const numberOf = (name: 'replies' | 'seed' | 'length'): number => {
      if (/^\d+$/.test(values[name])) return Number(values[name]);
      throw new Error(`expected --${name} to be an integer, got: ${values[name]}`);
    };
    return {
      replies: numberOf('replies'),
      seed: numberOf('seed'),
      length: numberOf('length'),
      kinds: values.kinds?.split(','),
      isBenchmark: values.benchmark,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}
