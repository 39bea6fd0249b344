/**
 * What happens while a viewer is still being shown the actors: kept for it, and told when all have been shown. Where that becomes much, only the last of
 * each actor is kept.
 */

/** The messages of one step. */
export interface Telling {
  /** Of the actor that it is about. */
  readonly session: string;
  readonly texts: readonly string[];
}

/** Steps that are kept, at least. */
const MOST_KEPT = 4_000;

export class Newcomer {
  /** Actors that it has been shown; undefined: all of them. */
  #known: Set<string> | undefined = new Set();
  #missed: Telling[] = [];
  #limit = MOST_KEPT;

  get hasMissed(): boolean {
    return this.#missed.length > 0;
  }

  shown(session: string): void {
    this.#known?.add(session);
  }

  /** Whatever begins from now on is new to it. */
  shownAll(): void {
    this.#known = undefined;
  }

  miss(tellings: readonly Telling[]): void {
    for (const telling of tellings) {
      // An actor that it has not been shown yet will be shown as it stands then.
      if (this.#known === undefined || this.#known.has(telling.session)) this.#missed.push(telling);
    }
    if (this.#missed.length <= this.#limit) return;
    this.#missed = [...new Map(this.#missed.map((telling) => [telling.session, telling])).values()];
    this.#limit = Math.max(MOST_KEPT, this.#missed.length * 2);
  }

  /** Takes the oldest ones out. */
  take(count: number): string[] {
    return this.#missed.splice(0, count).flatMap(({ texts }) => texts);
  }
}
