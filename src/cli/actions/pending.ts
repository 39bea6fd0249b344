/** What is pending in the group, for whom, and whether he is still there. */
import type { Admin } from '../../admin/admin.js';
import { duration } from '../../core/amounts.js';
import { isStreamwardenError } from '../../core/errors.js';
import type { PendingRow, PendingState } from '../../redis/pending-survey.js';
import { Columns } from '../columns.js';
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';
import { type ServiceVisitOptions, withAdmin } from '../service-visit.js';

interface PendingOptions extends ServiceVisitOptions {
  readonly consumer?: string;
  readonly name?: string;
  readonly state?: PendingState;
  readonly dead: boolean;
  readonly idle?: number;
  readonly limit?: number;
}

export async function pending(options: PendingOptions, output: Output): Promise<number> {
  return await withAdmin(options, output, async ({ admin, names }) => {
    const print = printer(output);
    const shown = new Map<PendingState, number>();
    const { consumer, name, state, dead, idle, limit } = options;
    const rows = admin.pending({
      dead,
      ...(consumer === undefined ? {} : { consumer }),
      ...(name === undefined ? {} : { name }),
      ...(state === undefined ? {} : { state }),
      ...(idle === undefined ? {} : { idleMs: idle }),
      ...(limit === undefined ? {} : { limit }),
    });
    for await (const row of rows) {
      print(row);
      shown.set(row.state, (shown.get(row.state) ?? 0) + 1);
    }
    if (output.json) return EXIT.ok;
    if (shown.size === 0 && !(await hasGroup(admin)))
      output.write(`no group ${names.group} yet: no consumer has started`);
    else output.write(inAll(shown));
    return EXIT.ok;
  });
}

/** A user who may not ask for that is told of what is pending alone. */
async function hasGroup(admin: Admin): Promise<boolean> {
  try {
    return (await admin.status()).group.created;
  } catch (error) {
    if (isStreamwardenError(error, 'ServiceNotFound')) return false;
    if (isStreamwardenError(error, 'PermissionDenied')) return true;
    throw error;
  }
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
