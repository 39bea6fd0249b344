/** Writes marks beside pending entries of ours: what becomes of their counts (`redis/marks.ts`). As many at a time as keep Redis below 2 ms. */
import { compareEntryIds } from '../../core/entry-id.js';
import type { Kernel } from '../kernel.js';
import type { Lease } from './lease.js';

const BATCH = 200;

export class Marker {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #vanished: (ids: readonly string[]) => void;

  /** @param vanished told of what was pending for us, and is not any more: somebody else has deleted its payload */
  constructor(kernel: Kernel, lease: Lease, vanished: (ids: readonly string[]) => void) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#vanished = vanished;
  }

  /** Rejects when Redis fails: some of them may have the mark then. */
  async mark(entries: readonly { readonly id: string }[], mark: number): Promise<void> {
    const all = entries.map(({ id }) => id).sort(compareEntryIds);
    for (let at = 0; at < all.length; at += BATCH) {
      try {
        const gone = await this.#kernel.lease.mark(all.slice(at, at + BATCH), mark);
        if (gone.length > 0) this.#vanished(gone);
      } catch (error) {
        this.#lease.report(error);
        throw error;
      }
    }
  }
}
