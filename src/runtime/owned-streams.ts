/** What comes of the streams that the application owns: done, given back, failed. */
import type { Consumer } from '../actors/consumer.js';
import type { Ownership } from '../actors/ownership.js';
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { factOf } from '../machines/facts.js';
import { MOST_DELAY_MS } from '../redis/delaying.js';
import { encodeLetterError } from '../redis/letter-error.js';
import type { CheckpointCodec } from './checkpoint-codec.js';
import type { StreamEntries } from './entries/stream-entries.js';
import type { HandlerBackoff } from './handler-backoff.js';
import type { HandlerFailures } from './handler-failures.js';
import { invalid, onlyKnown } from './option-errors.js';
import { type HandleOwner, handleOf } from './stream-handle.js';
import { TouchListeners } from './touch-listeners.js';
import type { DoneOptions, ReleaseOptions, ReleaseReport, StreamHandle, TouchListener } from './types.js';
import { isUnrecoverable } from './unrecoverable-error.js';

export interface OwnedStreamsSettings<TInfo, TCheckpoint> {
  readonly logger: Logger;
  readonly backoff: HandlerBackoff;
  readonly failures: HandlerFailures;
  readonly consumer: Consumer;
  /** The option `balance.movable`. */
  readonly movable: ((stream: StreamHandle<TInfo, TCheckpoint>) => boolean) | undefined;
  readonly entries: StreamEntries;
  /** Whether the handler of that very stream is asking: it cannot be waited for. */
  isInside(ownership: Ownership): boolean;
  readonly codec: CheckpointCodec;
}

export class OwnedStreams<TInfo, TCheckpoint> implements HandleOwner {
  readonly #settings: OwnedStreamsSettings<TInfo, TCheckpoint>;
  readonly #pinned = new WeakSet<Ownership>();
  #hasWarned = false;
  readonly #touchListeners: TouchListeners;

  constructor(settings: OwnedStreamsSettings<TInfo, TCheckpoint>) {
    this.#settings = settings;
    this.#touchListeners = new TouchListeners(settings.logger);
  }

  onTouched(ownership: Ownership, listener: TouchListener): () => void {
    return this.#touchListeners.add(ownership, listener);
  }

  entries(ownership: Ownership, options: unknown): unknown {
    return this.#settings.entries.entries(ownership, options);
  }

  batches(ownership: Ownership, options: unknown): unknown {
    return this.#settings.entries.batches(ownership, options);
  }

  touched(ownership: Ownership): void {
    this.#touchListeners.tell(ownership);
  }

  pin(ownership: Ownership): () => void {
    this.#pinned.add(ownership);
    return () => void this.#pinned.delete(ownership);
  }

