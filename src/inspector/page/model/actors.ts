/** The actors of one runtime as they stand: rows by path, and who stands below whom. */
import type { ActorRow } from '../../protocol.js';
import { Ring } from './ring.js';

const MOST_ENDED = 1_000;

export class Actors {
  #rows = new Map<string, ActorRow>();
  #children = new Map<string | null, Set<string>>();
  #ended = new Ring<ActorRow>(MOST_ENDED);
  #endedCount = 0;
  #version = 0;

  /** Another number means that something changed. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** The latest that ended, oldest first, as they stood last. */
  get ended(): readonly ActorRow[] {
    return this.#ended.items;
  }

  /** How many have ended while this was looked at. */
  get endedCount(): number {
    return this.#endedCount;
  }

  get(path: string): ActorRow | undefined {
    return this.#rows.get(path);
  }

  /** The row of one that lives, or else of the last life of that path. */
  find(path: string): ActorRow | undefined {
    return this.#rows.get(path) ?? this.#ended.items.findLast((row) => row.path === path);
  }

  rows(): Iterable<ActorRow> {
    return this.#rows.values();
  }

  /** In the order in which they came. */
  childrenOf(path: string | null): readonly ActorRow[] {
    const rows: ActorRow[] = [];
    for (const child of this.#children.get(path) ?? []) {
      const row = this.#rows.get(child);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }

  countBelow(path: string): number {
    return this.#children.get(path)?.size ?? 0;
  }

  /** Those at the top: they have nobody above them, or nobody that is known. */
  tops(): readonly ActorRow[] {
    const tops: ActorRow[] = [];
    for (const parent of this.#children.keys()) {
      if (parent === null || !this.#rows.has(parent)) tops.push(...this.childrenOf(parent));
    }
    return tops;
  }

  put(row: ActorRow): void {
    const before = this.#rows.get(row.path);
    if (before !== undefined && before.parent !== row.parent) this.#leave(before);
    this.#rows.set(row.path, row);
    let siblings = this.#children.get(row.parent);
    if (siblings === undefined) {
      siblings = new Set();
      this.#children.set(row.parent, siblings);
    }
    siblings.add(row.path);
    this.#version += 1;
  }

  /** It lives no more. Its last row may be one that had never been told of. */
  end(row: ActorRow): void {
    const before = this.#rows.get(row.path);
    if (before !== undefined) {
      this.#leave(before);
      this.#rows.delete(row.path);
    }
    this.#ended.push(row);
    this.#endedCount += 1;
    this.#version += 1;
  }

  /** It had ended before this was looked at. */
  remember(row: ActorRow): void {
    this.#ended.push(row);
    this.#version += 1;
  }

  clear(): void {
    this.#rows.clear();
    this.#children.clear();
    this.#ended.clear();
    this.#endedCount = 0;
    this.#version += 1;
  }

  copy(): Actors {
    const copy = new Actors();
    copy.#rows = new Map(this.#rows);
    copy.#children = new Map([...this.#children].map(([parent, paths]) => [parent, new Set(paths)]));
    copy.#ended = this.#ended.copy();
    copy.#endedCount = this.#endedCount;
    copy.#version = this.#version;
    return copy;
  }

  #leave({ parent, path }: ActorRow): void {
    const siblings = this.#children.get(parent);
    siblings?.delete(path);
    if (siblings?.size === 0) this.#children.delete(parent);
  }
}
