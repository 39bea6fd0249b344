/** One websocket that is told messages, a frame each. It is dropped as a page is that does not read. */
import type { Duplex } from 'node:stream';
import { Backlog, type ViewerLimits } from '../backlog.js';

/** Close codes of RFC 6455, section 7.4.1. */
const GOING_AWAY = 1001;

/** What is used of a websocket: the types of `ws` are not among what applications get with this package. */
interface Channel {
  send(text: string): void;
  close(code: number): void;
  terminate(): void;
  on(event: 'close' | 'error', listener: () => void): unknown;
}

export class StatelyViewer {
  readonly #channel: Channel;
  readonly #connection: Duplex;
  readonly #backlog: Backlog;
  readonly #onGone: () => void;
  #isGone = false;

  /**
   * @param channel a websocket
   * @param connection what it writes to
   * @param onGone called once
   */
  constructor(
    channel: Channel,
    connection: Duplex,
    limits: ViewerLimits,
    onGone: (viewer: StatelyViewer) => void,
  ) {
    this.#channel = channel;
    this.#connection = connection;
    this.#backlog = new Backlog(connection, limits);
    this.#onGone = () => onGone(this);
    channel.on('close', () => this.#leave());
    // What it sends is against the limits, or no websocket frame: ws closes the connection.
    channel.on('error', () => this.#leave());
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  send(texts: readonly string[]): void {
    this.check();
    if (this.#isGone || texts.length === 0) return;
    // Many small frames, one write.
    this.#connection.cork();
    for (const text of texts) this.#channel.send(text);
    this.#connection.uncork();
    this.check();
  }

  /** Drops it if it does not read. */
  check(): void {
    if (this.#isGone || !this.#backlog.isPastLimits()) return;
    this.#leave();
    this.#channel.terminate();
  }

  /** Resolves when nothing waits for it any more, or it is gone. */
  drained(): Promise<void> {
    return this.#backlog.drained();
  }

  /** @param withinMs the viewer gets so long to answer, in milliseconds */
  close(withinMs: number): void {
    this.#leave();
    this.#channel.close(GOING_AWAY);
    setTimeout(() => this.#channel.terminate(), withinMs).unref();
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onGone();
  }
}
