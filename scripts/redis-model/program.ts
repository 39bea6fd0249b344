/** Random programs, and how one is run on both servers. */
import fc from 'fast-check';
import { SCRIPTS } from '../../src/redis/scripts.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { commandStep } from './command-steps.js';
import type { Comparison, Step } from './comparison.js';
import { luaStep } from './lua-steps.js';
import { Picker } from './picker.js';
import { scriptStep } from './script-steps.js';
import { parking } from './stream-steps.js';
import type { Known } from './vocabulary.js';

/** A step is a kind and a number that all its choices are made from, so that a program can be shrunk by leaving steps out. */
export interface ProgramStep {
  readonly kind: 'command' | 'script' | 'parking' | 'lua';
  readonly seed: number;
}

export type Program = readonly ProgramStep[];

const ENDING = new Set((['done', 'give-back', 'requeue', 'claim'] as const).map((name) => SCRIPTS[name].sha));
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
  { on: 0, argv: ['XGROUP', 'CREATE', 'l', 'h', '0'] },
  { on: 0, argv: ['XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM'] },
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
function learn({ argv }: Step, reply: Reply | undefined, known: Known): void {
  const found: string[] = [];
  const search = (part: Reply | undefined) => {
    if (Array.isArray(part)) for (const item of part) search(item);
    else if (typeof part === 'string' && /^\d{13}-\d+$/.test(part)) found.push(part);
  };
  search(reply);
  for (const id of found) {
    if (known.ids.includes(id)) continue;
    known.ids.push(id);
    if (known.ids.length > 30) known.ids.shift();
  }
  const words = argv.map(String);
  const isRead = words[0] === 'XREADGROUP' && words[2] === 'g' && words.includes('l');
  const isTaken = words[1] === SCRIPTS.take.sha && Array.isArray(reply);
  const isClaim = /^X(AUTO)?CLAIM$/.test(words[0] ?? '') && words[1] === 'l' && words[2] === 'g';
  // What was finished, moved or taken is pending no longer, or for another one.
  if (ENDING.has(words[1] ?? '') && Array.isArray(reply)) for (const id of words) known.held.delete(id);
  const [, reason] = /"deadLetterDue","(\w+)"/.exec(JSON.stringify(reply) ?? '') ?? [];
  if (reason !== undefined) {
    for (const id of words)
      if (/^\d{13}-\d+$/.test(id)) known.held.set(id, `dead-letters:${reason}~00000000`);
  }
  if (isTaken) {
    const [, , , entries] = reply;
    for (const id of found)
      if (JSON.stringify(entries ?? null).includes(id)) known.held.set(id, words[6] as string);
  }
  if (!isRead && !isClaim) return;
  for (const id of found) known.held.set(id, words[3] as string);
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
  const known: Known = { ids: [], held: new Map(), now: Date.now() };
  await comparison.begin(SOURCES);
  for (const step of OPENING) await comparison.step(step);
  for (const one of program) {
    if (!comparison.isGoing) break;
    known.now = Date.now();
    const step = stepOf(one, known, comparison);
    learn(step, await comparison.step(step), known);
  }
  await comparison.end();
}
