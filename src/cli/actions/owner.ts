/** Who owns a data stream now, as far as Redis can tell. */

import { type CheckpointStatus, shownValue } from '../../admin/progress.js';
import { duration, entries, plural } from '../../core/amounts.js';
import { isStreamwardenError } from '../../core/errors.js';
import type { DelayedStream } from '../../redis/delaying.js';
import type { Lag } from '../../redis/lag.js';
import type { Ownership, UnownedEntry } from '../../redis/owner-survey.js';
import { CliError, EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';
import { type ServiceVisitOptions, withAdmin } from '../service-visit.js';

export async function owner(name: string, options: ServiceVisitOptions, output: Output): Promise<number> {
  if (name === '') throw new CliError('Usage', 'expected the name of a data stream, got: ""');
  return await withAdmin(options, output, async ({ admin }) => {
    const found = await admin.owner(name);
    const checkpoint = await checkpointOf(() => admin.checkpoint(name));
    output.line(
      { type: 'Owner', stream: name, ...toMembers(found), checkpoint },
      [forPeople(name, found), ...checkpointLines(checkpoint)].join('\n'),
    );
    return found.state === 'owned' ? EXIT.ok : EXIT.failed;
  });
}

/** Whoever may not see it sees the owner all the same. */
async function checkpointOf(
  read: () => Promise<CheckpointStatus | null>,
): Promise<CheckpointStatus | 'unreadable' | null> {
  try {
    return await read();
  } catch (error) {
    if (isStreamwardenError(error, 'InvalidCheckpoint')) return 'unreadable';
    if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
    return null;
  }
}

function checkpointLines(checkpoint: CheckpointStatus | 'unreadable' | null): string[] {
  if (checkpoint === null) return [];
  if (checkpoint === 'unreadable')
    return ['its checkpoint cannot be read: a newer version wrote it, or something else'];
  const { token, number, ageMs, value, positions, attempts } = checkpoint;
  const which = number === 0 ? 'left when it was finished' : `number ${number} of its owner`;
  return [
    `checkpoint of ${duration(ageMs)} ago, ${which}`,
    `  token    ${token}`,
    ...positions.map(
      ({ key, id, lag }) =>
        `  position ${printable(key)} ${id ?? 'is removed: all was dealt with'}${behind(lag)}`,
    ),
    ...attempts.map(
      ({ key, id, count }) => `  failing  ${printable(key)} ${printable(id)}, tried ${plural(count, 'time')}`,
    ),
    ...(value === null ? [] : [`  value    ${printable(shownValue(value))}`]),
  ];
}

function behind(lag: Lag | null): string {
  if (lag === null) return '';
  const count = `${lag.isExact ? '' : 'about '}${entries(lag.entries)}`;
  if (lag.entries === 0) return ', nothing behind it';
  return `, ${count} behind it${lag.ms === null ? '' : `, the oldest for ${duration(lag.ms)}`}`;
}

function toMembers(found: Ownership): Readonly<Record<string, unknown>> {
  switch (found.state) {
    case 'owned': {
      const { state, owner: name, id, retryCount, mark, sinceMs, leaseMs, isAlive } = found;
      return { state, owner: name, alive: isAlive, id, token: id, since: sinceMs, leaseMs, retryCount, mark };
    }
    case 'unowned':
      return {
        state: found.state,
        owner: null,
        entries: found.entries.map(({ id, retryCount, isSuspect, pending }) => ({
          id,
          retryCount,
          suspect: isSuspect,
          holder: pending?.consumer ?? null,
          holderState: pending?.state ?? null,
        })),
      };
    case 'delayed':
      return {
        state: found.state,
        owner: null,
        delayed: found.delayed.map(({ id, dueMs }) => ({ id, due: dueMs })),
      };
    default:
      return { state: found.state, owner: null };
  }
}

const MARKS = {
  proven: 'which are over: its owner has held it for long (proven)',
  suspect: 'all by deaths: it was begun with few others, to find out whether owners die of it (suspect)',
} as const;

function forPeople(name: string, found: Ownership): string {
  const stream = printable(name);
  switch (found.state) {
    case 'owned': {
      const { owner: holder, id, retryCount, mark, sinceMs, leaseMs, isAlive } = found;
      const lease = leaseMs === null ? 'without end' : `${leaseMs} ms left, unless renewed`;
      return [
        `${stream} is owned by ${printable(holder)}`,
        `  token    ${id} (the entry's id)`,
        `  since    ${new Date(sinceMs).toISOString()}, ${duration(Math.max(0, Date.now() - sinceMs))} ago`,
        `  lease    ${isAlive ? lease : 'run out: the next sweep requeues it'}`,
        `  retries  ${retryCount ?? 'unknown'}${mark === null ? '' : `, ${MARKS[mark]}`}`,
      ].join('\n');
    }
    case 'unowned':
      return [`nobody owns ${stream}`, ...found.entries.map(entryForPeople)].join('\n');
    case 'delayed':
      return [
        `nobody owns ${stream}: it is delayed`,
        ...found.delayed.map((one) => delayedForPeople(one, found.nowMs)),
      ].join('\n');
    default:
      return `nobody owns ${stream}, and nothing on the load balancer stream announces it`;
  }
}

function delayedForPeople({ id, dueMs }: DelayedStream, nowMs: number): string {
  const leftMs = dueMs - nowMs;
  const until = `until ${new Date(dueMs).toISOString()}`;
  return leftMs > 0
    ? `  ${id}  ${until}, for ${duration(leftMs)} more`
    : `  ${id}  ${until}, which was ${duration(-leftMs)} ago: no consumer has given it out yet`;
}

function entryForPeople({ id, isSuspect, pending }: UnownedEntry): string {
  if (pending === null) {
    return `  ${id}  waits to be given to a consumer${isSuspect ? ', which begins it with few others: a suspect' : ''}`;
  }
  const holder = printable(pending.consumer);
  switch (pending.state) {
    case 'deadLetterDue':
      return `  ${id}  is on its way to the dead-letter stream (${pending.reason})`;
    case 'waiting':
      return `  ${id}  waits at ${holder} for the entry ${pending.waitsFor} to end`;
    case 'heldBack':
      return `  ${id}  is held back at ${holder}: a suspect, which is begun after others`;
    case 'unknown':
      return `  ${id}  was given to ${holder} ${duration(pending.idleMs)} ago, and is unknown to its holder`;
    default:
      return `  ${id}  was given to ${holder} ${duration(pending.idleMs)} ago, and nothing says that it works on it`;
  }
}
