import type { Consumer } from '../actors/consumer.js';
import { messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import { SETTLING_HEARTBEATS } from '../machines/reconciler.machine.js';
import type { Health } from './types.js';

function noConnection({ kernel }: Consumer): string {
  const { lastError } = kernel.connections.commands;
  return `no connection to Redis${lastError === undefined ? '' : `: ${redact(messageOf(lastError))}`}`;
}

/** Credentials that are refused for so long are wrong: it is no failover, and nobody's typing. In milliseconds; five heartbeats, if those are longer. */
const REFUSED_FOR_GOOD_MS = 30_000;

/** A failover passes sooner, in milliseconds. */
const LASTING_MS = 10_000;

/** Redis refuses the credentials, and this process has no others: one that is started with new ones may help. */
function needsOtherCredentials({ kernel }: Consumer): boolean {
  const { commands, isAsked } = kernel.connections;
  return !isAsked && commands.refusedForMs >= Math.max(REFUSED_FOR_GOOD_MS, 5 * kernel.settings.heartbeatMs);
}

/** Entries are read all the same: it is said, and makes nobody unready. */
const UNHEARD =
  'entries of data streams that are removed before they are read go unheard of, and lag is unknown: XINFO STREAM is not permitted';

/** So many entries of one name wait aside until that is said. */
const HOT = 100;

/** Names that are announced faster than they are worked on. Others are served all the same: it is said, and makes nobody unready. */
function hotNamesOf({ parking }: Consumer): string | undefined {
  const { count, hottest } = parking.heard;
  const hot = hottest.filter(({ parked }) => parked >= HOT);
  if (hot.length === 0) return undefined;
  const names = hot.map(({ name, parked }) => `${JSON.stringify(redact(name))} (${parked})`);
  return `${count} entries wait for names that are owned or paused, most of them for ${names.join(', ')}`;
}

/** Judges an incarnation for probes. An outage of Redis makes it unready, never unlive: a restart would not help. */
export function healthOf(consumer: Consumer): Health {
  const { state, lease, intake, reconciler, troubles } = consumer;
  const reasons = Object.entries(troubles).map(([child, why]) => `${child}: ${why}`);
  if (state !== 'running' && state !== 'degraded') reasons.push(`the consumer is ${state}`);
  if (!consumer.kernel.commands.isUp) reasons.push(noConnection(consumer));
  else if (!lease.isConfirmed) reasons.push('the lease is not confirmed');
  else if (reconciler.suspended !== null) {
    const { since, why } = reconciler.suspended;
    const graceMs = Math.round(SETTLING_HEARTBEATS * consumer.kernel.settings.heartbeatMs);
    const left = reconciler.isSettling
      ? `; that is over, and others get up to ${graceMs} ms to renew their leases`
      : '';
    reasons.push(
      `taking over from dead owners is suspended since ${new Date(since).toISOString()}: ${why}${left}`,
    );
  }
  const unsettled = consumer.topology?.unsettled;
  if (unsettled && consumer.kernel.clock.now() - unsettled.since >= LASTING_MS) {
    const since = new Date(unsettled.since).toISOString();
    reasons.push(`the cluster is not settled since ${since}: ${redact(unsettled.problems.join('; '))}`);
  }
  const isLockedOut = needsOtherCredentials(consumer);
  if (isLockedOut) reasons.push('Redis goes on refusing the credentials: start with others');
  const { trouble } = consumer.ledger.ids;
  if (trouble !== null) reasons.push(trouble);
  if (intake.isPaused) reasons.push('paused');
  if (consumer.dataReader.lag.isRefused) reasons.push(UNHEARD);
  const hot = hotNamesOf(consumer);
  if (hot !== undefined) reasons.push(hot);
  // Without a connection nothing can be read, and that is said already.
  const failing = consumer.kernel.commands.isUp ? intake.problem : null;
  if (failing !== null && troubles.intake === undefined) reasons.push(`reading fails: ${failing}`);
  const isRunning = state === 'running' || state === 'degraded';
  const isReading = isRunning && lease.isConfirmed && !intake.isPaused && intake.problem === null;
  return { live: state !== 'failed' && !isLockedOut, ready: isReading, reasons };
}
