/**
 * Compares what we hold with what is pending for us: what is held but not pending is lost, what is pending but not held is left to the adopter.
 *
 * Runs only while presence is written, so that nothing can be taken from us while we look. Entries on whose way something of
 * ours is (a done, a hand-over) are left to that.
 */
import { compareEntryIds, nextEntryId } from '../../core/entry-id.js';
import { messageOf } from '../../core/errors.js';
import { entryBytes, parseEntry } from '../../redis/entry.js';
import type { EntryRef } from '../../redis/lease-store.js';
import { ParseTurns } from '../../redis/parse-turns.js';
import { replyOf } from '../../redis/reply-errors.js';
import { lengthOfLock, lengthOfName, textBatches } from '../../redis/text-batches.js';
import type { Giver } from '../endings/giver.js';
import type { Kernel } from '../kernel.js';
import type { Ownership } from '../ownership.js';
import type { Ownerships } from '../ownerships.js';
import type { MoveLedger } from '../recovery/move-ledger.js';
import { lookingAgain } from '../retrying.js';
import type { Adopter } from './adopter.js';
import type { Lease, Verified } from './lease.js';

const PAGE = 1000;
/** Entries looked at, or locks taken, in one go. */
const CHUNK = 500;
/** Keeps the script below 5 ms. */
const ACQUIRE_BATCH = 128;

export class Verifier {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #ownerships: Ownerships;
  readonly #adopter: Adopter;
  readonly #giver: Giver;
  readonly #ledger: MoveLedger;
  readonly #locksTaken: (foreign: readonly string[]) => void;
  /** The group's, as of the last verification. */
  #epoch: string | undefined;

  /** @param locksTaken told when the locks of what is held have been taken, with the ids of those that somebody else has */
  constructor(
    kernel: Kernel,
    lease: Lease,
    ownerships: Ownerships,
    adopter: Adopter,
    giver: Giver,
    ledger: MoveLedger,
    locksTaken: (foreign: readonly string[]) => void,
  ) {
    this.#locksTaken = locksTaken;
    this.#ledger = ledger;
    this.#kernel = kernel;
    this.#lease = lease;
    this.#ownerships = ownerships;
    this.#adopter = adopter;
    this.#giver = giver;
  }

  /** @param wasGroupGone the group has been found missing since the last time: what is not pending now went with it */
  async verifyAll(signal: AbortSignal, wasGroupGone: boolean): Promise<Verified> {
    const held = [...this.#ownerships].filter((ownership) => ownership.isAtRest);
    const pending = await this.#pendingIds(signal);
    if (signal.aborted) return { kept: 0, lost: 0, adopted: 0 };
    const isNewGroup = await this.#isNewGroup();
    const reason = wasGroupGone || isNewGroup || pending === 'groupGone' ? 'entryGone' : 'takenOver';

    const pendingStill: Ownership[] = [];
    let lost = 0;
    for (const ownership of held) {
      if (!ownership.isAtRest) continue;
      const isGone = pending === 'groupGone' || !pending.has(ownership.id);
      // A waiter that is being given back: what became of it the answer to that says. What went with its group is not waited for.
      if (isGone && reason === 'takenOver' && this.#giver.isMoving(ownership.id)) continue;
      if (isGone) {
        lost += 1;
        ownership.send({ type: 'lost', reason });
      } else {
        pendingStill.push(ownership);
      }
    }
    const kept = await this.#recorded(pendingStill, signal);
    lost += pendingStill.length - kept.length;
    await this.#retakeLocks(kept, signal);
    const adopted = pending === 'groupGone' || signal.aborted ? 0 : this.#adopter.found(pending);
    if (lost + adopted > 0) {
      this.#kernel.logger.warn({ kept: kept.length, lost, adopted }, 'verified what is held');
    }
    return { kept: kept.length, lost, adopted };
  }

  /** Another process may have found the group gone, and made it again, before we looked. */
  async #isNewGroup(): Promise<boolean> {
    const before = this.#epoch;
    this.#epoch = await this.#kernel.group.epoch();
    return before !== undefined && before !== this.#epoch;
  }

  /** These were pending for us until somebody deleted their payload. What was held of them is lost: there is nothing left to give to anybody. */
  vanished(ids: readonly string[]): void {
    this.#ledger.noteVanished(ids.map((id) => ({ id, name: this.#ownerships.get(id)?.name ?? '' })));
    for (const id of ids) {
      const ownership = this.#ownerships.get(id);
      if (ownership?.isAtRest) ownership.send({ type: 'lost', reason: 'entryGone' });
    }
  }

  /**
   * The same of what is still pending: it is taken off the list, so that its name is free. What is on its way out anyway is left to that: a
   * waiter too, whose payload is gone because it has just been given back.
   */
  withoutPayload(ids: readonly string[]): void {
    const held = ids
      .flatMap((id) => this.#ownerships.get(id) ?? [])
      .filter((ownership) => ownership.isAtRest && !this.#giver.isMoving(ownership.id));
    if (held.length === 0) return;
    for (const ownership of held) ownership.send({ type: 'lost', reason: 'entryGone' });
    const refs = held.map(({ id, name }) => ({ id, name }));
    this.#giver.move('handOver', refs).catch((error: unknown) => {
      // The entries stay pending, unknown here, and are found again.
      this.#kernel.logger.debug(
        { error: messageOf(error) },
        'entries without payload could not be cleared away',
      );
    });
  }

