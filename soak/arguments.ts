/** The command line of `npm run soak`. */
import { parseArgs } from 'node:util';

const HELP = `A fleet of real processes on a Redis of its own, under faults that a seed decides. Every stream has to be finished once, or dead-lettered.

  npm run soak -- [options]

  --minutes M    how long streams are announced (default 1)
  --seed S       what happens, and when (default: drawn, and printed)
  --rate N       streams announced a second (default 150)
  --record DIR   keeps what every process has recorded there (default: only when something was wrong)
  --json         one JSON document a line
  --help

  npm run soak -- --minutes 30 --seed 7
  npm run soak -- --minutes 0.2 --rate 50 --json

Exit code: 0 nothing found, 1 something was lost, doubled or diverged, 2 wrong usage.`;

interface Arguments {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly record: string | undefined;
  readonly json: boolean;
}

/** Ends the process where it is asked for help, or cannot be understood. */
export function argumentsOf(argv: readonly string[]): Arguments {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string', default: '1' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
        rate: { type: 'string', default: '150' },
        record: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const [minutes, seed, rate] = [Number(values.minutes), Number(values.seed), Number(values.rate)];
    if (!(minutes > 0)) throw new Error(`expected --minutes to be a number above 0, got: ${values.minutes}`);
    if (!Number.isInteger(seed)) throw new Error(`expected --seed to be an integer, got: ${values.seed}`);
    if (!(rate > 0)) throw new Error(`expected --rate to be a number above 0, got: ${values.rate}`);
    return { minutes, seed, rate, record: values.record, json: values.json };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}
