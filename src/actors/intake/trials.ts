/**
 * Begins suspects: streams that have died with so many owners that one more death would dead-letter them. One of them may be what its owners die
 * of, so they are begun a few at a time, and the next few when these have outlived a window of time: docs/explanation/poison.md. Reading goes on
 * meanwhile, and what is no suspect is begun at once.
 *
 * Before they are begun suspects are pending for us, marked as not begun, and have no ownership. What has waited for long goes back to everyone,
 * since an entry cannot be owned under its id 10 s after it was delivered; whoever has time for it is given it anew.
 */
import { messageOf } from '../../core/errors.js';
import { redact } from '../../core/logger.js';
import type { RawEntry } from '../../redis/entry.js';
import { markOf, type Trial } from '../../redis/marks.js';
import { isPassing } from '../../redis/reply-errors.js';
import { type Kernel, pause } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import { type SuspectGroup, SuspectQueue } from './suspect-queue.js';

/** In milliseconds: what has waited for longer goes back. Below what an entry may be owned under its id, with time for a heartbeat. */
const MOST_WAIT_MS = 8_000;
const FIRST_WINDOW_MS = 1_000;
/** The first group is a quarter of what comes within so many milliseconds: a backlog is read in several goes. */
const GATHER_MS = 250;
/** After a failure, and how often what has waited for long is looked for, in milliseconds. */
const AGAIN_MS = 250;

export interface TrialHooks {
  /** Has these marked and acquired. Rejects when Redis fails; then what has not become ours is as before. */
  begin(entries: readonly RawEntry[], mark: number): Promise<void>;
  /** It is ours still, and not proven. */
  isUnproven(id: string): boolean;
  /** Those of these that are ours still, and not proven meanwhile, have outlived their window: marks them so. */
  outlived(ids: readonly string[], mark: number): Promise<void>;
  /** These are in nobody's hands here any more: begun, or refused. */
  ended(ids: readonly string[]): void;
  /** They go back to everyone. */
  giveBack(entries: readonly RawEntry[]): void;
  /** Suspects could not be begun, and that was no outage. */
  failed(error: unknown): void;
}

export class Trials {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #hooks: TrialHooks;
  readonly #queue = new SuspectQueue();
  /** Suspects that have outlived their windows. */
  readonly #outlived = new Set<string>();
  #isWorking = false;
  #isStopped = false;

  constructor(kernel: Kernel, lease: Lease, hooks: TrialHooks) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#hooks = hooks;
  }

  /** How many wait for being begun. */
  get waiting(): number {
    return this.#queue.size;
  }

  has(id: string): boolean {
    return this.#queue.has(id);
  }

  /** These have just been read, and are marked as not begun. */
  add(suspects: readonly { readonly entry: RawEntry; readonly trial: Trial }[]): void {
    if (this.#isStopped || suspects.length === 0) return;
    const since = this.#now;
    for (const { entry, trial } of suspects) this.#queue.add({ entry, trial, since });
    if (this.#isWorking) return;
    this.#isWorking = true;
    void this.#work();
  }

  /** Nothing is begun any more. What waits stays pending for us, for whoever stops to give back. */
  stop(): void {
    this.#isStopped = true;
    const ids = this.#queue.ids();
    this.#queue.clear();
    this.#hooks.ended(ids);
  }

  get #now(): number {
    return this.#kernel.clock.monotonic();
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#kernel.ended.aborted;
  }

  async #work(): Promise<void> {
    try {
      await pause(this.#kernel, GATHER_MS);
      while (!this.#isOver && this.#queue.size > 0) await this.#turn();
    } catch (error) {
      if (this.#kernel.ended.aborted) return;
      // Whatever is still pending is found again by the verification that the failure leads to.
      this.#drop(this.#queue.ids());
      this.#hooks.failed(error);
    } finally {
      this.#isWorking = false;
      this.#queue.clear();
    }
  }

  async #turn(): Promise<void> {
    await this.#lease.confirmed();
    this.#giveBackOld();
    const group = this.#isOver ? undefined : this.#queue.next(this.#areOthersBegun);
    if (group === undefined) return;
    const mark = markOf(group.trial);
    if (!(await this.#passes(() => this.#begin(group, mark)))) {
      await pause(this.#kernel, AGAIN_MS);
      return;
    }
    await this.#window(group);
  }

  get #areOthersBegun(): boolean {
    for (const id of this.#outlived) if (!this.#hooks.isUnproven(id)) this.#outlived.delete(id);
    return this.#outlived.size > 0;
  }

  async #begin({ suspects, trial }: SuspectGroup, mark: number): Promise<void> {
    const entries = suspects.map(({ entry }) => entry);
    const facts = { count: entries.length, waiting: this.#queue.size - entries.length, window: trial.window };
    this.#kernel.logger.info(facts, 'streams that died with several owners are begun, a few at a time');
    await this.#hooks.begin(entries, mark);
    this.#drop(entries.map(({ id }) => id));
  }

  /** Whoever dies in it dies of this group, as far as anybody knows. It counts from when they are handed to the application. */
  async #window({ suspects, trial }: SuspectGroup): Promise<void> {
    await this.#lease.confirmed();
    const endsAt = this.#now + this.#windowMs(trial);
    for (let left = endsAt - this.#now; left > 0 && !this.#kernel.ended.aborted; left = endsAt - this.#now) {
      await pause(this.#kernel, Math.min(left, AGAIN_MS));
      this.#giveBackOld();
    }
    const ids = suspects.map(({ entry }) => entry.id);
    for (const id of ids) this.#outlived.add(id);
    const mark = markOf({ window: trial.window, among: 0 });
    // Two groups in their windows at a time would be one to whoever counts.
    while (!this.#kernel.ended.aborted && !(await this.#passes(() => this.#hooks.outlived(ids, mark)))) {
      await pause(this.#kernel, AGAIN_MS);
      await this.#lease.confirmed();
    }
  }

  #windowMs({ window }: Trial): number {
    return Math.min(this.#kernel.settings.provenAfterMs, FIRST_WINDOW_MS * 4 ** (window - 1));
  }

  /** Whether it succeeded. An outage is no failure: it is tried again. */
  async #passes(attempt: () => Promise<void>): Promise<boolean> {
    try {
      await attempt();
      return true;
    } catch (error) {
      if (!isPassing(error)) throw error;
      const problem = redact(messageOf(error));
      this.#kernel.logger.debug({ error: problem }, 'suspects could not be begun; it is tried again');
      return false;
    }
  }

  #giveBackOld(): void {
    if (this.#isOver) return;
    const old = this.#queue.heldSince(this.#now - MOST_WAIT_MS).map(({ entry }) => entry);
    if (old.length === 0) return;
    for (const { id } of old) this.#queue.delete(id);
    this.#hooks.giveBack(old);
  }

  #drop(ids: readonly string[]): void {
    for (const id of ids) this.#queue.delete(id);
    this.#hooks.ended(ids);
  }
}