  async #pendingIds(signal: AbortSignal): Promise<Set<string> | 'groupGone'> {
    const { group, consumer } = this.#kernel;
    const ids = new Set<string>();
    let start = '-';
    try {
      while (!signal.aborted) {
        const page = await group.pending(start, PAGE, consumer);
        for (const { id } of page) ids.add(id);
        const last = page.at(-1);
        if (last === undefined || page.length < PAGE) break;
        start = nextEntryId(last.id);
      }
    } catch (error) {
      if (replyOf(error) !== 'NOGROUP') throw error;
      await recreateGroup(this.#kernel);
      return 'groupGone';
    }
    return ids;
  }

  /**
   * A replica that was promoted may know what was delivered to us, and not that we were recorded as the owner of its name. It is recorded again,
   * unless somebody else owns the name by now: then it is lost, and what is pending for us waits like any other entry of a taken name.
   */
  async #recorded(pending: readonly Ownership[], signal: AbortSignal): Promise<readonly Ownership[]> {
    const { group, lease } = this.#kernel;
    const unrecorded: Ownership[] = [];
    for (const some of textBatches(pending, PAGE, lengthOfName)) {
      if (signal.aborted) break;
      const page = some.filter((ownership) => ownership.isWorkedOn);
      if (page.length === 0) continue;
      const owners = await group.owners(page.map(({ name }) => name));
      unrecorded.push(...page.filter(({ id }, index) => owners[index] !== id));
    }
    unrecorded.sort((a, b) => compareEntryIds(a.id, b.id));
    const lost = new Set<Ownership>();
    for (const some of textBatches(unrecorded, ACQUIRE_BATCH, lengthOfName)) {
      if (signal.aborted) break;
      // What has ended meanwhile has no record, as it should.
      const batch = some.filter((ownership) => ownership.isWorkedOn);
      if (batch.length === 0) continue;
      const results = await lease.acquire(
        batch.map(({ id, name }) => ({ id, name })),
        true,
      );
      batch.forEach((ownership, index) => {
        if (results[index]?.result === 'owned') {
          // What becomes owned has no such mark any more.
          if (ownership.isProven) this.#ownerships.unproven(ownership);
          return;
        }
        if (!ownership.isWorkedOn) return;
        lost.add(ownership);
        ownership.send({ type: 'lost', reason: 'takenOver' });
      });
    }
    return pending.filter((ownership) => !lost.has(ownership));
  }

  /** A lock that ran out while we were away is taken again: the entry is ours, so its lock should be. */
  async #retakeLocks(kept: readonly Ownership[], signal: AbortSignal): Promise<void> {
    const { locks, logger } = this.#kernel;
    const foreignIds: string[] = [];
    for (const some of textBatches(kept, CHUNK, lengthOfLock)) {
      if (signal.aborted) return;
      const chunk = some.filter((ownership) => ownership.isAtRest);
      if (chunk.length === 0) continue;
      const held = await locks.take(chunk.map(({ lockKey }) => lockKey));
      const foreign = chunk.filter((ownership, index) => !held[index] && ownership.state !== 'contended');
      for (const { name, id } of foreign) {
        foreignIds.push(id);
        logger.warn(
          { stream: name, id },
          'somebody else holds the lock of a stream that is pending for this consumer',
        );
      }
    }
    this.#locksTaken(foreignIds);
  }

  /**
   * What is pending for us without our knowing goes back to everyone, its retry count unchanged: a stopping process begins nothing.
   * An interruption of up to a heartbeat is waited out; what is found is moved whatever time that takes. Resolves with how many went back.
   */
  async giveBackUnknown(): Promise<number> {
    const { signal } = new AbortController();
    const pending = await this.#patiently(() => this.#pendingIds(signal));
    if (pending === 'groupGone') return 0;
    const unknown = [...pending].filter((id) => !this.#ownerships.has(id));
    let requeued = 0;
    for (let at = 0; at < unknown.length; at += CHUNK) {
      const ids = unknown.slice(at, at + CHUNK);
      const refs = await this.#patiently(() => this.#named(ids));
      const moved = await this.#giver.move('handOver', refs);
      for (const { outcome } of moved.values()) if (outcome === 'requeued') requeued += 1;
    }
    return requeued;
  }

  #patiently<T>(look: () => Promise<T>): Promise<T> {
    return lookingAgain(this.#kernel, this.#lease, this.#kernel.settings.heartbeatMs, look);
  }

  /** With the names that they announce: one may be recorded as the owner of its name, if the answer to that was what got lost. */
  async #named(ids: readonly string[]): Promise<EntryRef[]> {
    const { clock, entries, settings } = this.#kernel;
    const turns = new ParseTurns(clock);
    const refs: EntryRef[] = [];
    for await (const page of entries.pages(ids, settings.maxEntryBytes)) {
      for (const entry of page) {
        const isRead = entry.outcome === 'read';
        const turn = isRead ? turns.before(entryBytes(entry.fields)) : undefined;
        if (turn) await turn;
        const parsed = isRead ? parseEntry(entry) : undefined;
        refs.push({ id: entry.id, name: parsed?.ok ? parsed.announcement.name : '' });
      }
    }
    return refs;
  }
}

/** A group that vanished (FLUSHALL, a destroyed group, lost data) is made again, loudly: entries then pending are gone. */
export async function recreateGroup(kernel: Kernel): Promise<void> {
  if (!(await kernel.group.create())) return;
  const { lbs, group } = kernel.names;
  kernel.logger.error({ stream: lbs, group }, 'the consumer group was gone and has been created again');
  kernel.seam.emit('groupRecreated', { group });
}
