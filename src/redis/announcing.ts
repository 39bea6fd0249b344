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

/**
 * At most 500. Resolves with what became of the first of them, or of none: there was much to read, and the caller asks again for the rest.
 *
 * @param trace marks what is added
 */
export async function ensureEntries(
  commands: Commands,
  { lbs, owners, announced, touches, cancels, delayed, delayedDue, delayedNames, parking, group }: Names,
  entries: readonly NewEntry[],
  trace: TraceFields | undefined,
): Promise<Ensured[]> {
  const args = [group, trace?.traceparent ?? '', trace?.tracestate ?? ''];
  for (const { name, payload } of entries) args.push(name, payload);
  const keys = [lbs, owners, announced, touches, cancels, delayed, delayedDue, delayedNames, ...parking];
  const reply = (await commands.script('ensure', keys, args)) as unknown[];
  const ensured: Ensured[] = [];
  for (let at = 0; at < reply.length; at += 2) {
    ensured.push({ id: String(reply[at]), created: reply[at + 1] === 1 });
  }
  return ensured;
}
