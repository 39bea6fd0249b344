/** What is to be given to everyone only later: kept beside the load balancer stream until it is due. Primitive: no retry, no timer, no policy. */
import type { TraceFields } from '../core/trace-fields.js';
import type { NewEntry } from './announcing.js';
import type { Commands } from './commands.js';
import type { Names } from './names.js';
import { pipelined } from './pipelined.js';

/** The longest delay, in milliseconds: 366 days. */
export const MOST_DELAY_MS = 31_622_400_000;
/** Entries of one call; keeps the script below 5 ms. */
const MOST_ENDED = 128;
/** What is delayed under one name, of which no more is looked at. */
const MOST_OF_NAME = 100;

/** Bytes of entries that are read for their names. */
const MOST_LOOKED_AT = 65_536;

/** What one call gave to everyone. */
export interface EndedDelays {
  readonly count: number;
  /** For how long the first of them had been due, in milliseconds. */
  readonly lateMs: number;
  /** In how many milliseconds the next one is due; below 1: now. Undefined: nothing is delayed any more. */
  readonly nextMs: number | undefined;
}

/** What is delayed at the moment. */
export interface DelayedSurvey {
  readonly count: number;
  /** In how many milliseconds the first one is due; below 0: for so long it has been. Null: nothing is delayed. */
  readonly nextMs: number | null;
}

/** One stream that is to be given to everyone later. */
export interface DelayedStream {
  /** `delayed:` and a number. */
  readonly id: string;
  /** Epoch milliseconds by Redis's clock. */
  readonly dueMs: number;
}

/** One of those that are due first. */
export interface DueStream {
  /** Null: its entry is gone, or too large to be looked at. */
  readonly name: string | null;
  /** In how many milliseconds it is due; below 0: for so long it has been. */
  readonly dueInMs: number;
}

export interface DelayedStore {
  /** Gives what is due to everyone, at most 128 of it and about 1 MiB. Safe to repeat. */
  end(): Promise<EndedDelays>;
  survey(): Promise<DelayedSurvey>;
  /** Those that are due first, at most so many. */
  first(most: number): Promise<DueStream[]>;
}

export interface DelayedSettings {
  readonly consumer: string;
  readonly historyKey: string | undefined;
}

/** An entry that is to be added, and how much later somebody may be given it, in milliseconds. */
export interface LaterEntry extends NewEntry {
  readonly delayMs: number;
}

/** Announces streams after a delay, at most 500. Resolves with the ids of what is delayed. */
export async function addDelayed(
  commands: Commands,
  { delayed, delayedDue, delayedNames }: Names,
  entries: readonly LaterEntry[],
  trace: TraceFields | undefined,
): Promise<string[]> {
  const delays = entries.map(({ delayMs }) => delayMs).join(' ');
  const args = [delays, trace?.traceparent ?? '', trace?.tracestate ?? ''];
  for (const { name, payload } of entries) args.push(name, payload);
  return (await commands.script('add-delayed', [delayed, delayedDue, delayedNames], args)) as string[];
}

export function createDelayedStore(
  commands: Commands,
  names: Names,
  { consumer, historyKey }: DelayedSettings,
): DelayedStore {
  const { lbs, delayed, delayedDue, delayedNames } = names;
  const history = historyKey === undefined ? [] : [historyKey];
  const keys = [lbs, delayed, delayedDue, delayedNames, ...history];
  return {
    async end() {
      const reply = await commands.script('end-delays', keys, [consumer, MOST_ENDED]);
      const [count, lateMs, next] = reply as [number, number, string];
      return { count, lateMs, nextMs: next === '' ? undefined : Number(next) };
    },
    survey: () => surveyDelayed(commands, names),
    first: (most) => firstDelayed(commands, names, most),
  };
}

/** How much there is, when it is due, and what time it is, in one message. */
export async function surveyDelayed(
  commands: Commands,
  { delayed, delayedDue }: Names,
): Promise<DelayedSurvey> {
  const [count, first, time] = (await commands.run('ZRANGE', (client) =>
    pipelined<unknown>(client, (pipeline) =>
      pipeline.xlen(delayed).zrange(delayedDue, '0', '0', 'WITHSCORES').time(),
    ),
  )) as [number, unknown[], [string | number, string | number]];
  // A pair where the connection speaks RESP3.
  const [, due] = first.flat() as string[];
  if (due === undefined) return { count, nextMs: null };
  const nowMs = Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000);
  return { count, nextMs: Number(due) - nowMs };
}

async function firstDelayed(
  commands: Commands,
  { delayed, delayedDue }: Names,
  most: number,
): Promise<DueStream[]> {
  const [first, time] = (await commands.run('ZRANGE', (client) =>
    pipelined<unknown>(client, (pipeline) =>
      pipeline.zrange(delayedDue, '0', String(most - 1), 'WITHSCORES').time(),
    ),
  )) as [unknown[], [string | number, string | number]];
  // Pairs where the connection speaks RESP3.
  const flat = first.flat().map(String);
  const ids = flat.filter((_, at) => at % 2 === 0);
  if (ids.length === 0) return [];
  const nowMs = Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000);
  // What is delayed is a stream as well, whose entries begin with their name.
  const items = (await commands.script(
    'read-entries',
    [delayed],
    [MOST_LOOKED_AT, MOST_LOOKED_AT, ...ids],
  )) as (string[] | number)[];
  return ids.map((_, at) => {
    const item = items[at];
    return {
      name: Array.isArray(item) ? (item[1] ?? null) : null,
      dueInMs: Number(flat[2 * at + 1]) - nowMs,
    };
  });
}

/** What is delayed under one name, the first that is due first. At most 100. */
export async function delayedUnder(
  commands: Commands,
  { delayedDue, delayedNames }: Names,
  name: string,
): Promise<DelayedStream[]> {
  // As `scripts/lib/delayed.lua` writes them.
  const prefix = `${Buffer.byteLength(name)}:${name}`;
  const members = await commands.run('ZRANGE', (client) =>
    client.zrange(delayedNames, `[${prefix}:`, `(${prefix};`, 'BYLEX', 'LIMIT', 0, MOST_OF_NAME),
  );
  const ids = members.map((member) => member.slice(prefix.length + 1));
  const dues = await commands.run('ZSCORE', (client) =>
    Promise.all(ids.map((id) => client.zscore(delayedDue, id))),
  );
  const found = ids.flatMap((id, index) => {
    const due = dues[index];
    return due === null || due === undefined ? [] : [{ id: `delayed:${id}`, dueMs: Number(due) }];
  });
  return found.sort((a, b) => a.dueMs - b.dueMs);
}
