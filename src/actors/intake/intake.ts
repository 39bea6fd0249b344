/**
 * Reads the load balancer stream, on a connection of its own. A parked read waits for what comes, and brings two entries at most: one came, and nothing more waits;
 * two came, and more may wait. That is taken by the script `take`, which gives as much as this process's fair part is (`fair-share.ts`), in modest chunks.
 */
import type { Bell } from '../../core/bell.js';
import { messageOf, StreamwardenError } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { factOf } from '../../machines/facts.js';
import { withDeadline } from '../../redis/deadline.js';
import type { RawEntry } from '../../redis/entry.js';
import { PageSize } from '../../redis/page-size.js';
import {
  isElsewhere,
  isMisplaced,
  isPassing,
  mayHaveExecuted,
  neverSent,
  redisError,
  replyOf,
  unanswered,
} from '../../redis/reply-errors.js';
import { entriesRead, type ReadReply, type Taken } from '../../redis/taking.js';
import type { Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import { recreateGroup } from '../lease/verifier.js';
import type { Ownerships } from '../ownerships.js';
import { ACQUIRE_BATCH, type Acquirer } from './acquirer.js';
import { FairShare } from './fair-share.js';

/** Entries that a parked read brings at most: the second one says that more may wait. */
const PARKED_COUNT = 2;
/** Longest parked read: what an unblock that went astray can cost. */
const MAX_BLOCK_MS = 5000;
const UNBLOCK_EVERY_MS = 25;
/** Taken for the size of an entry before one has been read. */
const FIRST_ENTRY_BYTES = 4096;
/** Asked for what is pending after this, Redis answers with nothing. (The very last id would mean '>'.) */
const NEWEST_ID = '18446744073709551615-18446744073709551614';
/** So many entries may wait for their names where the capacity is smaller: few streams are owned, and yet nothing is held up. */
const MAX_WAITING = 1000;

export interface OwnLoad {
  /** What this process says of its load; null: streams are counted. */
  load(): number | null;
  /** How many of its streams are on their way to others. */
  leaving(): number;
}

export class Intake {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #acquirer: Acquirer;
  readonly #share: FairShare;
  /** Rings when something that reading waits for may have changed. */
  readonly bell: Bell;
  #capacity: number;
  #isPaused = false;
  #isStopping = false;
  #readerId: { epoch: number; id: number } | undefined;
  #failures = 0;
  /** How many bytes a read may bring. How long one takes is not known, as it is parked: only one that fails says something. */
  readonly #pages = new PageSize(0);
  /** About how many bytes an entry has. */
  #entryBytes = FIRST_ENTRY_BYTES;
  #running: Promise<void> | undefined;
  /** The read under way, and what is done with its answer. */
  #turn: Promise<void> | undefined;
  /** What reading is to fail with at its next turn. */
  #fault: { readonly error: unknown } | undefined;
  #runs = 0;
  #problem: { readonly what: string; readonly isPassing: boolean } | null = null;
  /** A heartbeat has been answered since entries were asked for last, and something may wait. */
  #isTakeDue = false;
  /** When entries were asked for last, by the monotonic clock. */
  #tookAt = Number.NEGATIVE_INFINITY;
  /** So many more are its part, by the last answer of `take`: they are read without asking again, until a heartbeat may have brought what is another part. */
  #granted = 0;
  /** Others have more room, and nothing is read before the next heartbeat. */
  #standsBack = false;
  /** A read waits for entries. */
  #isParked = false;

  constructor(
    kernel: Kernel,
    lease: Lease,
    ownerships: Ownerships,
    acquirer: Acquirer,
    { load, leaving }: OwnLoad,
  ) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#acquirer = acquirer;
    this.#capacity = kernel.settings.capacity;
    this.#share = new FairShare(kernel, load, () => ownerships.owned + acquirer.heldBack - leaving());
    this.bell = ownerships.changed;
    kernel.ended.addEventListener('abort', () => this.bell.ring());
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Lowers or restores how many streams are owned at most. What is owned already stays. */
  set capacity(capacity: number) {
    const isLower = capacity < this.#capacity;
    this.#capacity = capacity;
    // A parked read asks for as much as there was room for before.
    if (isLower) void this.#unpark();
    else this.bell.ring();
  }

  /** Why the last read failed; null: it did not, or none has been tried yet. */
  get problem(): string | null {
    return this.#problem?.what ?? null;
  }

  /** Id of an entry up to which everything had been given out when that was asked last; '': it is not known. */
  get givenOut(): string {
    return this.#share.givenOut;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * Reads until it is stopped or the incarnation ends.
   * @throws StreamwardenError `ReadRetriesExhausted`; anything unexpected, for the supervisor
   */
  run(): Promise<void> {
    this.#runs += 1;
    // What was read when it failed is still pending for us: adopt it.
    if (this.#runs > 1 || this.#fault) this.#lease.verify('intake started again');
    this.#fault = undefined;
    this.#running = this.#loop();
    return this.#running;
  }

  /** Entries that were delivered could not be adopted, and that was no outage: reading fails with this error. */
  fail(error: unknown): void {
    this.#fault ??= { error };
    void this.#unpark();
  }

  /** Ends the parked read without losing what it may just be answered with. Resolves when no read is under way. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#unpark();
    await this.#running?.catch(() => {});
  }

  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#unpark();
  }

  resume(): void {
    this.#isPaused = false;
    this.bell.ring();
  }

  /** A heartbeat has been answered: it has brought what the last round of balancing found. */
  beat(): void {
    this.#share.beat();
    this.#granted = 0;
    // Where the group was set back, what waits does not stand behind what had been given out.
    const isLong = this.#kernel.clock.monotonic() - this.#tookAt >= this.#blockMs;
    this.#isTakeDue = isLong || this.#kernel.lease.newerHeard();
    if (this.#standsBack) {
      if (this.#isTakeDue) this.bell.ring();
    }
    // Who has most room is served first: whoever came to have more than the others waits there no longer.
    else if (this.#isParked && !this.#share.mayPark(this.#kernel.taking.mayLook)) void this.#unpark();
  }

  /** Whether streams can come to this process. */
  get isOpen(): boolean {
    return !this.#isPaused && this.room > 0 && this.#problem === null;
  }

  /** How many streams fewer are owned than there may be. */
  get roomLeft(): number {
    return this.#capacity - this.#ownerships.owned - this.#acquirer.heldBack;
  }

  /** How many streams may be read now. */
  get room(): number {
    const { waiting } = this.#ownerships;
    const { heldBack } = this.#acquirer;
    return Math.min(
      this.roomLeft,
      // Waiters take no capacity, but they take memory: their number is bounded as well.
      Math.max(this.#capacity, MAX_WAITING) - waiting.size,
      this.#kernel.application.room - heldBack,
      ACQUIRE_BATCH,
    );
  }

  /**
   * How many entries are asked for where there is room for so many. Redis counts entries and not bytes, so it goes by how large those before were; at first few
   * are.
   */
  #count(room: number): number {
    return Math.min(room, Math.max(1, Math.floor(this.#pages.bytes / this.#entryBytes)));
  }

  #arrived(entries: readonly RawEntry[]): void {
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

  get #hasEnded(): boolean {
    return this.#isStopping || this.#kernel.ended.aborted;
  }

  async #loop(): Promise<void> {
    while (!this.#hasEnded) {
      if (this.#fault) {
        this.#failed(this.#fault.error);
        throw this.#fault.error;
      }
      if (this.#isPaused || this.room <= 0) {
        await this.bell.rung();
        continue;
      }
      const { reader } = this.#kernel.connections;
      if (!reader.isUp) {
        await this.#recover(neverSent('XREADGROUP', reader.lastError));
        continue;
      }
      if (!this.#lease.isConfirmed) {
        await this.bell.rung();
        continue;
      }
      const mayPark = this.#share.mayPark(this.#kernel.taking.mayLook);
      this.#standsBack = !mayPark && !this.#isTakeDue;
      if (this.#standsBack) {
        await this.bell.rung();
        continue;
      }
      this.#turn = this.#readOnce(mayPark && !this.#share.isToAsk);
      await this.#turn;
    }
  }

  /** @param waits whether it waits for entries, where there are none */
  async #readOnce(waits: boolean): Promise<void> {
    try {
      await this.#introduce();
      let isMore = true;
      // Stopping may have been asked for while there was no number to unblock yet.
      if (waits && this.#mayRead) {
        const count = this.#count(Math.min(PARKED_COUNT, this.room));
        this.#isParked = true;
        const entries = await this.#park(count).finally(() => {
          this.#isParked = false;
        });
        isMore = await this.#dealWith(entries, entries.length >= count);
      }
      while (isMore && this.#mayRead) isMore = await this.#dealWith([], true);
      this.#isTakeDue = false;
      this.#failures = 0;
      this.#problem = null;
    } catch (error) {
      await this.#recover(error);
    }
  }

  get #mayRead(): boolean {
    return (
      !this.#hasEnded &&
      !this.#isPaused &&
      this.#fault === undefined &&
      this.room > 0 &&
      this.#lease.isConfirmed
    );
  }

  /**
   * Makes what has arrived this process's own, with more of what waits, if there may be more.
   * @returns whether there may be still more for it
   */
  async #dealWith(arrived: readonly RawEntry[], mayBeMore: boolean): Promise<boolean> {
    let entries = arrived;
    let isMore = false;
    try {
      const room = this.room - arrived.length;
      if (mayBeMore && this.#mayRead && room > 0) {
        const wanted = this.#count(room);
        const taken = await (this.#granted >= wanted
          ? this.#readOn(wanted)
          : this.#take(wanted, arrived.length));
        entries = [...arrived, ...taken.entries];
        // What is given to those that have their share is given once with each heartbeat.
        const isPart = taken.part === undefined || taken.allowed <= taken.part;
        isMore = isPart && taken.allowed > 0 && taken.entries.length >= taken.allowed;
      }
    } finally {
      // Whatever became of the rest, these are pending for this process.
      await this.#acquire(entries);
    }
    return isMore;
  }

  /** When stopping nothing is acquired: what was delivered is given back by the drain, which looks at what is pending. */
  async #acquire(entries: readonly RawEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const { aside } = this.#acquirer;
    await this.#acquirer.acquire(entries);
    if (this.#acquirer.aside - aside >= entries.length) await this.#parkAhead();
  }

  /** Everything that was read has been parked, so there may be much more of a hot name: it is parked in full batches, as it takes no room. */
  async #parkAhead(): Promise<void> {
    let isMore = true;
    while (isMore && this.#mayRead) isMore = await this.#acquirer.parkAhead();
  }

  async #recover(error: unknown): Promise<void> {
    // That a read was ended by us, or is another server's, is no failure.
    if (replyOf(error) !== 'UNBLOCKED' && !isElsewhere(error)) this.#failed(error);
    if (!isPassing(error)) throw error;
    // It may be the size that kept the answer from arriving: what was in it is adopted, in pages of bytes.
    if (mayHaveExecuted(error)) this.slowDown();
    if (replyOf(error) === 'NOGROUP') await this.#recreateGroup();
    if (replyOf(error) === 'UNBLOCKED' || this.#hasEnded) return;
    const { readRetry } = this.#kernel.settings;
    // That another server is to be asked is no failure: the connection follows, and a slot on its way arrives.
    if (!isElsewhere(error)) this.#failures += 1;
    this.#kernel.seam.emit('readFailed', { error: factOf(error).code });
    if (readRetry.attempts >= 0 && this.#failures > readRetry.attempts) {
      throw new StreamwardenError(
        'ReadRetriesExhausted',
        `reading failed ${this.#failures} times in a row: ${messageOf(error)}`,
        { cause: error, details: { failures: this.#failures } },
      );
    }
    // A reply may have been lost with entries in it.
    this.#lease.verify('read failed');
    const delay = Math.min(
      readRetry.maxMs,
      readRetry.initialMs * 2 ** Math.min(Math.max(0, this.#failures - 1), 16),
    );
    await this.#pauseBeforeRetry(delay * (0.5 + this.#kernel.clock.random() / 2));
  }

  #failed(error: unknown): void {
    const { code, message } = factOf(error);
    this.#problem = { what: `${code}: ${redact(message)}`, isPassing: isPassing(error) };
    // The next read is preceded by one that does not park: its answer says that reading works again.
    this.#readerId = undefined;
  }

  async #recreateGroup(): Promise<void> {
    try {
      await recreateGroup(this.#kernel);
      this.#lease.groupGone();
    } catch (error) {
      // The next read meets the same, and comes here again.
      if (!isPassing(error)) throw error;
    }
  }

  /** Cut short when the connection comes back, or when reading is not wanted any more. */
  async #pauseBeforeRetry(ms: number): Promise<void> {
    const { clock, connections } = this.#kernel;
    const wasUp = connections.reader.isUp;
    let isOver = false;
    // One timer, however often the bell rings meanwhile.
    const timer = clock.setTimeout(() => {
      isOver = true;
      this.bell.ring();
    }, ms);
    while (!isOver && !this.#hasEnded && !this.#isPaused && (wasUp || !connections.reader.isUp)) {
      await this.bell.rung();
    }
    clock.clearTimeout(timer);
  }

  get #blockMs(): number {
    return Math.min(MAX_BLOCK_MS, this.#kernel.settings.heartbeatMs * 2);
  }

  /** Asks a new connection for its number, by which a read that is parked on it is ended. */
  async #introduce(): Promise<void> {
    const { connections, names, consumer } = this.#kernel;
    const link = connections.reader;
    const { epoch } = link;
    if (this.#readerId?.epoch === epoch) return;
    const client = link.client('XREADGROUP');
    const blockMs = this.#blockMs;
    const id = await this.#deadline(client.client('ID'), epoch, blockMs);
    // Until Redis 7.2 a parked read does not list its consumer in the group, and who is not listed is not among the living of whom
    // one sweeps. A look at what is pending does.
    const { group, lbs } = names;
    const look = client.xreadgroup('GROUP', group, consumer, 'COUNT', 1, 'STREAMS', lbs, NEWEST_ID);
    await this.#deadline(look, epoch, blockMs);
    this.#readerId = { epoch, id };
    if (this.#problem?.isPassing) this.#problem = null;
  }

  /** @param arrived how many have been read that are not this process's own yet */
  async #take(wanted: number, arrived: number): Promise<Taken> {
    this.#tookAt = this.#kernel.clock.monotonic();
    const taken = await this.#kernel.taking.take(this.#share.request(wanted, arrived));
    this.#arrived(taken.entries);
    this.#share.taken(taken, arrived);
    this.#granted = (taken.part ?? 0) - taken.entries.length;
    return taken;
  }

  async #readOn(wanted: number): Promise<Pick<Taken, 'allowed' | 'part' | 'entries'>> {
    const part = this.#granted;
    const entries = await this.#kernel.taking.read(wanted);
    this.#arrived(entries);
    this.#granted -= entries.length;
    return { allowed: wanted, part, entries };
  }

  async #park(count: number): Promise<RawEntry[]> {
    const { connections, names, consumer } = this.#kernel;
    const link = connections.reader;
    const { epoch } = link;
    const client = link.client('XREADGROUP');
    const blockMs = this.#blockMs;
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
    this.#arrived(arrived);
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
   */
  async #unpark(): Promise<void> {
    this.bell.ring();
    const { connections, commands, logger, clock } = this.#kernel;
    const turn = this.#turn;
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    turn?.then(over, over);
    while (turn !== undefined && !isOver && !this.#kernel.ended.aborted) {
      const reader = this.#readerId;
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
