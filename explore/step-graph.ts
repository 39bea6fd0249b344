/** Which state leads to which, in a few bytes each. States are numbered in the order in which they were found. */

class Numbers {
  #items = new Int32Array(1 << 16);
  length = 0;

  push(value: number): void {
    if (this.length === this.#items.length) {
      const larger = new Int32Array(this.#items.length * 2);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#items[index] as number;
  }
}

export class StepGraph {
  /** By state: from which it was found, and by which of its steps. */
  readonly #parents = new Numbers();
  readonly #positions = new Numbers();
  readonly #rests: number[] = [];
  /** Steps that happen sooner or later. */
  readonly #from = new Numbers();
  readonly #to = new Numbers();
  /** Steps of every kind. */
  size = 0;

  add(isAtRest: boolean, parent = -1, position = -1): void {
    if (isAtRest) this.#rests.push(this.#parents.length);
    this.#parents.push(parent);
    this.#positions.push(position);
  }

  connect(from: number, to: number, isOptional: boolean): void {
    this.size += 1;
    if (isOptional || from === to) return;
    this.#from.push(from);
    this.#to.push(to);
  }

  /** Positions of the steps that lead from the first state to this one. */
  pathTo(state: number): number[] {
    const path: number[] = [];
    for (let at = state; this.#parents.at(at) !== -1; at = this.#parents.at(at))
      path.push(this.#positions.at(at));
    return path.reverse();
  }

  /** The first state from which no state of rest can be reached by steps that are not optional. Undefined: there is none. */
  firstStuck(): number | undefined {
    const states = this.#parents.length;
    // Steps by the state that they lead to.
    const starts = new Int32Array(states + 1);
    for (let at = 0; at < this.#to.length; at += 1)
      starts[this.#to.at(at) + 1] = (starts[this.#to.at(at) + 1] as number) + 1;
    for (let state = 0; state < states; state += 1)
      starts[state + 1] = (starts[state + 1] as number) + (starts[state] as number);
    const next = starts.slice();
    const sources = new Int32Array(this.#from.length);
    for (let at = 0; at < this.#from.length; at += 1) {
      const to = this.#to.at(at);
      sources[next[to] as number] = this.#from.at(at);
      next[to] = (next[to] as number) + 1;
    }
    const reaches = new Uint8Array(states);
    const open = [...this.#rests];
    for (const state of open) reaches[state] = 1;
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      for (let at = starts[state] as number; at < (starts[state + 1] as number); at += 1) {
        const source = sources[at] as number;
        if (reaches[source] === 1) continue;
        reaches[source] = 1;
        open.push(source);
      }
    }
    const stuck = reaches.indexOf(0);
    return stuck === -1 ? undefined : stuck;
  }
}
