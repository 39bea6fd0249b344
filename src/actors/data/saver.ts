/**
 * Saves how far streams of ours have come. What changes within `flushMs` goes to Redis together, the newest of each stream; the first change at once.
 * Where nobody waits for it, of 200 streams at a time, the one that has waited longest first: the more of them change, the less often each is written, and
 * what that costs does not grow. An outage is waited out. What Redis says is not ours any more is lost, as a `done()` would find it.
 *
 * Whatever ends a stream has the last word: what is being finished is not saved any more, unless it is to be kept, and what is handed over is saved first.
 */
import { Bell } from '../../core/bell.js';
import { compareEntryIds } from '../../core/entry-id.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../../core/errors.js';
import { soon } from '../../core/microtask.js';
import { textBatches } from '../../redis/text-batches.js';
import type { Kernel } from '../kernel.js';
import type { Lease } from '../lease/lease.js';
import type { Ownership } from '../ownership.js';
import { retrying } from '../retrying.js';
import { type Attempts, type CheckpointStanding, Progress } from './progress.js';

/** Streams in one script; keeps it below 2 ms. */
const BATCH = 200;

/** Between two looks at what is neither to be saved now nor over. */
const HELD_UP_MS = 20;

export interface SaverHooks {
  /** Redis has more of these than their owners began with: they have proved themselves. Never rejects. */
  advanced(ownerships: readonly Ownership[]): Promise<void>;
}

function lengthOf(ownership: Ownership): number {
  return ownership.name.length + progressOf(ownership).length;
}

interface Sent {
  readonly ownership: Ownership;
  readonly progress: Progress;
  readonly version: number;
}

export class Saver {
  readonly #kernel: Kernel;
  readonly #lease: Lease;
  readonly #hooks: SaverHooks;
  /** They have something that Redis has not. */
  readonly #unsaved = new Set<Ownership>();
  /** Those of them that somebody waits for before he goes on with the stream: whatever state it is in, and at once. */
  readonly #urgent = new Set<Ownership>();
  readonly #bell = new Bell();
  #isPumping = false;
  /** When the next flush may begin, on the monotonic clock. */
  #nextAt = Number.NEGATIVE_INFINITY;
  /** Checkpoints that were written, in how many scripts, and how many were refused, as their streams were not ours any more. */
  saved = 0;
  flushes = 0;
  refused = 0;

