/** Counts names, and tells those that are the most frequent. */
import type { LetterGroup } from '../protocol.js';

/** Errors may have as many names as their application likes. */
const MOST_TOLD = 50;

export class GroupCount {
  readonly #counts = new Map<string | null, number>();

  add(name: string | null): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  told(): LetterGroup[] {
    return [...this.#counts]
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => b.count - a.count)
      .slice(0, MOST_TOLD);
  }
}
