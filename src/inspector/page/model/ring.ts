/** The latest of many, oldest first. Older ones are let go of a quarter at a time, so that adding stays cheap. */
export class Ring<T> {
  readonly #most: number;
  #items: T[] = [];
  #dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  /** How many have been let go of: the first item is number so-and-so of all. */
  get dropped(): number {
    return this.#dropped;
  }

  push(...items: readonly T[]): void {
    for (const item of items) this.#items.push(item);
    if (this.#items.length <= this.#most * 1.25) return;
    const excess = this.#items.length - this.#most;
    this.#items = this.#items.slice(excess);
    this.#dropped += excess;
  }

  clear(): void {
    this.#items = [];
    this.#dropped = 0;
  }

  copy(): Ring<T> {
    const copy = new Ring<T>(this.#most);
    copy.#items = [...this.#items];
    copy.#dropped = this.#dropped;
    return copy;
  }
}
