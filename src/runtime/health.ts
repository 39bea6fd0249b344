import type { Consumer } from '../actors/consumer.js';
import type { Health } from './types.js';

/** Judges an incarnation for probes. An outage of Redis makes it unready, never unlive: a restart would not help. */
export function healthOf(consumer: Consumer): Health {
  const { state, lease, intake, reconciler, troubles } = consumer;
  const reasons = Object.entries(troubles).map(([child, why]) => `${child}: ${why}`);
  if (state !== 'running' && state !== 'degraded') reasons.push(`the consumer is ${state}`);
  if (!consumer.kernel.commands.isUp) reasons.push('no connection to Redis');
  else if (!lease.isConfirmed) reasons.push('the lease is not confirmed');
  else if (reconciler.suspended !== null) {
    const { since, why } = reconciler.suspended;
    reasons.push(`taking over from dead owners is suspended since ${new Date(since).toISOString()}: ${why}`);
  }
  if (intake.isPaused) reasons.push('paused');
  const isReading = (state === 'running' || state === 'degraded') && lease.isConfirmed && !intake.isPaused;
  return { live: state !== 'failed', ready: isReading, reasons };
}
