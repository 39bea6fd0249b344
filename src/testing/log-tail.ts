/** Keeps the end of what a process wrote, within a bound: a chatty server must not fill a test's memory. */
export class LogTail {
  readonly #maxLength: number;
  readonly #watchers = new Set<(text: string) => void>();
  #text = '';

  constructor(maxLength = 64 * 1024) {
    this.#maxLength = maxLength;
  }

  get text(): string {
    return this.#text;
  }

  append(chunk: string): void {
    this.#text = `${this.#text}${chunk}`.slice(-this.#maxLength);
    for (const watcher of this.#watchers) watcher(this.#text);
  }

  clear(): void {
    this.#text = '';
  }

  /** Calls `watcher` with the whole kept text, whenever it has grown, until the returned function is called. */
  watch(watcher: (text: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
