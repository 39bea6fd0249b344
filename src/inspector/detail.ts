/** One actor as one viewer watches it: a recording of that actor alone, sent as it grows. */
import { LineWriter } from '../replay/line-writer.js';
import type { Entry } from '../replay/tap.js';
import { takenBy } from './taken.js';
import type { Viewer } from './viewer.js';

/** Entries in one message; of more, the oldest are left out. */
const MOST_AT_ONCE = 200;

export class Detail {
  readonly #viewer: Viewer;
  readonly #runtime: string;
  readonly #actor: string;
  readonly #writer = new LineWriter('omit');
  #waiting: Entry[] = [];
  #skipped = 0;

  constructor(viewer: Viewer, runtime: string, actor: string) {
    this.#viewer = viewer;
    this.#runtime = runtime;
    this.#actor = actor;
  }

  /** What is remembered of it, oldest first. */
  begin(history: readonly Entry[]): void {
    this.#send(history, 0, true);
  }

  hear(entry: Entry): void {
    this.#waiting.push(entry);
    // Half at a time: taking out one at the front moves all others.
    if (this.#waiting.length >= MOST_AT_ONCE * 2) {
      this.#skipped += MOST_AT_ONCE;
      this.#waiting = this.#waiting.slice(MOST_AT_ONCE);
    }
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const sent = this.#waiting.slice(-MOST_AT_ONCE);
    const skipped = this.#skipped + this.#waiting.length - sent.length;
    this.#waiting = [];
    this.#skipped = 0;
    this.#send(sent, skipped, false);
  }

  #send(entries: readonly Entry[], skipped: number, isHistory: boolean): void {
    // Lines are JSON already: what was left out before one is noticed by the writer, which introduces the actor anew.
    const lines = entries.flatMap((entry) => this.#writer.linesOf(entry).trimEnd().split('\n')).join(',');
    const taken: Record<number, readonly string[]> = {};
    for (const entry of entries) {
      const ids = entry.kind === 'event' ? takenBy(entry) : null;
      if (ids !== null) taken[entry.seq] = ids;
    }
    const head = JSON.stringify({
      kind: 'detail',
      runtime: this.#runtime,
      actor: this.#actor,
      skipped,
      isHistory,
      taken,
    });
    this.#viewer.send(`data: ${head.slice(0, -1)},"lines":[${lines}]}\n\n`);
  }
}
