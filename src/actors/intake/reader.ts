/**
 * The connection on which entries are read: parked reads and how they are ended, and how much is asked for. A parked read waits for what comes, and brings two
 * entries at most: one came, and nothing more waits; two came, and more may wait.
 */
import { messageOf } from '../../core/errors.js';
import { withDeadline } from '../../redis/deadline.js';
import type { RawEntry } from '../../redis/entry.js';
import { PageSize } from '../../redis/page-size.js';
import { isMisplaced, redisError, unanswered } from '../../redis/reply-errors.js';
import { entriesRead, type ReadReply } from '../../redis/taking.js';
import type { Kernel } from '../kernel.js';

/** Entries that a parked read brings at most: the second one says that more may wait. */
const PARKED_COUNT = 2;
/** Longest parked read: what an unblock that went astray can cost. */
const MAX_BLOCK_MS = 5000;
const UNBLOCK_EVERY_MS = 25;
/** Taken for the size of an entry before one has been read. */
const FIRST_ENTRY_BYTES = 4096;
/** Asked for what is pending after this, Redis answers with nothing. (The very last id would mean '>'.) */
const NEWEST_ID = '18446744073709551615-18446744073709551614';

export interface ParkedRead {
  readonly entries: RawEntry[];
  /** It brought as many as were asked for. */
  readonly isFull: boolean;
}

export class Reader {
  readonly #kernel: Kernel;
  readonly #answered: () => void;
  #id: { epoch: number; id: number } | undefined;
  /** How many bytes a read may bring. How long one takes is not known, as it is parked: only one that fails says something. */
  readonly #pages = new PageSize(0);
  /** About how many bytes an entry has. */
  #entryBytes = FIRST_ENTRY_BYTES;
  #isParked = false;

  /** @param answered told when a connection that reading may have failed on answers */
  constructor(kernel: Kernel, answered: () => void) {
    this.#kernel = kernel;
    this.#answered = answered;
  }

  /** A read waits for entries. */
  get isParked(): boolean {
    return this.#isParked;
  }

  /** How long a parked read waits, in milliseconds. */
  get blockMs(): number {
    return Math.min(MAX_BLOCK_MS, this.#kernel.settings.heartbeatMs * 2);
  }

  /**
   * How many entries are asked for where there is room for so many. Redis counts entries and not bytes, so it goes by how large those before were; at first few
   * are.
   */
  count(room: number): number {
    return Math.min(room, Math.max(1, Math.floor(this.#pages.bytes / this.#entryBytes)));
  }

  arrived(entries: readonly RawEntry[]): void {
    if (entries.length === 0) return;
    let bytes = 0;
    for (const { fields } of entries) for (const text of fields) bytes += text.length;
    // Larger ones count at once, smaller ones by and by.
    this.#entryBytes = Math.max(1, bytes / entries.length, this.#entryBytes / 2);
    this.#pages.arrived(bytes, 0);
  }

  /** Heartbeats, or answers to reads, do not arrive in time: less is asked for at a time. */
  slowDown(): void {
    this.#pages.shrink();
  }

  /** The next read is preceded by one that does not park: its answer says that reading works again. */
  forget(): void {
    this.#id = undefined;
  }

  /** Asks a new connection for its number, by which a read that is parked on it is ended. */
  async introduce(): Promise<void> {
    const { connections, names, consumer } = this.#kernel;
    const link = connections.reader;
    const { epoch } = link;
    if (this.#id?.epoch === epoch) return;
    const client = link.client('XREADGROUP');
    const { blockMs } = this;
    const id = await this.#deadline(client.client('ID'), epoch, blockMs);
    // Until Redis 7.2 a parked read does not list its consumer in the group, and who is not listed is not among the living of whom
    // one sweeps. A look at what is pending does.
    const { group, lbs } = names;
    const look = client.xreadgroup('GROUP', group, consumer, 'COUNT', 1, 'STREAMS', lbs, NEWEST_ID);
    await this.#deadline(look, epoch, blockMs);
    this.#id = { epoch, id };
    this.#answered();
  }

  /** Waits for entries, where there are none. @param room how many there may be */
  async park(room: number): Promise<ParkedRead> {
    const count = this.count(Math.min(PARKED_COUNT, room));
    this.#isParked = true;
    try {
      const entries = await this.#read(count);
      return { entries, isFull: entries.length >= count };
    } finally {
      this.#isParked = false;
    }
  }

  async #read(count: number): Promise<RawEntry[]> {
    const { connections, names, consumer } = this.#kernel;
    const link = connections.reader;
    const { epoch } = link;
    const client = link.client('XREADGROUP');
    const { blockMs } = this;
    const reply = (await this.#deadline(
      client.xreadgroup(
        'GROUP',
        names.group,
        consumer,
        'COUNT',
        count,
        'BLOCK',
        blockMs,
        'STREAMS',
        names.lbs,
        '>',
      ),
      epoch,
      // A parked read that is not answered past its time sits on a connection that is dead.
      blockMs + Math.max(1000, this.#kernel.settings.heartbeatMs),
    )) as ReadReply;
    const arrived = entriesRead(reply);
    this.arrived(arrived);
    return arrived;
  }

  /** A reader that gets no answer at all sits on a connection that is dead, whatever it looks like. */
  async #deadline<T>(reply: Promise<T>, epoch: number, ms: number): Promise<T> {
    const { clock, connections } = this.#kernel;
    try {
      return await withDeadline(clock, ms, reply, () => unanswered('XREADGROUP'));
    } catch (thrown) {
      const error = redisError(thrown, 'XREADGROUP', true);
      const isUseless = error.code === 'RedisUnavailable' || isMisplaced(error);
      if (isUseless && connections.reader.epoch === epoch) connections.reader.replace(error);
      throw error;
    }
  }

  /**
   * Has Redis answer the parked read with nothing, and waits until whatever it did answer has been dealt with. Asked again and again: a
   * read that was just on its way parks after the first asking.
   *
   * @param turn the read under way, and what is done with its answer
   */
  async unpark(turn: Promise<void>): Promise<void> {
    const { connections, commands, logger, clock } = this.#kernel;
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    turn.then(over, over);
    while (!isOver && !this.#kernel.ended.aborted) {
      const reader = this.#id;
      if (reader?.epoch === connections.reader.epoch && connections.reader.isUp && commands.isUp) {
        try {
          await commands.run('CLIENT UNBLOCK', (client) => client.client('UNBLOCK', reader.id));
        } catch (error) {
          logger.debug({ error: messageOf(error) }, 'the parked read could not be ended; it ends by itself');
        }
      }
      await Promise.race([
        turn.catch(() => {}),
        new Promise<void>((resolve) => clock.setTimeout(resolve, UNBLOCK_EVERY_MS)),
      ]);
    }
  }
}
