/** The command line of `npm run simulate`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind, isFaultKind } from './fault-kinds.js';
import type { Part } from './narrow.js';
import type { AimWishes, Shape, Wishes } from './schedule.js';

export const HELP = `Whole fleets of runtimes in a deterministic simulation, under faults that a seed decides. Checked against docs/reference/contract.md.

  npm run simulate -- [options]

  --seeds A..B         these seeds (default 1..200); one number: that one
  --minutes M          as many seeds as this takes, from A on
  --only KIND,KIND     faults of these kinds only; KIND=2 twice as often
  --faults N           at most so many faults a run (default 14)
  --aimed SHARE        share of the faults that are aimed at commands, 0 to 1 (default 0.5)
  --aim JSON           at which commands: '{"commands":{"done":2,"acquire":1},"phases":["sent"],"most":4}'
  --announcements N    so many announcements a run (default 6 to 20)
  --shape JSON         what the fleet is like, instead of what is drawn: '{"processes":2,"isLong":true}'; '{"servers":3}': a cluster
  --jobs N             worker threads (default: one a core)
  --trace SEED         runs one seed and prints everything that happens
  --keep LIST          of a traced seed's faults only these, counted from 0
  --keep-announcements LIST
  --with JSON          of a traced seed's shape this otherwise
  --schedule FILE      runs a kept schedule and prints everything that happens
  --save DIR           keeps the smallest schedule of failing seeds there, as <seed>.json
  --recordings DIR     a traced seed is also recorded, for 'streamwarden replay' and the inspector; and its history is kept
  --no-shrink          failing seeds are told as they are
  --json               one JSON document a line
  --help

  npm run simulate -- --seeds 1..5000
  npm run simulate -- --only stop,halfOpenReader --minutes 5
  npm run simulate -- --trace 17 --keep 3,7

Kinds: ${FAULT_KINDS.map(({ kind }) => kind).join(', ')}

Exit code: 0 nothing found, 1 a violation, 2 wrong usage.`;

export interface Arguments {
  readonly first: number;
  readonly last: number;
  readonly minutes: number | undefined;
  readonly wishes: Wishes;
  readonly jobs: number;
  readonly trace: number | undefined;
  readonly part: Part;
  readonly recordings: string | undefined;
  readonly schedule: string | undefined;
  readonly save: string | undefined;
  readonly shrinks: boolean;
  readonly json: boolean;
}

export class UsageError extends Error {}

function number(
  text: string | undefined,
  name: string,
  isFine: (value: number) => boolean,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !isFine(value))
    throw new UsageError(`expected --${name} to be a fitting number, got: ${text}`);
  return value;
}

function list(text: string | undefined, name: string): number[] | undefined {
  if (text === undefined) return undefined;
  const values = text
    .split(',')
    .filter((part) => part !== '')
    .map(Number);
  if (values.some((value) => !Number.isInteger(value) || value < 0)) {
    throw new UsageError(`expected --${name} to be numbers from 0 up with commas between, got: ${text}`);
  }
  return values;
}

function json<T = Partial<Shape>>(text: string | undefined, name: string): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new UsageError(`expected --${name} to be JSON, got: ${text}`);
  }
}

function seedsOf(text: string): [first: number, last: number] {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  if (match === null || last < first) throw new UsageError(`expected --seeds to be A..B, got: ${text}`);
  return [first, last];
}

function kindsOf(text: string | undefined): Partial<Record<FaultKind, number>> | undefined {
  if (text === undefined) return undefined;
  const kinds: Partial<Record<FaultKind, number>> = {};
  for (const part of text.split(',')) {
    const [kind = '', weight = '1'] = part.split('=');
    if (!isFaultKind(kind) || !(Number(weight) > 0))
      throw new UsageError(`expected --only to name kinds of faults (--help lists them), got: ${part}`);
    kinds[kind] = Number(weight);
  }
  return kinds;
}

const isCount = (value: number) => Number.isInteger(value) && value >= 0;

/** @throws UsageError */
export function argumentsOf(args: readonly string[]): Arguments | 'help' {
  let values: ReturnType<typeof parsed>['values'];
  try {
    ({ values } = parsed(args));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) return 'help';
  const [first, last] = seedsOf(values.seeds ?? '1..200');
  const kinds = kindsOf(values.only);
  const shape = json(values.shape, 'shape');
  const aim = json<AimWishes>(values.aim, 'aim');
  const mostFaults = number(values.faults, 'faults', isCount);
  const announcements = number(values.announcements, 'announcements', isCount);
  const aimed = number(values.aimed, 'aimed', (value) => value >= 0 && value <= 1);
  return {
    first,
    last,
    minutes: number(values.minutes, 'minutes', (value) => value > 0),
    wishes: {
      ...(shape && { shape }),
      ...(kinds && { kinds }),
      ...(mostFaults !== undefined && { mostFaults }),
      ...(announcements !== undefined && { announcements }),
      ...(aimed !== undefined && { aimed }),
      ...(aim && { aim }),
    },
    jobs:
      number(values.jobs, 'jobs', (value) => Number.isInteger(value) && value > 0) ?? availableParallelism(),
    trace: number(values.trace, 'trace', isCount),
    part: {
      faults: list(values.keep, 'keep'),
      announcements: list(values['keep-announcements'], 'keep-announcements'),
      shape: json(values.with, 'with'),
    },
    recordings: values.recordings,
    schedule: values.schedule,
    save: values.save,
    shrinks: !values['no-shrink'],
    json: values.json ?? false,
  };
}

function parsed(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      only: { type: 'string' },
      faults: { type: 'string' },
      aimed: { type: 'string' },
      aim: { type: 'string' },
      announcements: { type: 'string' },
      shape: { type: 'string' },
      jobs: { type: 'string' },
      trace: { type: 'string' },
      keep: { type: 'string' },
      'keep-announcements': { type: 'string' },
      with: { type: 'string' },
      recordings: { type: 'string' },
      schedule: { type: 'string' },
      save: { type: 'string' },
      'no-shrink': { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
}

/** What was asked for, as arguments again: without seeds. */
export function wishesAsArguments({
  shape,
  kinds = {},
  mostFaults,
  announcements,
  aimed,
  aim,
}: Wishes): string[] {
  const only = Object.entries(kinds).map(([kind, weight]) => (weight === 1 ? kind : `${kind}=${weight}`));
  return [
    ...(only.length > 0 ? ['--only', only.join(',')] : []),
    ...(mostFaults !== undefined ? ['--faults', String(mostFaults)] : []),
    ...(aimed !== undefined ? ['--aimed', String(aimed)] : []),
    ...(aim ? ['--aim', `'${JSON.stringify(aim)}'`] : []),
    ...(announcements !== undefined ? ['--announcements', String(announcements)] : []),
    ...(shape ? ['--shape', `'${JSON.stringify(shape)}'`] : []),
  ];
}
