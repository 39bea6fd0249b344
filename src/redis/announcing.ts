/** Announces data streams unless they wait or are owned already, in one atomic script. Primitive: no retry, no policy. */
import type { TraceFields } from '../core/trace-fields.js';
import type { Commands } from './commands.js';
import type { Names } from './names.js';

export interface NewEntry {
  /** Name of the data stream. */
  readonly name: string;
  readonly payload: string;
}

/** What `ensure` found or did for one data stream. */
export interface Ensured {
  /** Id of the entry that announces it; of what is delayed, or parked, which has none on the stream, `delayed:` or `parked:` and a number. */
  readonly id: string;
  /** This call announced it. False: it waits on the load balancer stream, is delayed, or somebody owns it. */
  readonly created: boolean;
}

/** Streams of one call; keeps the script below 5 ms. */
export const MOST_ENSURED = 500;

export interface EnsureOptions {
  /** Marks what is added. */
  readonly trace?: TraceFields | undefined;
  /** Whether those who own them are woken: entries have been appended. @defaultValue false */
  readonly wakes?: boolean;
}

/** The script as it is sent. */
export interface EnsureCall {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** At most 500. */
export function ensureCall(
  names: Names,
  entries: readonly NewEntry[],
  { trace, wakes = false }: EnsureOptions,
): EnsureCall {
  const { lbs, owners, announced, touches, cancels, delayed, delayedDue, delayedNames, parking, group } =
    names;
  const args = [group, trace?.traceparent ?? '', trace?.tracestate ?? ''];
  for (const { name, payload } of entries) args.push(name, payload);
  if (wakes) args.push(names.wakesPrefix);
  const keys = [lbs, owners, announced, touches, cancels, delayed, delayedDue, delayedNames, ...parking];
  return { keys, args };
}

/** What became of the first of them, or of none. */
export function ensuredOf(reply: unknown): Ensured[] {
  const flat = reply as unknown[];
  const ensured: Ensured[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    ensured.push({ id: String(flat[at]), created: flat[at + 1] === 1 });
  }
  return ensured;
}

/**
 * At most 500. Resolves with what became of the first of them, or of none: there was much to read, and the caller asks again for the rest.
 */
export async function ensureEntries(
  commands: Commands,
  names: Names,
  entries: readonly NewEntry[],
  options: EnsureOptions = {},
): Promise<Ensured[]> {
  const { keys, args } = ensureCall(names, entries, options);
  return ensuredOf(await commands.script('ensure', keys, args));
}
