/** Who has what, as far as the consumers' own lines tell: for the live view. The summary is computed from the history. */
import type { JsonLine } from '../../testing/json-line-log.js';

export type ConsumerState = 'starting' | 'running' | 'killed' | 'stopping' | 'stopped';

interface Row {
  state: ConsumerState;
  readonly streams: Set<string>;
}

/** A stream that got its next owner. */
export interface Move {
  readonly stream: string;
  readonly from: string;
  readonly to: string;
  /** From the kill or the request to stop to the next owner, in milliseconds. */
  readonly ms: number;
}

interface Orphan {
  readonly from: string;
  readonly since: number;
}

export class Board {
  readonly #rows = new Map<string, Row>();
  readonly #orphans = new Map<string, Orphan>();
  announced = 0;
  finished = 0;
  /** Entries of all streams. */
  handled = 0;

  get rows(): ReadonlyMap<string, { readonly state: ConsumerState; readonly streams: ReadonlySet<string> }> {
    return this.#rows;
  }

  /** Streams that had an owner and wait for the next one. */
  get orphans(): number {
    return this.#orphans.size;
  }

  get owned(): number {
    return [...this.#rows.values()].reduce((sum, { streams }) => sum + streams.size, 0);
  }

  add(id: string): void {
    this.#rows.set(id, { state: 'starting', streams: new Set() });
  }

  /** Its streams are without an owner from now on, or soon will be. */
  leaves(id: string, state: 'killed' | 'stopping', at: number): number {
    const row = this.#row(id);
    row.state = state;
    for (const stream of row.streams) this.#orphans.set(stream, { from: id, since: at });
    const { size } = row.streams;
    if (state === 'killed') row.streams.clear();
    return size;
  }

  hear(id: string, line: JsonLine): Move | undefined {
    const row = this.#row(id);
    const stream = String(line.stream);
    switch (line.type) {
      case 'Ready':
        row.state = 'running';
        return undefined;
      case 'StreamAdded': {
        row.streams.add(stream);
        const orphan = this.#orphans.get(stream);
        this.#orphans.delete(stream);
        return orphan && { stream, from: orphan.from, to: id, ms: Math.max(0, line.at - orphan.since) };
      }
      case 'EntryHandled':
        this.handled += 1;
        return undefined;
      case 'EntriesEnded':
        this.finished += 1;
        row.streams.delete(stream);
        this.#orphans.delete(stream);
        return undefined;
      case 'StreamDisowned':
        row.streams.delete(stream);
        return undefined;
      case 'Stopped':
        row.state = 'stopped';
        row.streams.clear();
        return undefined;
      default:
        return undefined;
    }
  }

  /** Of those that run, the one with the most streams; undefined when none runs. */
  busiest(): string | undefined {
    return [...this.#rows]
      .filter(([, { state }]) => state === 'running')
      .sort(([, a], [, b]) => b.streams.size - a.streams.size)[0]?.[0];
  }

  #row(id: string): Row {
    const row = this.#rows.get(id);
    if (row === undefined) throw new Error(`expected a consumer of the demo, got: ${id}`);
    return row;
  }
}
