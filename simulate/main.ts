/** `npm run simulate`: see arguments.ts for what it takes. */
import { join } from 'node:path';
import { type Arguments, argumentsOf, HELP, UsageError, wishesAsArguments } from './arguments.js';
import { type RunResult, runSchedule } from './fleet.js';
import type { Violation } from './invariants/violations.js';
import { keep, readKept } from './kept.js';
import { AS_IT_IS, Bundles } from './mutants/bundle.js';
import { narrow } from './narrow.js';
import { runAll } from './pool.js';
import { drawSchedule } from './schedule.js';
import { type Program, SeedProcess } from './seed-process.js';
import { kindOf, shrink } from './shrink.js';

/** Of so many failing seeds the smallest schedule is looked for; the others are only counted. */
const MOST_SHRUNK = 5;
const PROGRESS_MS = 10_000;

function told({ atMs, clause, message }: Violation): string {
  return `  ${(atMs / 1000).toFixed(3)} s  ${clause}  ${message}`;
}

async function trace({
  trace: seed = 0,
  schedule: file,
  wishes,
  part,
  recordings,
  json,
}: Arguments): Promise<number> {
  const drawn = file === undefined ? drawSchedule(seed, wishes) : (await readKept(file)).schedule;
  const schedule = narrow(drawn, part);
  console.log(JSON.stringify(schedule));
  const result = await runSchedule(schedule, {
    trace: (line) => console.log(line),
    ...(recordings === undefined ? {} : { recordings }),
  });
  console.log(json ? JSON.stringify({ type: 'run', ...result }) : summaryOf(result));
  return result.violations.length > 0 ? 1 : 0;
}

function summaryOf({ seed, steps, records, takeovers, faults, restMs, violations }: RunResult): string {
  const head = `seed ${seed}: ${steps} steps, ${faults} faults, ${records} changes of owner, ${takeovers} takeovers, at rest after ${(restMs / 1000).toFixed(1)} s`;
  return [head, ...violations.map(told)].join('\n');
}

/** The smallest schedule that shows what this seed shows, as a command. */
async function smallest(
  program: Program,
  seed: number,
  { wishes, save }: Arguments,
  first: Violation,
): Promise<string> {
  const kind = kindOf(first);
  const child = new SeedProcess(program);
  const { part, schedule: small } = await shrink(drawSchedule(seed, wishes), async (schedule) => {
    const { violations } = (await child.run(schedule)).result;
    return violations.some((violation) => kindOf(violation) === kind);
  });
  child.close();
  if (save !== undefined) await keep(join(save, `${seed}.json`), { reason: kind, schedule: small });
  const words = [
    'npm run simulate -- --trace',
    String(seed),
    '--keep',
    part.faults?.join(',') || "''",
    '--keep-announcements',
    part.announcements?.join(',') || "''",
    ...(Object.keys(part.shape ?? {}).length > 0 ? ['--with', `'${JSON.stringify(part.shape)}'`] : []),
    ...wishesAsArguments(wishes),
  ];
  return words.join(' ');
}

async function many(args: Arguments): Promise<number> {
  const { first, last, minutes, wishes, jobs, json, shrinks } = args;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const until = minutes === undefined ? Number.POSITIVE_INFINITY : began + minutes * 60_000;
  let seed = first;
  let ran = 0;
  let steps = 0;
  let takeovers = 0;
  let faults = 0;
  const failed: RunResult[] = [];
  const died: number[] = [];
  const rate = () => `${ran} seeds, ${steps} steps, ${(ran / seconds()).toFixed(1)} seeds a second`;
  const progress = setInterval(() => {
    if (!json) console.error(`${rate()}, ${failed.length} failed`);
  }, PROGRESS_MS);
  await using bundles = await Bundles.create();
  const program = await bundles.make(AS_IT_IS);
  await runAll({
    program,
    jobs,
    wishes,
    next: () => (performance.now() < until && (minutes !== undefined || seed <= last) ? seed++ : undefined),
    ran: (result) => {
      ran += 1;
      steps += result.steps;
      takeovers += result.takeovers;
      faults += result.faults;
      if (result.violations.length === 0) return;
      failed.push(result);
      if (json) console.log(JSON.stringify({ type: 'violation', ...result }));
      else console.log(summaryOf(result));
    },
    died: (dead, why) => {
      died.push(dead);
      console.error(`seed ${dead}: the process that ran it is gone: ${why}`);
    },
  });
  clearInterval(progress);

  const commands = new Map<string, string>();
  for (const { seed: bad, violations } of failed.sort((a, b) => a.seed - b.seed)) {
    const [violation] = violations;
    if (violation === undefined || !shrinks || commands.size >= MOST_SHRUNK) continue;
    const kind = kindOf(violation);
    if (commands.has(kind)) continue;
    commands.set(kind, await smallest(program, bad, args, violation));
    if (json) console.log(JSON.stringify({ type: 'smallest', kind, command: commands.get(kind) }));
    else console.log(`${kind}\n  ${commands.get(kind)}`);
  }
  const range = `seeds ${first}..${seed - 1}`;
  if (json) {
    console.log(
      JSON.stringify({
        type: 'summary',
        first,
        last: seed - 1,
        ran,
        steps,
        faults,
        takeovers,
        failed: failed.map((result) => result.seed),
        died,
        seconds: seconds(),
      }),
    );
  } else {
    console.log(
      `${range}: ${rate()}, ${faults} faults, ${takeovers} takeovers, ${failed.length} with violations, ${seconds().toFixed(0)} s`,
    );
  }
  return failed.length + died.length > 0 ? 1 : 0;
}

try {
  const args = argumentsOf(process.argv.slice(2));
  if (args === 'help') console.log(HELP);
  else
    process.exitCode =
      args.trace === undefined && args.schedule === undefined ? await many(args) : await trace(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
