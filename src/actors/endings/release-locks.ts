import { messageOf } from '../../core/errors.js';
import { factOf } from '../../machines/facts.js';
import type { EntryRef } from '../../redis/lease-store.js';
import { lengthOfText, textBatches } from '../../redis/text-batches.js';
import type { Kernel } from '../kernel.js';

/** Keeps the script below 5 ms. */
const BATCH = 500;

/** Releases the locks of entries that are no longer ours. A failure is no harm: they run out by themselves. */
export async function releaseLocks(kernel: Kernel, entries: readonly EntryRef[]): Promise<void> {
  const keys = entries.filter(({ name }) => name !== '').map(({ name, id }) => kernel.names.lock(name, id));
  if (keys.length === 0) return;
  try {
    for (const some of textBatches(keys, BATCH, lengthOfText)) await kernel.locks.release(some);
    kernel.seam.emit('locksReleased', { count: keys.length, error: null });
  } catch (error) {
    kernel.seam.emit('locksReleased', { count: keys.length, error: factOf(error).code });
    kernel.logger.debug({ count: keys.length, error: messageOf(error) }, 'locks were left to expire');
  }
}
