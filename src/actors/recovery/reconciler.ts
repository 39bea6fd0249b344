/** Finds dead consumers, and takes from them: the sweep asks the index of presences, the scan walks the pending list. Runs the reconciler machine. */
import { type Actor, fromPromise } from 'xstate';
import type { Timer } from '../../core/clock.js';
import { compareEntryIds, nextEntryId } from '../../core/entry-id.js';
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import { factOf } from '../../machines/facts.js';
import {
  type RequeueOutput,
  reconcilerMachine,
  type ScanOutput,
  type SweepOutput,
} from '../../machines/reconciler.machine.js';
import type { Suspension } from '../../machines/standing.js';
import { DEAD_LETTER_REASONS, dueConsumer, dueReason } from '../../redis/due-consumer.js';
import type { PendingEntry } from '../../redis/group.js';
import { isIncarnation } from '../../redis/names.js';
import { OWNABLE_MS } from '../../redis/pending-survey.js';
import { isPassing, replyOf } from '../../redis/reply-errors.js';
import { startActor } from '../host.js';
import type { Kernel } from '../kernel.js';
import { recreateGroup } from '../lease/verifier.js';
import { DeadFinder, MARGIN_MS, NOBODIES } from './dead-finder.js';
import type { DeadLetters } from './dead-letters.js';
import type { PendingAudit } from './pending-audit.js';
import type { Recoverer, Taken } from './recoverer.js';
import { RedisClock } from './redis-clock.js';

/** Expired locks that are waiting to be looked at; more are left to the scan. */
const MAX_HINTS = 10_000;
const HINT_BATCH = 200;
/** Dead consumers with nothing pending that are removed in one call, and after one scan. */
const FORGET_BATCH = 200;
const MOST_TIDIED = 2_000;
/** Keeps the script that looks for payloads below 5 ms. */
const PAYLOAD_BATCH = 100;

/** Ids of pending entries by whose they are, in the order given. */
function byConsumer(rows: readonly PendingEntry[]): Map<string, string[]> {
  const ids = new Map<string, string[]>();
  for (const { id, consumer } of rows) {
    const own = ids.get(consumer);
    if (own) own.push(id);
    else ids.set(consumer, [id]);
  }
  return ids;
}

/**
 * @param first of the stream when the scan began; undefined: it was empty, which says nothing of what has been added since. What had been pending
 * before is more than there is on the stream, and is looked for one by one at the end of the scan
 */
function isBefore(id: string, first: string | undefined): boolean {
  return first !== undefined && compareEntryIds(id, first) < 0;
}

export interface ReconcilerHooks {
  /** Whether consumers of the Go client are in the group. */
  foreignConsumers(present: boolean): void;
  /** The group was missing and has been made again. */
  groupGone(): void;
  /** Ids of the entries in our hands. */
  heldIds(): Iterable<string>;
  /** The stream has an entry with this id. */
  seenId(id: string): void;
  /** The payloads of these, which are pending for us, are gone from the stream. */
  withoutPayload(ids: readonly string[]): void;
  /** Streams of these dead consumers are about to be given out anew. */
  beforeTaking(dead: readonly string[]): Promise<void>;
  /** Something is parked: finds what is free. */
  tidyParked(): Promise<void>;
}

export class Reconciler {
  readonly #kernel: Kernel;
  readonly #recoverer: Recoverer;
  readonly #deadLetters: DeadLetters;
  readonly #audit: PendingAudit;
  readonly #hooks: ReconcilerHooks;
  readonly #machine;
  #actor: Actor<typeof reconcilerMachine> | undefined;
  /** Since when there is no connection, on the monotonic clock; undefined: there is one. */
  #downSince: number | undefined;
  /** The server at the other end of the last connection. Null: there was none. */
  #server: string | undefined | null = null;
  readonly #finder: DeadFinder;
  readonly #redisClock: RedisClock;
  /** A scan has reached the end of the pending list. */
  #hasScanned = false;
  /** Dead consumers of whose entries the application has been told while `autoClaim` is off: of these ones, or of all. */
  readonly #told = new Map<string, Set<string> | 'all'>();
  /** Ids of entries whose lock has expired. */
  readonly #hints = new Set<string>();
  /** Entries that the scan under way has seen. */
  #scanned = 0;
  /** Where the stream began when the scan under way did. */
  #firstId: string | undefined;
  /** When somebody's presence may run out unless it is renewed before. */
  #lookTimer: Timer | undefined;

