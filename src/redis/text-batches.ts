/**
 * Cuts what goes into one command into pieces that hold up no heartbeat, which is sent behind them on the same connection: by their number, and by
 * the length of the names in them, which producers choose.
 */

/** Characters of names, or of lock keys, in one command; a single one may have more. What is no longer arrives wherever heartbeats do. */
const MOST_TEXT = 65_536;

/**
 * Where the piece that begins at `from` ends: at `most` items at the latest.
 *
 * @param lengthOf characters that an item has in the command
 */
export function batchEnd<T>(
  items: readonly T[],
  from: number,
  most: number,
  lengthOf: (item: T) => number,
): number {
  const end = Math.min(items.length, from + most);
  let length = 0;
  for (let at = from; at < end; at += 1) {
    length += lengthOf(items[at] as T);
    if (length > MOST_TEXT && at > from) return at;
  }
  return end;
}

/** All of them, piece by piece, in their order. */
export function* textBatches<T>(
  items: readonly T[],
  most: number,
  lengthOf: (item: T) => number,
): Generator<readonly T[], void, undefined> {
  for (let at = 0; at < items.length; ) {
    const end = batchEnd(items, at, most, lengthOf);
    yield items.slice(at, end);
    at = end;
  }
}

export function lengthOfName({ name }: { readonly name: string }): number {
  return name.length;
}

export function lengthOfLock({ lockKey }: { readonly lockKey: string }): number {
  return lockKey.length;
}

export function lengthOfText(text: string): number {
  return text.length;
}