  constructor(kernel: Kernel, lease: Lease, hooks: SaverHooks) {
    this.#kernel = kernel;
    this.#lease = lease;
    this.#hooks = hooks;
    kernel.ended.addEventListener('abort', () => this.#bell.ring(), { once: true });
  }

  /**
   * JSON of what the application had saved when the stream was assigned; undefined: nothing.
   * @throws StreamwardenError `InvalidCheckpoint`
   */
  begunWith(ownership: Ownership): string | undefined {
    return ownership.checkpoint === undefined ? undefined : readProgressOf(ownership).begunWith;
  }

  /**
   * The last entry of a Redis stream that was committed; undefined: none.
   * @throws StreamwardenError `InvalidCheckpoint`
   */
  positionOf(ownership: Ownership, key: string): string | undefined {
    if (hasNone(ownership)) return undefined;
    return readProgressOf(ownership).positionOf(key);
  }

  /**
   * The entry of a Redis stream that failed last; undefined: none.
   * @throws StreamwardenError `InvalidCheckpoint`
   */
  attemptsOf(ownership: Ownership, key: string): Attempts | undefined {
    if (hasNone(ownership)) return undefined;
    return readProgressOf(ownership).attemptsOf(key);
  }

  /** What is kept of it, or is about to be; null: nothing. */
  standingOf(ownership: Ownership): CheckpointStanding | null {
    return hasNone(ownership) ? null : progressOf(ownership).standing;
  }

  /** An entry failed, so often by now. Nobody waits for it. */
  attempted(ownership: Ownership, key: string, id: string, count: number): void {
    if (!ownership.isWorkedOn) return;
    progressOf(ownership).attempted(key, id, count);
    this.#add(ownership);
  }

  /** An entry is done with, and all before it. Nobody waits for it. What is not ours any more is let alone. */
  commit(ownership: Ownership, key: string, id: string): void {
    if (!ownership.isWorkedOn) return;
    progressOf(ownership).commit(key, id);
    this.#add(ownership);
  }

  /**
   * The same. Resolves when Redis has it.
   * @throws StreamwardenError `StreamNotOwned`, `RuntimeStopped`, or what Redis refuses for good: rejects with
   */
  async committed(ownership: Ownership, key: string, id: string): Promise<void> {
    this.#check(ownership);
    progressOf(ownership).commit(key, id);
    await this.#whenSaved(ownership);
  }

  /**
   * What the application saves, as JSON. Resolves when Redis has it, or something newer.
   * @throws StreamwardenError as `committed`
   */
  async save(ownership: Ownership, json: string): Promise<void> {
    this.#check(ownership);
    progressOf(ownership).save(json);
    await this.#whenSaved(ownership);
  }

  /** Whether any of them has something that Redis has not. */
  isUnsaved(ownerships: readonly Ownership[]): boolean {
    return this.#unsaved.size > 0 && ownerships.some((ownership) => this.#unsaved.has(ownership));
  }

  /**
   * Saves what is unsaved of these at once, also of what is on its way out.
   * @throws StreamwardenError as `committed`
   */
  async flush(ownerships: readonly Ownership[]): Promise<void> {
    const unsaved = ownerships.filter((ownership) => this.#unsaved.has(ownership));
    for (const ownership of unsaved) this.#urgent.add(ownership);
    const saved = unsaved.map((ownership) => this.#whenSaved(ownership));
    this.#bell.ring();
    await Promise.all(saved);
  }

  #check(ownership: Ownership): void {
    if (!ownership.isWorkedOn) throw notOwned(ownership);
  }

  #whenSaved(ownership: Ownership): Promise<void> {
    const saved = progressOf(ownership).whenWritten();
    this.#add(ownership);
    return saved;
  }

  #add(ownership: Ownership): void {
    this.#unsaved.add(ownership);
    if (this.#isPumping) return;
    this.#isPumping = true;
    // Changes of the same turn of the loop go together.
    soon(() => void this.#pump());
  }

  async #pump(): Promise<void> {
    while (this.#unsaved.size > 0) {
      await this.#turn();
      await this.#flush();
    }
    this.#isPumping = false;
  }

  /** Waits until the next flush may begin. */
  async #turn(): Promise<void> {
    const { clock, ended } = this.#kernel;
    for (;;) {
      const left = this.#nextAt - clock.monotonic();
      if (left <= 0 || this.#urgent.size > 0 || ended.aborted) return;
      const timer = clock.setTimeout(() => this.#bell.ring(), left);
      await this.#bell.rung();
      clock.clearTimeout(timer);
    }
  }

  async #flush(): Promise<void> {
    const { clock, settings } = this.#kernel;
    this.#nextAt = clock.monotonic() + settings.flushMs;
    this.#dropEnded();
    const due = this.#due().sort((a, b) => compareEntryIds(a.id, b.id));
    // All of it is on its way out: what comes of that decides.
    if (due.length === 0) this.#nextAt += HELD_UP_MS;
    // What is urgent is so once.
    this.#urgent.clear();
    for (const batch of textBatches(due, BATCH, lengthOf)) {
      try {
        await this.#write(batch);
      } catch (error) {
        this.#failed(batch, error);
      }
    }
  }

  /** All that somebody waits for, and of the others as many as fill a script. */
  #due(): Ownership[] {
    const due: Ownership[] = [];
    const others: Ownership[] = [];
    for (const ownership of this.#unsaved) {
      if (!ownership.isWorkedOn && !this.#urgent.has(ownership)) continue;
      if (progressOf(ownership).isAwaited) due.push(ownership);
      else if (others.length < BATCH) others.push(ownership);
    }
    return due.concat(others.slice(0, Math.max(0, BATCH - due.length)));
  }

  async #write(batch: readonly Ownership[]): Promise<void> {
    const { checkpoints, clock, seam } = this.#kernel;
    const began = clock.monotonic();
    let sent: Sent[] = [];
    const { value: results } = await retrying(this.#kernel, this.#lease, async () => {
      // The newest there is, each time it is tried.
      const still = batch.filter((ownership) => !isOver(ownership));
      sent = still.map((ownership) => {
        const progress = progressOf(ownership);
        return { ownership, progress, version: progress.version };
      });
      if (sent.length === 0) return [];
      const saving = sent.map(({ ownership, progress }) => {
        ownership.hasCheckpoint = true;
        return { id: ownership.id, name: ownership.name, ...progress.next() };
      });
      return await checkpoints.save(saving);
    });
    if (sent.length === 0) return;
    const written = sent.filter((_, index) => results[index] === 'saved');
    const refused = sent.filter((_, index) => results[index] === 'notMine');
    this.flushes += 1;
    this.saved += written.length;
    this.refused += refused.length;
    seam.emit('saved', {
      count: written.length,
      refused: refused.length,
      tookMs: clock.monotonic() - began,
    });
    for (const { ownership } of refused) this.#refused(ownership);
    // Nobody is given it after us.
    sent.forEach((one, index) => {
      if (results[index] === 'cancelled') this.#wrote(one);
    });
    const advanced = written.filter(({ ownership, progress }) => progress.hasMoved && isToProve(ownership));
    for (const one of written) if (!advanced.includes(one)) this.#wrote(one);
    if (advanced.length === 0) return;
    await this.#hooks.advanced(advanced.map(({ ownership }) => ownership));
    for (const one of advanced) this.#wrote(one);
  }

  #wrote({ ownership, progress, version }: Sent): void {
    progress.wrote(version);
    this.#unsaved.delete(ownership);
    // It has changed meanwhile: the others come first.
    if (!progress.isWritten) this.#unsaved.add(ownership);
  }

  #refused(ownership: Ownership): void {
    this.#drop(ownership, notOwned(ownership));
    // What is on its way out hears of that by its own answer.
    if (ownership.isWorkedOn) ownership.send({ type: 'lost', reason: 'takenOver' });
  }

  #failed(batch: readonly Ownership[], error: unknown): void {
    for (const ownership of batch) this.#drop(ownership, error);
    if (isStreamwardenError(error, 'RuntimeStopped')) return;
    this.#kernel.logger.error(
      { streams: batch.slice(0, 100).map(({ name }) => name), error: messageOf(error) },
      'checkpoints could not be saved',
    );
  }

  /** Nothing of it is written before it changes again. */
  #drop(ownership: Ownership, error: unknown): void {
    this.#unsaved.delete(ownership);
    this.#urgent.delete(ownership);
    progressOf(ownership).failed(error);
  }

  #dropEnded(): void {
    const isStopped = this.#kernel.ended.aborted;
    for (const ownership of this.#unsaved) {
      if (ownership.state === 'released') {
        // Finished by its owner, and its checkpoint with it: nothing is left to be written.
        const progress = progressOf(ownership);
        progress.wrote(progress.version);
        this.#unsaved.delete(ownership);
      } else if (isStopped) {
        this.#drop(ownership, new StreamwardenError('RuntimeStopped', 'the runtime has stopped'));
      } else if (isOver(ownership)) {
        this.#drop(ownership, notOwned(ownership));
      }
    }
  }
}

