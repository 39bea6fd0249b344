/** Text at the end of a terminal that is replaced again and again. */
import type { HostOutput } from './host.js';
import { printableLines } from './printable.js';
import { cutTo } from './width.js';

export class LiveText {
  readonly #terminal: HostOutput;
  #drawnLines = 0;

  private constructor(terminal: HostOutput) {
    this.#terminal = terminal;
  }

  /** Undefined when the output goes elsewhere. */
  static onTerminal(output: HostOutput): LiveText | undefined {
    return output.isTTY ? new LiveText(output) : undefined;
  }

  /** Puts this text in the place of the one before. What does not fit on the terminal is cut off: it could not be erased. */
  show(text: string): void {
    this.erase();
    const { columns = 80, rows = 24 } = this.#terminal;
    const lines = printableLines(text)
      .split('\n')
      .slice(0, Math.max(1, rows - 1))
      .map((line) => cutTo(line, Math.max(20, columns - 1)));
    this.#terminal.write(`${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  erase(): void {
    // Up to where the text begins, and everything below it away.
    if (this.#drawnLines > 0) this.#terminal.write(`\x1b[${this.#drawnLines}A\x1b[0J`);
    this.#drawnLines = 0;
  }
}
