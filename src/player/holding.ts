/** A stream in the hands of a process that is played: what its handler sees, and what comes of what it asks for. */
import { setMaxListeners } from 'node:events';
import type { StreamwardenError } from '../core/errors.js';
import { afterMsOf, doneOptionsOf } from '../runtime/owned-streams.js';
import type { DoneOptions, ReleaseOptions, StreamHandle, TouchListener } from '../runtime/types.js';
import { batchesOf, entriesOf } from './entries.js';
import { errorOn, notOwned, unplayable } from './reasons.js';
import type { Answer, Part } from './script.js';
import type { PlayedLease, PlayedStepKind, Supplies } from './types.js';
import type { HoldingStage } from './holding-stage.js';

type State = 'owned' | 'asking' | 'failed' | 'over';

interface Asked {
  readonly resolve: () => void;
  readonly reject: (error: StreamwardenError) => void;
  readonly keep: boolean;
}

export class Holding<TInfo, TCheckpoint> {
  readonly part: Part;
  readonly handle: StreamHandle<TInfo, TCheckpoint>;
  /** Of `entries()` or `batches()`: a handler that returns may be called again, as there is more. */
  hasWalked = false;
  isUncertain = false;
  touched = 0;
  readonly #stage: HoldingStage;
  readonly #supplies: Supplies<TInfo, TCheckpoint>;
  readonly #controller = new AbortController();
  readonly #listeners = new Set<TouchListener>();
  readonly #checkpoint: unknown;
  #state: State = 'owned';
  #answers = 0;
  #asked: Asked | undefined;

