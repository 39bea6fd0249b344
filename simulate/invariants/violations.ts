export interface Violation {
  /** Milliseconds of the world. */
  readonly atMs: number;
  /** The clause of docs/reference/contract.md that is broken; '-' where something broke that no clause need mention. */
  readonly clause: string;
  readonly message: string;
}

export class Violations {
  readonly all: Violation[] = [];
  readonly #now: () => number;
  readonly #say: (text: string) => void;

  constructor(now: () => number, say: (text: string) => void) {
    this.#now = now;
    this.#say = say;
  }

  add(clause: string, message: string): void {
    this.all.push({ atMs: this.#now(), clause, message });
    this.#say(`*** ${clause}: ${message}`);
  }
}