  /** What the predicate throws leaves the stream where it is. */
  isMovable(ownership: Ownership): boolean {
    if (this.#pinned.has(ownership)) return false;
    const { movable, logger } = this.#settings;
    if (movable === undefined) return true;
    try {
      return movable(this.handle(ownership)) === true;
    } catch (error) {
      if (!this.#hasWarned)
        logger.warn({ error: messageOf(error) }, 'balance.movable threw; the stream stays');
      this.#hasWarned = true;
      return false;
    }
  }

  checkpoint(ownership: Ownership): unknown {
    const { codec, consumer } = this.#settings;
    const json = consumer.saver.begunWith(ownership);
    return json === undefined ? undefined : codec.decode(json, ownership.name, ownership.id);
  }

  save(ownership: Ownership, value: unknown): Promise<void> {
    const { codec, consumer } = this.#settings;
    const saved = (async () => consumer.saver.save(ownership, codec.encode(value)))();
    // Who does not wait for it need not hear that it failed: why a stream is not owned any more its signal says.
    saved.catch(() => {});
    return saved;
  }

  validUntil(): number {
    return this.#settings.consumer.lease.validUntil;
  }

  handle(ownership: Ownership): StreamHandle<TInfo, TCheckpoint> {
    return handleOf<TInfo, TCheckpoint>(ownership, this);
  }

  /** @throws StreamwardenError `StreamNotOwned` */
  find(id: string): Ownership {
    const ownership = this.#settings.consumer.ownerships.get(id);
    if (ownership === undefined) throw notOwned(id);
    return ownership;
  }

  named(name: string): StreamHandle<TInfo, TCheckpoint> | undefined {
    const ownership = this.#settings.consumer.ownerships.named(name);
    return ownership?.isWorkedOn ? this.handle(ownership) : undefined;
  }

  *[Symbol.iterator](): IterableIterator<StreamHandle<TInfo, TCheckpoint>> {
    for (const ownership of this.#settings.consumer.ownerships) {
      if (ownership.isWorkedOn) yield this.handle(ownership);
    }
  }

  async done(ownership: Ownership, options: DoneOptions = {}): Promise<void> {
    const { ifTouches, keep } = doneOptionsOf(options);
    if (!ownership.isWorkedOn) throw notOwned(ownership.id, ownership.name);
    const { backoff, consumer } = this.#settings;
    const { state } = ownership;
    backoff.cancel(ownership);
    ownership.send({ type: 'done.requested' });
    try {
      await consumer.finisher.finish(ownership, ifTouches, state === 'uncertain', keep);
    } catch (error) {
      const isRefused = isStreamwardenError(error, 'StreamTouched');
      if (isRefused && (state === 'backingOff' || state === 'acquired')) this.#releaseTouched(ownership);
      throw error;
    }
  }

  /** Its handler has returned. Resolves with whether it is finished: not while there are more entries for the handler. */
  async doneByHandler(ownership: Ownership): Promise<boolean> {
    const { entries } = this.#settings;
    for (;;) {
      const options = entries.finishing(ownership);
      if (options === undefined) return false;
      try {
        await this.done(ownership, options);
        return true;
      } catch (error) {
        const isRefused = options.ifTouches !== undefined && isStreamwardenError(error, 'StreamTouched');
        if (!isRefused) throw error;
        // An entry may have come after the last look; or the end mark has touched it, say.
        if (await entries.hasMore(ownership)) return false;
        // Told to stop meanwhile: whoever is given it next finishes it.
        if (!ownership.isWorkedOn || ownership.isAborted) return true;
      }
    }
  }

  /** Nobody works on it here any more, and there is more to do: whoever is given it next begins with that. */
  #releaseTouched(ownership: Ownership): void {
    abortReleased(ownership, `${ownership.name} was touched, and nobody worked on it`);
    this.#settings.consumer.releaser.release(ownership, true).catch((error: unknown) => {
      this.#unlessStopped(ownership, error, 'a touched stream could not be released');
    });
  }

  async release(ownership: Ownership, options: ReleaseOptions = {}): Promise<void> {
    const afterMs = afterMsOf(options);
    if (!ownership.isWorkedOn) throw notOwned(ownership.id, ownership.name);
    const { backoff, consumer, isInside } = this.#settings;
    backoff.cancel(ownership);
    abortReleased(ownership, `${ownership.name} was released`);
    await consumer.releaser.release(ownership, !isInside(ownership), afterMs);
  }

  async releaseMany(
    predicate: (stream: StreamHandle<TInfo, TCheckpoint>) => boolean,
    options: ReleaseOptions = {},
  ): Promise<ReleaseReport> {
    if (typeof predicate !== 'function') throw invalid('predicate', 'a function', predicate);
    afterMsOf(options);
    // All are looked at before the first one is released.
    const chosen = [...this.#settings.consumer.ownerships].filter(
      (ownership) => ownership.isWorkedOn && predicate(this.handle(ownership)),
    );
    const settled = await Promise.allSettled(chosen.map((ownership) => this.release(ownership, options)));
    let released = 0;
    let failed = 0;
    settled.forEach((result, index) => {
      const ownership = chosen[index] as Ownership;
      if (ownership.state === 'handedOver') released += 1;
      else if (result.status === 'rejected' && !isStreamwardenError(result.reason, 'StreamNotOwned')) {
        failed += 1;
        this.#unlessStopped(ownership, result.reason, 'a stream could not be released');
      }
    });
    return { matched: chosen.length, released, ended: chosen.length - released - failed, failed };
  }

  /** Its signal aborted while its lease was overdue; now that it is known to be ours, others may have it. */
  releaseUncertain(ownership: Ownership): void {
    const { consumer } = this.#settings;
    consumer.releaser.release(ownership, true).catch((error: unknown) => {
      this.#unlessStopped(ownership, error, 'an uncertain stream could not be released');
    });
  }

  /** Its handler threw: after a pause, in which it stays ours, a retry is spent; or, when no retry can succeed, it is dead-lettered now. */
  handlerFailed(ownership: Ownership, error: unknown): void {
    // There is more to do, and that is no failure.
    if (isStreamwardenError(error, 'StreamTouched') && error.details.id === ownership.id) {
      this.#releaseTouched(ownership);
      return;
    }
    const { backoff, failures } = this.#settings;
    ownership.send({ type: 'handler.failed', error: factOf(error) });
    ownership.failure = encodeLetterError(error);
    if (isUnrecoverable(error)) {
      failures.failed(ownership, error, null);
      // Whoever was told may have finished or released it.
      if (ownership.isWorkedOn) this.#giveUp(ownership, 'rejected', error);
      return;
    }
    const delayMs = backoff.begin(ownership, error, () => this.#giveUp(ownership, 'failed', error));
    failures.failed(ownership, error, delayMs);
  }

  #giveUp(ownership: Ownership, why: 'failed' | 'rejected', error: unknown): void {
    const { consumer } = this.#settings;
    abortReleased(ownership, `the handler of ${ownership.name} failed`, error);
    ownership.send({ type: 'giveBack.requested', reason: why });
    consumer.giver.giveBack(why, [ownership]).catch((problem: unknown) => {
      consumer.operationFailed(ownership, why, problem);
      this.#unlessStopped(
        ownership,
        problem,
        why === 'failed' ? 'a retry could not be spent' : 'a rejected stream could not be dead-lettered',
      );
    });
  }

  #unlessStopped({ name, id }: Ownership, error: unknown, message: string): void {
    if (isStreamwardenError(error, 'RuntimeStopped')) return;
    this.#settings.logger.error({ stream: name, id, error: messageOf(error) }, message);
  }
}