  constructor(part: Part, stage: HoldingStage, supplies: Supplies<TInfo, TCheckpoint>) {
    this.part = part;
    this.#stage = stage;
    this.#supplies = supplies;
    const { checkpoints } = stage.world;
    this.#checkpoint = checkpoints.has(part.name) ? checkpoints.get(part.name) : supplies.checkpoint;
    // As many may listen as the handler calls.
    setMaxListeners(0, this.#controller.signal);
    this.handle = this.#handle();
  }

  /** The application may work on it, as the runtime sees it. */
  get isWorkedOn(): boolean {
    return this.#state === 'owned' || this.#state === 'failed';
  }

  get isAborted(): boolean {
    return this.#controller.signal.aborted;
  }

  get hasFailed(): boolean {
    return this.#state === 'failed';
  }

  get isHeld(): boolean {
    return this.#stage.fateOf(this, this.#isOverdue) === 'isHeld';
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get lease(): PlayedLease {
    if (this.#state === 'over') return 'ended';
    if (this.isAborted) return 'aborted';
    return this.#isOverdue ? 'overdue' : 'held';
  }

  get entries(): NonNullable<Supplies['entries']> {
    const { entries } = this.#supplies;
    if (entries !== undefined) return entries;
    const { name, id } = this.part;
    throw this.#stage.fail(
      unplayable(`expected option supply to give the entries of ${name}, which no recording has, got: none`, {
        why: 'entriesNotSupplied',
        stream: name,
        id,
      }),
    );
  }

  step(kind: PlayedStepKind, text = '', detail?: unknown): void {
    this.#stage.step(this, kind, text, detail);
  }

  get committed(): Map<string, string> {
    return this.#stage.world.committed;
  }

  abort(error: StreamwardenError): void {
    if (this.isAborted || this.#state === 'over') return;
    this.step('abort', error.code);
    this.#controller.abort(error);
  }

  /** Another process was given it, or it is gone. */
  lose(error: StreamwardenError): void {
    if (this.#state === 'over') return;
    this.step('lost', error.code);
    this.#controller.abort(error);
    this.#over();
    this.#settle((asked) => asked.reject(notOwned(this.part)));
  }

  fail(): void {
    this.#state = 'failed';
  }

  touch(times: number): void {
    if (this.#state === 'over') return;
    this.touched = times;
    this.step('touched', String(times));
    for (const listener of [...this.#listeners]) listener(times);
  }

  /** The process has ended: nothing is answered any more. */
  end(): void {
    this.#state = 'over';
  }

  async done(options: DoneOptions = {}): Promise<void> {
    const { keep } = doneOptionsOf(options);
    if (!this.isWorkedOn) {
      this.step('done', 'StreamNotOwned');
      throw notOwned(this.part);
    }
    this.step('done');
    const answer = this.part.answers[this.#answers];
    this.#answers += 1;
    this.#state = 'asking';
    await new Promise<void>((resolve, reject) => {
      this.#asked = { resolve, reject, keep };
      const fate = this.#stage.fateOf(this, this.#isOverdue);
      // The event with which it is lost answers.
      if (fate === 'willBeLost') return;
      this.#stage.answer(answer?.afterMs, () => this.#answer(fate === 'isLost' ? 'lost' : answer?.outcome));
    });
  }

  async release(options: ReleaseOptions = {}): Promise<void> {
    const afterMs = afterMsOf(options);
    if (!this.isWorkedOn) {
      this.step('release', 'StreamNotOwned');
      throw notOwned(this.part);
    }
    this.step('release', afterMs > 0 ? `after ${afterMs} ms` : '');
    this.#controller.abort(errorOn(this.part, 'StreamReleased', 'was released'));
    this.#state = 'asking';
    await new Promise<void>((resolve, reject) => {
      this.#asked = { resolve, reject, keep: true };
      const fate = this.#stage.fateOf(this, this.#isOverdue);
      if (fate === 'willBeLost') return;
      this.#stage.answer(undefined, () => {
        this.#over();
        this.#settle((asked) => (fate === 'isLost' ? asked.reject(notOwned(this.part)) : asked.resolve()));
      });
    });
  }

  async save(checkpoint: TCheckpoint): Promise<void> {
    const { name } = this.part;
    if (!this.isWorkedOn) {
      this.step('save', 'StreamNotOwned', checkpoint);
      throw notOwned(this.part);
    }
    this.step('save', '', checkpoint);
    const isLost = this.#stage.fateOf(this, this.#isOverdue) !== 'isHeld';
    await new Promise<void>((resolve, reject) => {
      this.#stage.answer(undefined, () => {
        if (isLost) {
          reject(notOwned(this.part));
          return;
        }
        this.#stage.world.checkpoints.set(name, checkpoint);
        resolve();
      });
    });
  }

  get #isOverdue(): boolean {
    return this.isUncertain || this.#stage.clock.now() > this.#stage.validUntil;
  }

  #answer(outcome: Answer['outcome'] = 'ok'): void {
    const { part } = this;
    const asked = this.#asked;
    // It was lost meanwhile, or the process has ended.
    if (asked === undefined || this.#state !== 'asking') return;
    if (outcome === 'touched') {
      this.#state = 'owned';
      this.#settle(({ reject }) =>
        reject(errorOn(part, 'StreamTouched', 'was touched, and is owned as before')),
      );
      return;
    }
    this.#over();
    if (outcome === 'ok') {
      this.#stage.world.finished.add(part);
      if (!asked.keep) this.#stage.world.checkpoints.delete(part.name);
      this.#settle(({ resolve }) => resolve());
    } else if (outcome === 'unknown') {
      this.#settle(({ reject }) =>
        reject(errorOn(part, 'OutcomeUnknown', 'may be finished: no answer came')),
      );
    } else {
      this.#settle(({ reject }) => reject(notOwned(part)));
    }
  }

  #settle(settle: (asked: Asked) => void): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked !== undefined) settle(asked);
  }

  #over(): void {
    this.#state = 'over';
    this.#listeners.clear();
  }

  #handle(): StreamHandle<TInfo, TCheckpoint> {
    const { part } = this;
    const supplies = this.#supplies;
    const holding = this;
    return {
      name: part.name,
      id: part.id,
      info: (supplies.info ?? part.info ?? null) as TInfo,
      retryCount: part.retryCount,
      failures: supplies.failures ?? 0,
      deaths: supplies.deaths ?? 0,
      fencingToken: part.id,
      signal: this.#controller.signal,
      get validUntil() {
        return holding.isWorkedOn ? holding.#stage.validUntil : 0;
      },
      get touched() {
        return holding.touched;
      },
      onTouched: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
      checkpoint: this.#checkpoint as TCheckpoint | undefined,
      save: (checkpoint) => {
        const saved = this.save(checkpoint);
        // Who does not wait for it need not hear that it failed.
        saved.catch(() => {});
        return saved;
      },
      entries: ((options?: unknown) => entriesOf(this, options)) as StreamHandle['entries'],
      batches: ((options?: unknown) => batchesOf(this, options)) as StreamHandle['batches'],
      done: (options) => this.done(options),
      release: (options) => this.release(options),
      pin: () => () => {},
    };
  }
}
