/** The application's view of a stream that this process owns. */
import type { Ownership } from '../actors/ownership.js';
import type { DoneOptions, ReleaseOptions, StreamHandle, TouchListener } from './types.js';

/** What a handle asks of the runtime. */
export interface HandleOwner {
  validUntil(): number;
  /** What was kept of it when it was assigned. */
  checkpoint(ownership: Ownership): unknown;
  save(ownership: Ownership, checkpoint: unknown): Promise<void>;
  done(ownership: Ownership, options?: DoneOptions): Promise<void>;
  /** Calls back whenever it has been touched, until what is returned is called. */
  onTouched(ownership: Ownership, listener: TouchListener): () => void;
  release(ownership: Ownership, options?: ReleaseOptions): Promise<void>;
  entries(ownership: Ownership, options: unknown): unknown;
  batches(ownership: Ownership, options: unknown): unknown;
  /** It is not handed over for others' share until what is returned is called. */
  pin(ownership: Ownership): () => void;
}

class Handle<TInfo, TCheckpoint> implements StreamHandle<TInfo, TCheckpoint> {
  readonly #ownership: Ownership;
  readonly #owner: HandleOwner;

  constructor(ownership: Ownership, owner: HandleOwner) {
    this.#ownership = ownership;
    this.#owner = owner;
  }

  get name(): string {
    return this.#ownership.name;
  }

  get id(): string {
    return this.#ownership.id;
  }

  get info(): TInfo {
    return this.#ownership.info as TInfo;
  }

  get retryCount(): number {
    return this.#ownership.retryCount;
  }

  get failures(): number {
    return this.#ownership.failures;
  }

  get deaths(): number {
    return this.#ownership.deaths;
  }

  get fencingToken(): string {
    return this.#ownership.id;
  }

  get signal(): AbortSignal {
    return this.#ownership.signal;
  }

  get validUntil(): number {
    return this.#ownership.isWorkedOn ? this.#owner.validUntil() : 0;
  }

  get touched(): number {
    return this.#ownership.touches;
  }

  onTouched(listener: TouchListener): () => void {
    return this.#owner.onTouched(this.#ownership, listener);
  }

  get checkpoint(): TCheckpoint | undefined {
    return this.#owner.checkpoint(this.#ownership) as TCheckpoint | undefined;
  }

  save(checkpoint: TCheckpoint): Promise<void> {
    return this.#owner.save(this.#ownership, checkpoint);
  }

  done(options?: DoneOptions): Promise<void> {
    return this.#owner.done(this.#ownership, options);
  }

  release(options?: ReleaseOptions): Promise<void> {
    return this.#owner.release(this.#ownership, options);
  }

  /** What it gives is what `EntriesOf` says of the options. */
  entries(options?: unknown): never {
    return this.#owner.entries(this.#ownership, options) as never;
  }

  batches(options?: unknown): never {
    return this.#owner.batches(this.#ownership, options) as never;
  }

  pin(): () => void {
    return this.#owner.pin(this.#ownership);
  }
}

/** One handle an ownership, made when first asked for. */
export function handleOf<TInfo, TCheckpoint>(
  ownership: Ownership,
  owner: HandleOwner,
): StreamHandle<TInfo, TCheckpoint> {
  ownership.view ??= new Handle<TInfo, TCheckpoint>(ownership, owner);
  return ownership.view as StreamHandle<TInfo, TCheckpoint>;
}