/** @throws StreamwardenError `InvalidOption` */
export function doneOptionsOf(options: unknown): {
  readonly ifTouches: number | undefined;
  readonly keep: boolean;
} {
  const { ifTouches, keep = false } = onlyKnown(options, ['ifTouches', 'keep']);
  if (typeof keep !== 'boolean') throw invalid('keep', 'true or false', keep);
  if (ifTouches === undefined) return { ifTouches, keep };
  if (typeof ifTouches !== 'number' || !Number.isSafeInteger(ifTouches) || ifTouches < 0) {
    throw invalid('ifTouches', 'an integer from 0 up', ifTouches);
  }
  return { ifTouches, keep };
}

/** @throws StreamwardenError `InvalidOption` */
export function afterMsOf(options: unknown): number {
  const { afterMs = 0 } = onlyKnown(options, ['afterMs']);
  if (typeof afterMs !== 'number' || !Number.isInteger(afterMs) || afterMs < 0 || afterMs > MOST_DELAY_MS) {
    throw invalid('afterMs', `an integer from 0 to ${MOST_DELAY_MS}`, afterMs);
  }
  return afterMs;
}

function abortReleased(ownership: Ownership, message: string, ...cause: [unknown?]): void {
  const { name, id } = ownership;
  ownership.abort(
    () =>
      new StreamwardenError('StreamReleased', message, {
        ...(cause.length > 0 && { cause: cause[0] }),
        details: { stream: name, id },
      }),
  );
}

function notOwned(id: string, stream?: string): StreamwardenError {
  const what = stream === undefined ? `entry ${id}` : `${stream} (${id})`;
  return new StreamwardenError(
    'StreamNotOwned',
    `${what} is not owned by this consumer, or is on its way out already`,
    { details: { id, stream } },
  );
}
