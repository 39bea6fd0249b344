/** Which node serves which hash slot, as far as it is known. Corrected at once by redirections, as a whole by what nodes say. */
import slotOfKey from 'cluster-key-slot';
import type { ClusterView } from './cluster-view.js';

/** Hash slot of a key, 0 to 16383: of its hash tag where it has one. */
export function slotOf(key: string): number {
  return slotOfKey(key);
}

const SLOTS = 16_384;

export class SlotMap {
  #owners = new Array<string | undefined>(SLOTS);

  /** Address of the master that serves this slot; undefined while nobody has said. */
  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  /** Takes over what a node says of all slots. A slot that nobody serves keeps the owner it had: there is nobody better to ask. */
  learn({ nodes }: ClusterView): void {
    for (const { role, address, slots } of nodes) {
      if (role !== 'master') continue;
      for (const [from, to] of slots) this.#owners.fill(address, from, to + 1);
    }
  }

  /** A node answered `MOVED`: this slot is served by another one. */
  moved(slot: number, address: string): void {
    this.#owners[slot] = address;
  }
}
