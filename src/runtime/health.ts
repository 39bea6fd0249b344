import type { Consumer } from '../actors/consumer.js';
import { messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import type { Health } from './types.js';

function noConnection({ kernel }: Consumer): string {
  const { lastError } = kernel.connections.commands;
  return `no connection to Redis${lastError === undefined ? '' : `: ${redact(messageOf(lastError))}`}`;
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
    reasons.push(`taking over from dead owners is suspended since ${new Date(since).toISOString()}: ${why}`);
  }
  if (intake.isPaused) reasons.push('paused');
  const isReading = (state === 'running' || state === 'degraded') && lease.isConfirmed && !intake.isPaused;
  return { live: state !== 'failed', ready: isReading, reasons };
}
