/** Everybody who looks on. */
import type { ServerResponse } from 'node:http';
import type { ViewerLimits } from './backlog.js';
import type { Dropped } from './protocol.js';
import { Refusal } from './refusal.js';
import { Viewer } from './viewer.js';

const MOST_VIEWERS = 16;

/** Dropped ones that are remembered. */
const MOST_DROPPED = 64;

export class Viewers implements Iterable<Viewer> {
  readonly #limits: ViewerLimits;
  readonly #onGone: (viewer: Viewer) => void;
  readonly #byId = new Map<string, Viewer>();
  readonly #dropped = new Map<string, Dropped>();

  constructor(limits: ViewerLimits, onGone: (viewer: Viewer) => void) {
    this.#limits = limits;
    this.#onGone = onGone;
  }

  [Symbol.iterator](): Iterator<Viewer> {
    return this.#byId.values();
  }

  /** @throws Refusal `Busy` */
  add(response: ServerResponse): Viewer {
    if (this.#byId.size >= MOST_VIEWERS) {
      throw new Refusal(503, 'Busy', `expected at most ${MOST_VIEWERS} viewers, got: one more`);
    }
    const viewer = new Viewer(response, this.#limits, (gone, dropped) => {
      this.#byId.delete(gone.id);
      if (dropped !== null) this.#remember(gone.id, dropped);
      this.#onGone(gone);
    });
    this.#byId.set(viewer.id, viewer);
    return viewer;
  }

  /** @throws Refusal `NotFound` */
  get(id: string): Viewer {
    const viewer = this.#byId.get(id);
    if (viewer === undefined) throw new Refusal(404, 'NotFound', 'there is no such viewer any more');
    return viewer;
  }

  /** Why a viewer was dropped that comes again; told once. */
  takeDropped(id: string): Dropped | null {
    const dropped = this.#dropped.get(id) ?? null;
    this.#dropped.delete(id);
    return dropped;
  }

  #remember(id: string, dropped: Dropped): void {
    this.#dropped.set(id, dropped);
    const [oldest] = this.#dropped.keys();
    if (this.#dropped.size > MOST_DROPPED && oldest !== undefined) this.#dropped.delete(oldest);
  }
}
