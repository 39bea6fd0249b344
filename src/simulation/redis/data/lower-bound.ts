import { compareIds, type StreamId } from './stream-id.js';

/** Position of the first item whose id is not below `id`. */
export function lowerBound(items: readonly { readonly id: StreamId }[], id: StreamId): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIds((items[middle] as { id: StreamId }).id, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