  constructor(
    kernel: Kernel,
    recoverer: Recoverer,
    deadLetters: DeadLetters,
    audit: PendingAudit,
    hooks: ReconcilerHooks,
  ) {
    this.#kernel = kernel;
    this.#audit = audit;
    this.#recoverer = recoverer;
    this.#deadLetters = deadLetters;
    this.#hooks = hooks;
    this.#finder = new DeadFinder(kernel, {
      foreignConsumers: (present) => hooks.foreignConsumers(present),
    });
    kernel.ended.addEventListener('abort', () => kernel.clock.clearTimeout(this.#lookTimer));
    // A presence has half a heartbeat left at least: half of that is no danger to anybody.
    this.#redisClock = new RedisClock(kernel.settings.heartbeatMs / 4);
    this.#machine = reconcilerMachine.provide({
      actors: {
        sweep: fromPromise<SweepOutput>(() => this.#guarded(() => this.#sweep())),
        requeue: fromPromise<RequeueOutput, { dead: readonly string[] }>(({ input }) =>
          this.#guarded(() => this.#requeue(input.dead)),
        ),
        scan: fromPromise<ScanOutput, { cursor: string | null }>(({ input, signal }) =>
          this.#guarded(() => this.#watchedScan(input.cursor, signal)),
        ),
      },
      actions: {
        report: (_, { error }) => {
          if (!isPassing(error)) throw error;
        },
      },
    });
  }

  start(onError: (error: unknown) => void): { stop(): void } {
    const { heartbeatMs, reconcileEveryMs, reconcileJitter } = this.#kernel.settings;
    const before = this.snapshot;
    const actor = startActor(this.#kernel, this.#machine, {
      path: 'consumer/reconciler',
      input: { heartbeatMs, reconcileEveryMs, reconcileJitter },
      onError,
    });
    this.#actor = actor;
    // One that failed and is started again is no outage.
    const isNew = before === undefined || before.matches({ caution: 'taken' });
    if (this.#kernel.commands.isUp) this.#sendUp(isNew ? null : 0);
    // Lost while everything was started: the next one is the first to whoever has not been told of any.
    else if (isNew) this.#server = null;
    return { stop: () => actor.stop() };
  }

  /** There is a connection, to this server. */
  connected(server: string | undefined): void {
    const isSame = this.#server === server;
    const { clock } = this.#kernel;
    const outageMs = this.#downSince === undefined ? 0 : clock.monotonic() - this.#downSince;
    this.#downSince = undefined;
    this.#server = server;
    if (!isSame) this.#redisClock.forget();
    this.#sendUp(isSame ? outageMs : null);
  }

  /** There is no connection. */
  disconnected(error: Error): void {
    this.#downSince ??= this.#kernel.clock.monotonic();
    this.halt(`no connection to Redis (${redact(messageOf(error))})`);
  }

  /** Nothing is taken, and nobody is asked for, until `resume()`. */
  get isHalted(): boolean {
    return this.#actor?.getSnapshot().matches({ work: 'offline' }) ?? true;
  }

  /** Our own lease cannot be renewed: whatever keeps us from it may keep everyone. */
  halt(why: string): void {
    this.#finder.forget();
    this.#actor?.send({ type: 'connection.down', why, at: this.#kernel.clock.now() });
  }

  /** Our own lease is confirmed again. */
  resume(): void {
    if (this.#kernel.commands.isUp && this.isHalted) this.#sendUp(0);
  }

  /** Everyone may have missed beats: from now on a heartbeat has to pass before anything is taken. */
  outageSeen(why: string): void {
    this.#finder.forget();
    this.#actor?.send({ type: 'outage.seen', why, at: this.#kernel.clock.now() });
  }

  /** Since when and why nothing is taken over; null: it is. */
  get suspended(): Suspension | null {
    return this.snapshot?.context.suspended ?? null;
  }

  /** What suspended it is over, and everyone gets the time to renew its lease. */
  get isSettling(): boolean {
    return this.snapshot?.matches({ work: 'settling' }) ?? false;
  }

  #sendUp(outageMs: number | null): void {
    this.#actor?.send({ type: 'connection.up', outageMs, at: this.#kernel.clock.now() });
  }

  get snapshot() {
    return this.#actor?.getSnapshot();
  }

  /** The place of this incarnation among the living, by their names, from 0: the first does what one of them has to. */
  get place(): number {
    return this.#finder.place;
  }

  /** A heartbeat has been answered, and said when somebody's presence runs out next. */
  beat(): void {
    const { clock, lease, settings } = this.#kernel;
    clock.clearTimeout(this.#lookTimer);
    const nextMs = lease.nextPresenceInMs();
    const lookInMs = this.#finder.lookInMs(nextMs);
    // The dead that are only told of stay dead: each sweep tells of those that it has not told of.
    if (lookInMs === undefined || (!settings.autoClaim && (nextMs as number) < 1)) return;
    this.#lookTimer = clock.setTimeout(() => this.hint(), lookInMs);
  }

  /** Something may have died. */
  hint(): void {
    this.#actor?.send({ type: 'hint' });
  }

  /**
   * The lock of this entry has expired. Says something only where consumers of the Go client are in the group: those have no presence. False
   * when too many such hints are waiting.
   */
  hintLock(entryId: string): boolean {
    if (this.#hints.size >= MAX_HINTS) return false;
    this.#hints.add(entryId);
    if (this.#finder.hasForeign) this.hint();
    return true;
  }

  /** A group that is gone is no failure of these: make it again, and there is nothing to recover. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (replyOf(error) === 'NOGROUP') {
        await recreateGroup(this.#kernel);
        this.#hooks.groupGone();
      }
      throw error;
    }
  }

  async #sweep(): Promise<SweepOutput> {
    const { clock, group, layout, settings, seam } = this.#kernel;
    const began = clock.monotonic();
    const look = this.#audit.begin();
    // Nobody's: what is pending for these has to be written to the dead-letter stream, and one of the living does it, as with the dead.
    const { own, others: due } = await group.countPending(layout.dlqIsLocal ? [] : NOBODIES);
    this.#audit.judge(look, own);
    let stepMs = 0;
    const found = await this.#finder.find(due, this.#hints.size > 0, (reading) => {
      stepMs = this.#redisClock.stepOf(reading);
      return stepMs !== 0;
    });
    if (found === undefined) {
      await this.#clockWasSet(stepMs);
      return { dead: [], nextMs: settings.heartbeatMs };
    }
    if (this.#finder.hasForeign) await this.#followHints();
    // Whose locks they were is not known before everyone has been asked for.
    else if (!this.#finder.isCensusDue) this.#hints.clear();
    const { dead, deadCount, nextMs, others } = found;
    seam.emit('sweepFinished', { consumers: others, dead: deadCount, tookMs: clock.monotonic() - began });
    return { dead, nextMs };
  }

  /** Everyone may look dead, or the dead alive. Nothing is taken until everyone has had the time to renew its presence by the new clock. */
  async #clockWasSet(stepMs: number): Promise<void> {
    const why = `the clock of Redis was set ${stepMs > 0 ? 'forward' : 'back'} by ${Math.round(Math.abs(stepMs))} ms`;
    this.#kernel.logger.warn({ stepMs: Math.round(stepMs) }, 'the clock of Redis was set');
    if (stepMs < 0) await this.#finder.shorten();
    this.outageSeen(why);
  }

  async #requeue(dead: readonly string[]): Promise<RequeueOutput> {
    const { clock, group, settings, logger, seam } = this.#kernel;
    let requeued = 0;
    let deadLettered = 0;
    let locked = 0;
    let nextMs = settings.heartbeatMs / 2;
    if (settings.autoClaim && dead.some((name) => dueReason(name) === undefined))
      await this.#hooks.beforeTaking(dead);
    for (const name of dead) {
      if (dueReason(name) !== undefined) continue;
      if (!settings.autoClaim) {
        const lockTtlMs = await this.#tellOnly(name);
        if (lockTtlMs > 0) nextMs = Math.min(nextMs, lockTtlMs + MARGIN_MS);
        // Once all of it has been claimed.
        else await group.forget(name);
        continue;
      }
      const taken = await this.#recoverer.takeAll(name, { minIdleMs: 0, tell: true });
      requeued += taken.requeued;
      deadLettered += taken.deadLettered;
      locked += taken.locked;
      if (taken.isAlive) {
        this.#finder.settled(name);
        continue;
      }
      const until = this.#finder.deadSince(name);
      if (taken.requeued + taken.deadLettered + taken.locked > 0) {
        logger.info({ owner: name, ...taken }, 'took over from a dead consumer');
      }
      if (until !== undefined && taken.requeued + taken.deadLettered > 0) {
        seam.emit('tookOver', {
          requeued: taken.requeued,
          deadLettered: taken.deadLettered,
          afterMs: clock.monotonic() - until,
        });
      }
      if (taken.locked > 0) {
        nextMs = Math.min(nextMs, taken.lockTtlMs + MARGIN_MS);
        continue;
      }
      await group.forget(name);
      this.#finder.settled(name);
    }
    // Last: a dead-letter stream that does not answer holds up nobody's streams.
    for (const reason of DEAD_LETTER_REASONS) {
      if (!dead.includes(dueConsumer(reason))) continue;
      this.#finder.settled(dueConsumer(reason));
      deadLettered += await this.#deadLetters.resume(reason);
    }
    return { requeued, deadLettered, locked, nextMs };
  }

  /**
   * With `autoClaim` off the application decides. Each entry is told of once, when its lock has run out: a claim would be refused
   * before. Resolves with the longest time that a lock still has, in milliseconds; 0: all is told.
   */
  async #tellOnly(name: string): Promise<number> {
    const told = this.#told.get(name) ?? new Set();
    if (told === 'all') return 0;
    this.#told.set(name, told);
    const lockTtlMs = await this.#recoverer.tellAll(name, told);
    if (lockTtlMs === 0) this.#told.set(name, 'all');
    return lockTtlMs;
  }

  /** Locks of consumers of the Go client that have expired: those have no presence, so the lock is what there is to go by. */
  async #followHints(): Promise<void> {
    const { group, settings } = this.#kernel;
    const ids = [...this.#hints].slice(0, HINT_BATCH).sort(compareEntryIds);
    for (const id of ids) this.#hints.delete(id);
    for (const [owner, own] of byConsumer(await group.pendingOf(ids))) {
      // Ours are found by presence, in the sweep that follows.
      if (isIncarnation(owner)) continue;
      const options = { minIdleMs: settings.heartbeatMs, tell: true };
      if (settings.autoClaim) await this.#recoverer.take(owner, own, options);
      else await this.#recoverer.tell(owner, own);
    }
    if (this.#hints.size > 0) this.hint();
  }

  /** A scan, and whoever listens told what came of it. */
  async #watchedScan(cursor: string | null, signal: AbortSignal): Promise<ScanOutput> {
    const { clock, seam } = this.#kernel;
    const began = clock.monotonic();
    const isFirst = !this.#hasScanned;
    try {
      const output = await this.#scan(cursor, signal);
      const isWhole = output.cursor === null;
      if (isWhole) this.#hasScanned = true;
      const { pending, lockAlive, requeued, deadLettered, tookMs } = output;
      const figures = { pending, lockAlive, requeued, deadLettered, tookMs };
      seam.emit('scanFinished', { ...figures, isFirst, isWhole });
      return output;
    } catch (error) {
      seam.emit('scanFailed', { error: factOf(error).code, isFirst, tookMs: clock.monotonic() - began });
      throw error;
    }
  }

  async #scan(cursor: string | null, signal: AbortSignal): Promise<ScanOutput> {
    const { clock, group, settings } = this.#kernel;
    const began = clock.monotonic();
    const sliceMs = settings.heartbeatMs / 8;
    const figures = { pending: 0, lockAlive: 0, requeued: 0, deadLettered: 0 };
    let start: string | null = cursor ?? '-';
    if (cursor === null) {
      this.#scanned = 0;
      this.#firstId = (await group.payloads([])).firstId;
    }
    while (start !== null && !signal.aborted && clock.monotonic() - began < sliceMs) {
      const page: PendingEntry[] = await group.pending(start, settings.scanBatch);
      figures.pending += page.length;
      this.#scanned += page.length;
      await this.#scanPage(page, figures);
      const last = page.at(-1);
      start = last === undefined || page.length < settings.scanBatch ? null : nextEntryId(last.id);
    }
    if (start === null) await this.#tidyUp();
    const tookMs = clock.monotonic() - began;
    return { ...figures, tookMs, cursor: start, chance: clock.random(), at: clock.now() };
  }

  async #scanPage(
    page: readonly PendingEntry[],
    figures: { lockAlive: number; requeued: number; deadLettered: number },
  ): Promise<void> {
    const { group, consumer, settings } = this.#kernel;
    // Touched ones look as if they had been delivered no longer ago than that.
    const knownAfterMs = Math.min(settings.heartbeatMs, OWNABLE_MS);
    const newest = page.at(-1);
    if (newest !== undefined) this.#hooks.seenId(newest.id);
    const own = page.filter((row) => row.consumer === consumer && row.idleMs >= knownAfterMs);
    this.#audit.found(own.map(({ id }) => id));
    const first = this.#firstId;
    const trimmed = page.filter((row) => row.consumer === consumer && isBefore(row.id, first));
    if (trimmed.length > 0) this.#hooks.withoutPayload(trimmed.map(({ id }) => id));
    // What is due for the dead-letter stream is the sweep's.
    const isOthers = (name: string) => name !== consumer && dueReason(name) === undefined;
    const idle = byConsumer(page.filter((row) => isOthers(row.consumer) && row.idleMs >= settings.minIdleMs));
    const owners = [...idle.keys()];
    const present = await group.present(owners);
    for (const [index, owner] of owners.entries()) {
      const ids = idle.get(owner) as string[];
      if (present[index]) {
        figures.lockAlive += ids.length;
        continue;
      }
      for (let at = 0; at < ids.length; at += HINT_BATCH) {
        const options = { minIdleMs: settings.minIdleMs, tell: settings.autoClaim };
        const taken: Taken = await this.#recoverer.take(owner, ids.slice(at, at + HINT_BATCH), options);
        figures.requeued += taken.requeued;
        figures.deadLettered += taken.deadLettered;
        figures.lockAlive += taken.locked;
      }
    }
  }

  /** More was pending than there is on the stream: payloads have been deleted one by one. Those of this consumer are looked for. */
  async #lookForPayloads(): Promise<void> {
    const { group } = this.#kernel;
    if (this.#scanned <= (await group.payloads([])).length) return;
    const held = [...this.#hooks.heldIds()];
    for (let at = 0; at < held.length; ) {
      const { gone, looked } = await group.payloads(held.slice(at, at + PAYLOAD_BATCH));
      at += looked;
      if (gone.length > 0) this.#hooks.withoutPayload(gone);
    }
  }

  /** After a whole scan: owner records that point nowhere, and dead consumers with nothing pending. */
  async #tidyUp(): Promise<void> {
    const { clock, group, consumer, logger, names, settings } = this.#kernel;
    const { garbage, hasAnnounced, hasParked, hasCheckpoints } = await group.pruneOwners();
    if (garbage > 0) {
      logger.warn(
        { hash: names.owners, count: garbage },
        'owner records held no entry id; they were removed',
      );
    }
    await this.#lookForPayloads();
    if (hasParked) await this.#hooks.tidyParked();
    const others = (await group.consumers()).filter(({ name }) => name !== consumer && isIncarnation(name));
    // One of the fleet will do: there may be as many records as streams that wait.
    const isOne = () => clock.random() * (others.length + 1) < 1;
    if (hasAnnounced && isOne()) await group.pruneAnnounced();
    if (hasCheckpoints && isOne()) await this.#kernel.checkpoints.prune(settings.checkpointKeepMs);
    const idle = others.filter(({ pending }) => pending === 0).slice(0, MOST_TIDIED);
    const present = await group.present(idle.map(({ name }) => name));
    const dead = idle.filter((_, index) => !present[index]).map(({ name }) => name);
    // However many there are: what is left over the sweeps and the next scan see to.
    const until = clock.monotonic() + settings.heartbeatMs / 8;
    for (let at = 0; at < dead.length && clock.monotonic() < until; at += FORGET_BATCH) {
      await group.forgetAll(dead.slice(at, at + FORGET_BATCH));
    }
    for (const name of this.#told.keys()) {
      if (!others.some((other) => other.name === name)) this.#told.delete(name);
    }
    this.#finder.wantCensus(true);
  }
}
