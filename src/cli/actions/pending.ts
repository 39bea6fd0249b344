/** What is pending in the group, for whom, and whether he is still there. */
import { isIncarnation } from '../../redis/names.js';
import type { PendingRow, PendingState, PendingSurvey } from '../../redis/pending-survey.js';
import { replyOf } from '../../redis/reply-errors.js';
import { Columns } from '../columns.js';
import { EXIT } from '../errors.js';
import { duration, type Output } from '../output.js';
import { printable } from '../printable.js';
import { type ServiceVisitOptions, withService } from '../service-visit.js';

interface PendingOptions extends ServiceVisitOptions {
  readonly consumer?: string;
  readonly name?: string;
  readonly state?: PendingState;
  readonly dead: boolean;
  readonly idle?: number;
  readonly limit?: number;
}

export async function pending(options: PendingOptions, output: Output): Promise<number> {
  return await withService(options, output, async ({ pending: survey, names }) => {
    const print = printer(output);
    const shown = new Map<PendingState, number>();
    try {
      for await (const row of rowsOf(survey, options)) {
        print(row);
        shown.set(row.state, (shown.get(row.state) ?? 0) + 1);
      }
    } catch (error) {
      if (replyOf(error) !== 'NOGROUP') throw error;
      if (!output.json) output.write(`no group ${names.group} yet: no consumer has started`);
      return EXIT.ok;
    }
    if (!output.json) output.write(inAll(shown));
    return EXIT.ok;
  });
}

async function* rowsOf(survey: PendingSurvey, options: PendingOptions): AsyncGenerator<PendingRow> {
  const { consumer, limit = Number.POSITIVE_INFINITY } = options;
  // Redis picks out what is of one consumer; a consumer id is that of several, one after the other.
  const pages = survey.pages(consumer !== undefined && isIncarnation(consumer) ? consumer : undefined);
  let left = limit;
  for await (const page of pages) {
    for (const row of page) {
      if (!isWanted(row, options)) continue;
      yield row;
      left -= 1;
      if (left === 0) return;
    }
  }
}

function isWanted(row: PendingRow, { consumer, name, state, dead, idle }: PendingOptions): boolean {
  if (
    consumer !== undefined &&
    row.consumer !== consumer &&
    row.consumer.replace(/~[0-9a-f]{8}$/, '') !== consumer
  )
    return false;
  if (name !== undefined && row.name !== name) return false;
  if (state !== undefined && row.state !== state) return false;
  if (dead && row.isAlive !== false) return false;
  return idle === undefined || row.idleMs >= idle;
}

function printer(output: Output): (row: PendingRow) => void {
  const columns = new Columns(output, [
    { heading: 'ID', width: 18 },
    { heading: 'STATE', width: 13 },
    { heading: 'HOLDER', width: 24 },
    { heading: 'ALIVE', width: 5 },
    { heading: 'LOCK', width: 4 },
    { heading: 'IDLE', width: 8 },
    { heading: 'DELIVERIES', width: 10 },
    { heading: 'MARK', width: 7 },
    { heading: 'STREAM', width: 0 },
  ]);
  const yesNo = (value: boolean | null) => (value === null ? '?' : value ? 'yes' : 'no');
  return (row) => {
    const { id, name, consumer, state, isAlive, isLocked, idleMs, deliveries, mark } = row;
    if (output.json) {
      const { name: stream, isAlive: alive, isLocked: locked, ...rest } = row;
      output.line({ type: 'Pending', stream, alive, locked, ...rest }, '');
      return;
    }
    columns.row([
      id,
      state,
      printable(consumer),
      state === 'deadLetterDue' ? '-' : yesNo(isAlive),
      yesNo(isLocked),
      duration(idleMs),
      deliveries,
      mark ?? '-',
      name === null ? '-' : printable(name),
    ]);
  };
}

function inAll(shown: ReadonlyMap<PendingState, number>): string {
  const total = [...shown.values()].reduce((sum, one) => sum + one, 0);
  if (total === 0) return 'nothing pending';
  return `\n${total} pending: ${[...shown].map(([state, some]) => `${some} ${state}`).join(', ')}`;
}
