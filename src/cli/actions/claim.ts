/** Takes a pending entry from its holder, for everyone. */

import type { Admin } from '../../admin/admin.js';
import type { ClaimedEntry, UnclaimedEntry } from '../../admin/claiming.js';
import { isStreamwardenError } from '../../core/errors.js';
import { isIncarnation } from '../../redis/names.js';
import { mayHaveExecuted } from '../../redis/reply-errors.js';
import { audit } from '../audit.js';
import { confirm, refuseUnasked } from '../confirmation.js';
import { CliError, EXIT } from '../errors.js';
import { checkIds } from '../letters/letter-choice.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';
import { type ServiceVisitOptions, withAdmin } from '../service-visit.js';
import { onStopSignals } from '../stop-signals.js';

export interface ClaimOptions extends ServiceVisitOptions {
  readonly force: boolean;
  readonly yes: boolean;
}

/** @throws CliError when nothing was taken */
export async function claim(id: string, options: ClaimOptions, output: Output): Promise<number> {
  checkIds([id]);
  const { force, yes, service } = options;
  refuseUnasked(output.host, yes);
  return await withAdmin(options, output, async ({ admin, url }) => {
    if (!yes) await confirm(output.host, false, await questionOf(admin, id, options));
    // One script: it is done as a whole or not at all, and whoever asks us to stop is told which.
    const ignoreSignals = onStopSignals(output.host.events, {
      first: () => {},
      again: () => output.host.exit(EXIT.failed),
    });
    const report = (result: 'done' | 'refused' | 'failed', members: Readonly<Record<string, unknown>>) =>
      audit(output, url, { command: 'claim', service, id, force, ...members, result });
    let found: ClaimedEntry;
    try {
      found = await admin.claim(id, { force });
    } catch (error) {
      const refused = unclaimedOf(error);
      if (refused !== undefined) {
        report('refused', { ...refused });
        throw untaken(id, refused);
      }
      report('failed', { outcome: mayHaveExecuted(error) ? 'unknown' : 'none' });
      if (!mayHaveExecuted(error)) throw error;
      throw new CliError(
        'OutcomeUnknown',
        `no answer: nobody knows whether ${id} was taken; see: streamwarden pending`,
        EXIT.failed,
      );
    } finally {
      ignoreSignals();
    }
    report('done', { ...found });
    output.line({ type: 'Claimed', id, ...found }, forPeople(id, found, force));
    return EXIT.ok;
  });
}

/** @throws CliError when there is nothing to take, or a living holder that is to be left alone, before anybody is asked */
async function questionOf(admin: Admin, id: string, { force }: ClaimOptions): Promise<string> {
  const row = await admin.pendingEntry(id);
  if (row === null) {
    for await (const stranded of admin.stranded({ settleMs: 0 })) {
      if (stranded === id) return `announce ${id} anew, which is pending for nobody?`;
    }
    throw notPending(id);
  }
  const { consumer: holder, isAlive, presenceMs, name } = row;
  if (isAlive && !force) throw untaken(id, { outcome: 'alive', holder, leaseMs: presenceMs });
  const alive = isAlive ? 'which is ALIVE' : 'which gives no sign of life';
  return `take ${id} (${name === null ? 'no stream' : printable(name)}) from ${printable(holder)}, ${alive}?`;
}

function notPending(id: string): CliError {
  return new CliError(
    'AlreadyClaimed',
    `${id} is not pending for anybody: there is nothing to take`,
    EXIT.failed,
  );
}

function left(ms: number | null): string {
  return ms === null ? '' : `, ${ms} ms left`;
}

/** Undefined: it is another error than one that says that nothing was done. */
function unclaimedOf(error: unknown): UnclaimedEntry | undefined {
  if (!isStreamwardenError(error, 'OwnerAlive') && !isStreamwardenError(error, 'AlreadyClaimed'))
    return undefined;
  const { id: _id, ...found } = error.details;
  return found as unknown as UnclaimedEntry;
}

/** Why nothing was done. */
function untaken(id: string, found: UnclaimedEntry): CliError {
  switch (found.outcome) {
    case 'alive':
      return new CliError(
        'OwnerAlive',
        `${printable(found.holder)}, which has ${id}, is alive${left(found.leaseMs)}; --force takes it all the same`,
        EXIT.failed,
      );
    case 'locked':
      return new CliError(
        'OwnerAlive',
        `the lock of ${id}, which ${printable(found.holder)} has, stands or cannot be asked for${left(found.lockMs)}; --force takes it all the same`,
        EXIT.failed,
      );
    case 'moved':
      return new CliError(
        'AlreadyClaimed',
        `${id} has just left the hands of ${printable(found.holder)}`,
        EXIT.failed,
      );
    case 'due':
      return new CliError(
        'AlreadyClaimed',
        `${id} is on its way to the dead-letter stream, and in nobody's hands`,
        EXIT.failed,
      );
    default:
      return notPending(id);
  }
}

function forPeople(id: string, found: ClaimedEntry, force: boolean): string {
  if (found.outcome === 'adopted')
    return `${id} was stranded, pending for nobody: announced anew as ${found.copyId}`;
  if (!('holder' in found)) return '';
  const holder = printable(found.holder);
  switch (found.outcome) {
    case 'requeued': {
      const words = `${id} taken from ${holder}: announced anew as ${found.copyId}, retry count ${found.retryCount}`;
      const isTold = isIncarnation(found.holder) || !force;
      return isTold ? words : `${words}\na consumer of the Go client is not told: it may go on working on it`;
    }
    case 'gone':
      return `${id} taken from ${holder}: it was no longer on the stream, and is off the pending list`;
    case 'cancelled':
      return `${id} taken from ${holder}: it had been cancelled, and is finished`;
    case 'deadLettered':
      return `${id} taken from ${holder}: ${whyDead(found.reason)}, and is a dead letter now`;
    case 'deadLetterDue':
      return `${id} taken from ${holder}: ${whyDead(found.reason)}; the next sweep of a consumer writes it to the dead-letter stream`;
    default:
      return '';
  }
}

function whyDead(reason: 'unparseable' | 'tooLarge'): string {
  return reason === 'tooLarge' ? 'it is too large to arrive in time, even alone' : 'it cannot be parsed';
}
