/** A table whose rows are printed as they come, so that it may be longer than memory: its columns are as wide as they are said to be. */
import type { Output } from './output.js';
import { printable } from './printable.js';
import { padTo } from './width.js';

export interface Column {
  readonly heading: string;
  /** Longer cells push the rest of their row aside. Of the last column it does not matter. */
  readonly width: number;
}

export class Columns {
  readonly #output: Output;
  readonly #columns: readonly Column[];
  #isBegun = false;

  constructor(output: Output, columns: readonly Column[]) {
    this.#output = output;
    this.#columns = columns;
  }

  row(cells: readonly (string | number)[]): void {
    if (!this.#isBegun) this.#print(this.#columns.map(({ heading }) => heading));
    this.#isBegun = true;
    this.#print(cells);
  }

  #print(cells: readonly (string | number)[]): void {
    const padded = cells.map((cell, index) =>
      padTo(printable(String(cell)), this.#columns[index]?.width ?? 0),
    );
    this.#output.write(padded.join('  ').trimEnd());
  }
}
