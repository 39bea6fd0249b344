/** How far a command has come, for somebody who watches: one line on stderr that is written over again and again. */
import type { HostOutput } from './host.js';
import type { Output } from './output.js';

const EVERY_MS = 100;

export class Progress implements Disposable {
  readonly #total: string;
  readonly #stderr: HostOutput;
  readonly #isSeen: boolean;
  #shownAt = Number.NEGATIVE_INFINITY;
  #isShown = false;

  /** @param total undefined: nobody knows */
  constructor(total: number | undefined, { json, host: { stdout, stderr } }: Output) {
    // Where JSON lines go by, they are the progress.
    this.#isSeen = Boolean(stderr.isTTY) && !(json && stdout.isTTY);
    this.#stderr = stderr;
    this.#total = total === undefined ? '' : ` of ${total}`;
  }

  show(done: number): void {
    if (!this.#isSeen) return;
    const now = performance.now();
    if (now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    this.#isShown = true;
    this.#stderr.write(`\r${done}${this.#total}`);
  }

  [Symbol.dispose](): void {
    if (this.#isShown) this.#stderr.write('\r\x1b[K');
  }
}
