/** Where Stately's inspector, or whatever else reads its format, connects: a websocket beside the page. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { ViewerLimits } from '../backlog.js';
import { Refusal } from '../refusal.js';
import type { StatelyFeed } from './feed.js';
import { StatelyViewer } from './viewer.js';

export const STATELY_PATH = '/stately';

const MOST_VIEWERS = 16;

/** Viewers have nothing to say. */
const MOST_HEARD_BYTES = 1_024;

export class StatelyEndpoint {
  readonly #limits: ViewerLimits;
  readonly #feeds: () => Iterable<StatelyFeed>;
  readonly #viewers = new Set<StatelyViewer>();
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // It costs more than it saves between two programs of one computer.
    perMessageDeflate: false,
    maxPayload: MOST_HEARD_BYTES,
  });

  /** @param feeds those of the runtimes that live now */
  constructor(limits: ViewerLimits, feeds: () => Iterable<StatelyFeed>) {
    this.#limits = limits;
    this.#feeds = feeds;
  }

  /**
   * Makes a websocket of a request that has been admitted.
   * @throws Refusal `NotFound`, `Busy`
   */
  accept(request: IncomingMessage, connection: Duplex, head: Buffer, path: string): void {
    if (path !== STATELY_PATH) throw new Refusal(404, 'NotFound', 'there is no websocket at this address');
    if (this.#viewers.size >= MOST_VIEWERS) {
      throw new Refusal(503, 'Busy', `expected at most ${MOST_VIEWERS} viewers, got: one more`);
    }
    this.#server.handleUpgrade(request, connection, head, (socket) => {
      const viewer = new StatelyViewer(socket, connection, this.#limits, (gone) => {
        this.#viewers.delete(gone);
        for (const feed of this.#feeds()) feed.remove(gone);
      });
      this.#viewers.add(viewer);
      for (const feed of this.#feeds()) void feed.add(viewer);
    });
  }

  /** A runtime has come. */
  present(feed: StatelyFeed): void {
    for (const viewer of this.#viewers) void feed.add(viewer);
  }

  /** Drops those that do not read, also of what they are told nothing. */
  check(): void {
    for (const viewer of this.#viewers) viewer.check();
  }

  close(withinMs: number): void {
    for (const viewer of [...this.#viewers]) viewer.close(withinMs);
  }
}
