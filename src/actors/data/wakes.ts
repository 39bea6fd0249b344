/**
 * Hears of data streams of this process that have been appended to: a blocking read of the stream that whoever appends adds their names to, on a connection of its
 * own, for as long as somebody iterates. A hint and nothing else: a wake that is lost costs the time until the stream is looked at anyway. So reading
 * begins with what comes from now on, whatever came before.
 */
import { isStreamwardenError, messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { withDeadline } from '../../redis/deadline.js';
import { isMisplaced, isPassing, redisError, unanswered } from '../../redis/reply-errors.js';
import { type Kernel, pause } from '../kernel.js';

/** What comes from now on. */
const NEW = '$';
/** Longest read, in milliseconds: whoever moves the stream, or its clock, is followed after that. */
const BLOCK_MS = 5000;
const MOST_AT_ONCE = 1000;
/** After a failure, in milliseconds. */
const AGAIN_MS = 100;
/** After Redis has refused for good: a right may be granted meanwhile. In milliseconds. */
const REFUSED_MS = 60_000;

type ReadReply = [key: string, entries: [id: string, fields: string[]][]][] | null;

export class Wakes {
  readonly #kernel: Kernel;
  readonly #woken: (dataStream: string) => void;
  readonly #key: string;
  /** Of those who wait for entries now; undefined: nobody does. */
  #run: object | undefined;
  /** What was heard of last; `NEW`: nothing since reading began. */
  #after = NEW;
  #isRefused = false;
  /** Wakes that this process has heard. */
  heard = 0;

  /** @param woken told the name of a data stream, which this process may not own any more */
  constructor(kernel: Kernel, woken: (dataStream: string) => void) {
    this.#kernel = kernel;
    this.#woken = woken;
    this.#key = kernel.names.wakes(kernel.consumer);
  }

  get isListening(): boolean {
    return this.#run !== undefined;
  }

  /** @param onError gets what no outage, and no missing right, explains; nobody listens then */
  start(onError: (error: unknown) => void): void {
    if (this.#run !== undefined) return;
    const run = {};
    this.#run = run;
    this.#listen(run).catch((error: unknown) => {
      if (this.#run !== run) return;
      this.stop();
      onError(error);
    });
  }

  stop(): void {
    if (this.#run === undefined) return;
    this.#run = undefined;
    this.#kernel.connections.waker.rest(new Error('nobody waits for entries'));
  }

  async #listen(run: object): Promise<void> {
    const { ended } = this.#kernel;
    this.#after = NEW;
    while (this.#run === run && !ended.aborted) {
      try {
        const names = await this.#read();
        if (this.#run === run) this.#tell(names);
      } catch (error) {
        if (this.#run !== run || ended.aborted) return;
        const isRefusal = isStreamwardenError(error) && !isPassing(error);
        if (isRefusal) this.#refused(error);
        else if (!isStreamwardenError(error)) throw error;
        await pause(this.#kernel, isRefusal ? REFUSED_MS : AGAIN_MS);
      }
    }
  }

  /** A user that was given its rights before this was needed, say. */
  #refused(error: unknown): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#kernel.logger.warn(
      { error: redact(messageOf(error)) },
      'wakes cannot be heard: entries that are appended are found when their streams are looked at',
    );
  }

  #tell(names: ReadonlySet<string>): void {
    for (const name of names) {
      this.heard += 1;
      this.#woken(name);
    }
  }

  async #read(): Promise<ReadonlySet<string>> {
    const { clock, connections, settings } = this.#kernel;
    const { waker } = connections;
    await this.#up();
    const client = waker.client('XREAD');
    const ms = BLOCK_MS + Math.max(1000, settings.heartbeatMs);
    const reading = client.xread('COUNT', MOST_AT_ONCE, 'BLOCK', BLOCK_MS, 'STREAMS', this.#key, this.#after);
    try {
      const reply = (await withDeadline(clock, ms, reading, () => unanswered('XREAD'))) as ReadReply;
      return this.#names(reply);
    } catch (thrown) {
      const error = redisError(thrown, 'XREAD', true);
      if (error.code === 'RedisUnavailable' || isMisplaced(error)) waker.giveUp(client, error);
      throw error;
    }
  }

  /** An attempt that fails is made again by the link. */
  async #up(): Promise<void> {
    const { waker } = this.#kernel.connections;
    try {
      await waker.whenUp();
    } catch (error) {
      throw redisError(error, 'XREAD', false);
    }
  }

  #names(reply: ReadReply): Set<string> {
    const names = new Set<string>();
    // Where Redis's clock was set back, what comes after this is older than what came before.
    if (reply === null) this.#after = NEW;
    for (const [, entries] of reply ?? []) {
      for (const [id, fields] of entries) {
        this.#after = id;
        const [field, name] = fields;
        if (field === 'stream' && name !== undefined) names.add(name);
      }
    }
    return names;
  }
}
