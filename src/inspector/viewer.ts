/**
 * One page that looks on, over a stream of server-sent events. What it does not read in time waits here, up to limits of bytes and of time; past
 * them it is dropped. Nobody ever waits for it but its own first messages.
 */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Dropped, ServerMessage, WatchRequest } from './protocol.js';

export interface ViewerLimits {
  /** Bytes that may wait for one viewer. */
  readonly maxWaiting: number;
  /** Milliseconds in which a viewer has to have read all that waited at some moment. */
  readonly maxStallMs: number;
}

export const VIEWER_LIMITS: ViewerLimits = { maxWaiting: 8 * 1024 * 1024, maxStallMs: 10_000 };

/** A message as it is sent; made once for all viewers. */
export function frameOf(message: ServerMessage): string {
  return `data: ${JSON.stringify(message)}\n\n`;
}

export class Viewer {
  readonly id = randomBytes(8).toString('hex');
  readonly #response: ServerResponse;
  readonly #limits: ViewerLimits;
  readonly #onGone: (dropped: Dropped | null) => void;
  /** What it wants to know more of; also of runtimes that are still to come. */
  watched: WatchRequest['actors'] = [];
  #stalledSince: number | undefined;
  #isGone = false;

  /** @param onGone called once; with why, when it was dropped */
  constructor(
    response: ServerResponse,
    limits: ViewerLimits,
    onGone: (viewer: Viewer, dropped: Dropped | null) => void,
  ) {
    this.#response = response;
    this.#limits = limits;
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

  /** Bytes that wait for it. */
  get waiting(): number {
    return this.#response.writableLength;
  }

  /** @param id becomes what the browser shows when it connects anew */
  send(frame: string, id?: string): void {
    if (this.#isGone) return;
    if (this.waiting === 0) this.#stalledSince = undefined;
    this.#response.write(id === undefined ? frame : `id: ${id}\n${frame}`);
    this.check();
  }

  /** Drops it if it does not read. */
  check(): void {
    if (this.#isGone) return;
    const { waiting } = this;
    if (waiting === 0) {
      this.#stalledSince = undefined;
      return;
    }
    const now = performance.now();
    this.#stalledSince ??= now;
    if (waiting <= this.#limits.maxWaiting && now - this.#stalledSince <= this.#limits.maxStallMs) return;
    this.#leave({ why: 'stalled', at: Date.now(), waiting });
    this.#response.destroy();
  }

  /** Resolves when nothing waits for it any more, or it is gone. */
  async drained(): Promise<void> {
    if (this.#isGone || !this.#response.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const over = () => {
        this.#response.off('drain', over);
        this.#response.off('close', over);
        resolve();
      };
      this.#response.on('drain', over);
      this.#response.on('close', over);
    });
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
