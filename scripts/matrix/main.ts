/** `npm run matrix`: see HELP. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheDirectory } from '../../src/testing/debian-package.js';
import { type Cell, type CellKind, type Outcome, Unavailable } from './cell.js';
import { debianServers } from './debian-servers.js';
import { ioredisVersions, nodeVersions } from './npm-versions.js';
import { withOutcomes } from './page.js';
import { runCell } from './run-cell.js';

const HELP = `Runs the tests that depend on it with every server that Debian's suites offer, and with several versions of Node.js and of ioredis.

  npm run matrix                              all, one after another: some minutes each
  npm run matrix -- --list                    says what there is, and runs nothing
  npm run matrix -- --only 'redis 8.0.6,node 24'
  npm run matrix -- --only server             of one kind: server, node or ioredis
  npm run matrix -- --next                    one newer server and one newer Node.js, others each day
  npm run matrix -- --write                   puts the results into docs/reference/compatibility.md
  npm run matrix -- --json                    one JSON line for each result

What cannot be fetched is said, and is no failure. Exits with 1 when a test fails, with 2 for wrong arguments.
What the tests write goes into .cache/matrix.
`;

const project = fileURLToPath(new URL('../../', import.meta.url));
const page = join(project, 'docs/reference/compatibility.md');
const cache = join(cacheDirectory(), 'matrix');
const DAY_MS = 86_400_000;

function argumentsGiven() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        only: { type: 'string' },
        next: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return undefined;
  }
}

type Arguments = NonNullable<ReturnType<typeof argumentsGiven>>;

async function allCells(): Promise<Cell[]> {
  const servers = await debianServers(cache, project).catch((error: unknown) => {
    if (!(error instanceof Unavailable)) throw error;
    console.error(`matrix: SKIPPED servers: ${error.message}`);
    return [];
  });
  return [...servers, ...nodeVersions(cache, project), ...ioredisVersions(cache, project)];
}

/** Undefined: one of them is not there. */
function chosen(cells: readonly Cell[], { only, next }: Arguments): Cell[] | undefined {
  if (next) return [inTurn(cells, 'server'), inTurn(cells, 'node')].flat();
  if (only === undefined) return [...cells];
  const wanted = only.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !cells.some((cell) => isMeant(cell, name)));
  if (unknown.length > 0) {
    console.error(
      `expected --only to name some of ${cells.map(({ name }) => name).join(', ')}, got: ${unknown.join(', ')}`,
    );
    return undefined;
  }
  return cells.filter((cell) => wanted.some((name) => isMeant(cell, name)));
}

const isMeant = ({ kind, name }: Cell, wanted: string) => wanted === kind || wanted === name;

/** The oldest is what every other run has. */
function inTurn(cells: readonly Cell[], kind: CellKind): Cell[] {
  const [, ...newer] = cells.filter((cell) => cell.kind === kind);
  const cell = newer[Math.floor(Date.now() / DAY_MS) % Math.max(1, newer.length)];
  return cell === undefined ? [] : [cell];
}

function told({ name, version, passed, failed, skipped, failures }: Outcome): string {
  const head = `${name.padEnd(16)} ${version.padEnd(10)} ${passed} passed, ${failed} failed, ${skipped} skipped`;
  return [head, ...failures.map((title) => `  failed: ${title}`)].join('\n');
}

async function main(args: Arguments): Promise<number> {
  const cells = chosen(await allCells(), args);
  if (cells === undefined) return 2;
  if (args.list) {
    for (const { kind, name } of cells) console.log(args.json ? JSON.stringify({ kind, name }) : name);
    return 0;
  }
  const outcomes: Outcome[] = [];
  for (const cell of cells) {
    if (!args.json) console.error(`matrix: ${cell.name} (${outcomes.length + 1} of ${cells.length})`);
    try {
      const outcome = await runCell(cell, project, join(project, '.cache/matrix'));
      outcomes.push(outcome);
      console.log(args.json ? JSON.stringify(outcome) : told(outcome));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.error(`matrix: SKIPPED ${cell.name}: ${error.message}`);
    }
    if (args.write) await writeFile(page, withOutcomes(await readFile(page, 'utf8'), outcomes));
  }
  return outcomes.some(({ failed }) => failed > 0) ? 1 : 0;
}

const args = argumentsGiven();
if (args?.help) console.log(HELP);
process.exitCode = args === undefined ? 2 : args.help ? 0 : await main(args);
