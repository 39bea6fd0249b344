import type { Runtime } from '../../runtime/types.js';

/** What `@nestjs/terminus` takes from an indicator. */
export type StreamwardenHealthResult<TKey extends string = string> = Record<
  TKey,
  { readonly status: 'up' | 'down'; readonly reasons: readonly string[] }
>;

/** Says how the runtime is, for the probes of `@nestjs/terminus` 11 or any others. Cheap; asks nobody. */
export class StreamwardenHealth {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Down when only a restart of the process can help. */
  live<const TKey extends string = 'streamwarden'>(
    key: TKey = 'streamwarden' as TKey,
  ): StreamwardenHealthResult<TKey> {
    const { live, reasons } = this.#runtime.health();
    return result(key, live, reasons);
  }

  /** Up while streams are read, or would be if there were room. */
  ready<const TKey extends string = 'streamwarden'>(
    key: TKey = 'streamwarden' as TKey,
  ): StreamwardenHealthResult<TKey> {
    const { ready, reasons } = this.#runtime.health();
    return result(key, ready, reasons);
  }
}

function result<TKey extends string>(
  key: TKey,
  up: boolean,
  reasons: readonly string[],
): StreamwardenHealthResult<TKey> {
  return { [key]: { status: up ? 'up' : 'down', reasons } } as StreamwardenHealthResult<TKey>;
}
