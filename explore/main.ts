/** `npm run explore`: see arguments.ts for what it takes. */
import { type Arguments, argumentsOf, HELP, UsageError } from './arguments.js';
import { printed } from './interleaving.js';
import { type Exploration, explore } from './search.js';

const VERDICTS = { complete: 'holds', violated: 'VIOLATED', cutShort: 'not complete' } as const;

function row(cells: readonly string[]): string {
  const [name = '', ...figures] = cells;
  return [name.padEnd(20), ...figures.map((cell) => cell.padStart(12))].join('');
}

function tell(exploration: Exploration): void {
  const { configuration, states, transitions, depth, seconds, verdict, counterexample } = exploration;
  const figures = [states, transitions, depth].map((count) => count.toLocaleString('en'));
  console.log(row([configuration, ...figures, `${seconds.toFixed(1)} s`, VERDICTS[verdict]]));
  if (counterexample !== undefined) console.log(`\n${printed(counterexample)}\n`);
}

function run({ configurations, mostStates, json }: Arguments): number {
  if (!json) console.log(row(['configuration', 'states', 'steps', 'depth', 'processor', 'contract']));
  const all = configurations.map((configuration) => {
    const exploration = explore(configuration, {
      ...(mostStates !== undefined && { mostStates }),
      progress: ({ states, depth }) => {
        console.error(`${configuration.name}: ${states.toLocaleString('en')} states, ${depth} steps deep`);
      },
    });
    if (json) console.log(JSON.stringify(exploration));
    else tell(exploration);
    return exploration;
  });
  if (!json && all.length > 1) {
    const sum = (figure: (one: Exploration) => number) => all.reduce((total, one) => total + figure(one), 0);
    const counts = [sum(({ states }) => states), sum(({ transitions }) => transitions)];
    const figures = counts.map((count) => count.toLocaleString('en'));
    console.log(
      row([`${all.length} in all`, ...figures, '', `${sum(({ seconds }) => seconds).toFixed(1)} s`]),
    );
  }
  return all.every(({ verdict }) => verdict === 'complete') ? 0 : 1;
}

try {
  const args = argumentsOf(process.argv.slice(2));
  if (args === 'help') console.log(HELP);
  else process.exitCode = run(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
