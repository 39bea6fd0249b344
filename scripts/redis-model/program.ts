/** Random programs, and how one is run on both servers. */
import fc from 'fast-check';
import { SCRIPTS } from '../../src/redis/scripts.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { commandStep, type Known, parking } from './command-steps.js';
import type { Comparison, Step } from './comparison.js';
import { luaStep } from './lua-steps.js';
import { Picker } from './picker.js';
import { scriptStep } from './script-steps.js';

/** A step is a kind and a number that all its choices are made from, so that a program can be shrunk by leaving steps out. */
export interface ProgramStep {
  readonly kind: 'command' | 'script' | 'parking' | 'lua';
  readonly seed: number;
}

export type Program = readonly ProgramStep[];

const SOURCES = Object.values(SCRIPTS).map(({ source }) => source);

const WEIGHTS: Readonly<Record<ProgramStep['kind'], number>> = { command: 10, script: 9, parking: 2, lua: 2 };

/**
 * @param length most steps of one program
 * @param kinds only these
 */
export function programs(
  length: number,
  kinds: readonly string[] = Object.keys(WEIGHTS),
): fc.Arbitrary<Program> {
  const chosen = (Object.keys(WEIGHTS) as ProgramStep['kind'][]).filter((kind) => kinds.includes(kind));
  const kind = fc.oneof(...chosen.map((one) => ({ weight: WEIGHTS[one], arbitrary: fc.constant(one) })));
  return fc.array(fc.record({ kind, seed: fc.nat() }), { minLength: 1, maxLength: length, size: 'max' });
}

/** What each program begins with. */
const OPENING: readonly Step[] = [
  { on: 0, argv: ['XGROUP', 'CREATE', 'l', 'g', '0', 'MKSTREAM'] },
  { on: 0, argv: ['SET', 'p:a~00000001', 'v1:1', 'PX', '60000'] },
  { on: 0, argv: ['SET', 'p:b~00000002', 'v1:1', 'PX', '60000'] },
];

function stepOf({ kind, seed }: ProgramStep, known: Known, comparison: Comparison): Step {
  const pick = new Picker(seed);
  switch (kind) {
    case 'command':
      return commandStep(pick, known);
    case 'script':
      return scriptStep(pick, known);
    case 'parking':
      return parking(pick, known, (on) => comparison.isParked(on));
    case 'lua':
      return luaStep(pick);
  }
}

/** Entry ids in a reply, for later steps to come back to. */
function learn(reply: Reply | undefined, known: Known): void {
  if (Array.isArray(reply)) for (const item of reply) learn(item, known);
  else if (typeof reply === 'string' && /^\d{13}-\d+$/.test(reply) && !known.ids.includes(reply)) {
    known.ids.push(reply);
    if (known.ids.length > 30) known.ids.shift();
  }
}

const MOST_ATTEMPTS = 6;

/** Runs a program on both. `undecided`: in every attempt a millisecond ended where it mattered. */
export async function runProgram(
  program: Program,
  comparison: Comparison,
): Promise<'same' | 'different' | 'undecided'> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    await runOnce(program, comparison);
    if (comparison.difference !== undefined) return 'different';
    if (!comparison.isUndecided) return 'same';
  }
  return 'undecided';
}

async function runOnce(program: Program, comparison: Comparison): Promise<void> {
  const known: Known = { ids: [], now: Date.now() };
  await comparison.begin(SOURCES);
  for (const step of OPENING) await comparison.step(step);
  for (const one of program) {
    if (!comparison.isGoing) break;
    known.now = Date.now();
    learn(await comparison.step(stepOf(one, known, comparison)), known);
  }
  await comparison.end();
}
