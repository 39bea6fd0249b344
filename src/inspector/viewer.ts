/**
 * One page that looks on, over a stream of server-sent events. What it does not read in time waits here, up to limits of bytes and of time; past
 * them it is dropped. Nobody ever waits for it but its own first messages.
 */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Backlog, type ViewerLimits } from './backlog.js';
import type { Dropped, ServerMessage, WatchRequest } from './protocol.js';

/** A message as it is sent; made once for all viewers. */
export function frameOf(message: ServerMessage): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}

export class Viewer {
  readonly id = randomBytes(8).toString('hex');
  readonly #response: ServerResponse;
  readonly #backlog: Backlog;
  readonly #onGone: (dropped: Dropped | null) => void;
  /** What it wants to know more of; also of runtimes that are still to come. */
  watched: WatchRequest['actors'] = [];
  #isGone = false;

  /** @param onGone called once; with why, when it was dropped */
  constructor(
    response: ServerResponse,
    limits: ViewerLimits,
    onGone: (viewer: Viewer, dropped: Dropped | null) => void,
  ) {
    this.#response = response;
    this.#backlog = new Backlog(response, limits);
    this.#onGone = (dropped) => onGone(this, dropped);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    response.socket?.setNoDelay(true);
    response.on('close', () => this.#leave(null));
    response.on('error', () => this.#leave(null));
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** @param id becomes what the browser shows when it connects anew */
  send(frame: string, id?: string): void {
    this.check();
    if (this.#isGone) return;
    this.#response.write(id === undefined ? frame : `id: ${id}\n${frame}`);
    this.check();
  }

  /** Drops it if it does not read. */
  check(): void {
    if (this.#isGone || !this.#backlog.isPastLimits()) return;
    this.#leave({ why: 'stalled', at: Date.now(), waiting: this.#backlog.waiting });
    this.#response.destroy();
  }

  /** Resolves when nothing waits for it any more, or it is gone. */
  drained(): Promise<void> {
    return this.#backlog.drained();
  }

  close(): void {
    this.#leave(null);
    this.#response.end();
  }

  #leave(dropped: Dropped | null): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onGone(dropped);
  }
}