/** Made when first asked for: most streams never have one. */
function progressOf(ownership: Ownership): Progress {
  ownership.progress ??= new Progress(ownership.id, ownership.checkpoint);
  return ownership.progress;
}

/** @throws StreamwardenError `InvalidCheckpoint` where it cannot be read */
function readProgressOf(ownership: Ownership): Progress {
  const progress = progressOf(ownership);
  if (!progress.isUnreadable) return progress;
  const { name, id } = ownership;
  throw new StreamwardenError(
    'InvalidCheckpoint',
    `what is kept as the checkpoint of ${name} is none, or one of a newer version`,
    { details: { stream: name, id } },
  );
}

/** Nothing has been kept of it, or said: there may be many such. */
function hasNone({ progress, checkpoint }: Ownership): boolean {
  return progress === undefined && checkpoint === undefined;
}

/** It has left our hands; not so one that failed inside, and is still pending for us. */
function isOver({ hasEnded, isGivenUp }: Ownership): boolean {
  return hasEnded && !isGivenUp;
}

/** One whose handler has thrown has proved nothing. */
function isToProve({ hasCounts, hasEnded, isProven, isWorkedOn, state }: Ownership): boolean {
  return hasCounts && !isProven && !hasEnded && isWorkedOn && state !== 'backingOff';
}

function notOwned({ name, id }: Ownership): StreamwardenError {
  return new StreamwardenError('StreamNotOwned', `${name} (${id}) is not owned by this consumer any more`, {
    details: { stream: name, id },
  });
}
