/** What has been told, as it came and by its type. Whoever waits for a thousand of one type looks a thousand times: a walk through all of it each time takes seconds. */
export class ByType<T extends { readonly type: string }> {
  readonly all: T[] = [];
  readonly #lists = new Map<string, T[]>();

  push(one: T): void {
    this.all.push(one);
    const list = this.#lists.get(one.type);
    if (list === undefined) this.#lists.set(one.type, [one]);
    else list.push(one);
  }

  count(type: T['type']): number {
    return this.#lists.get(type)?.length ?? 0;
  }

  /** Those that there are by now, in order. */
  of<K extends T['type']>(type: K): Extract<T, { type: K }>[] {
    return [...((this.#lists.get(type) ?? []) as Extract<T, { type: K }>[])];
  }

  find<K extends T['type']>(
    type: K,
    isIt: (one: Extract<T, { type: K }>) => boolean,
  ): Extract<T, { type: K }> | undefined {
    return ((this.#lists.get(type) ?? []) as Extract<T, { type: K }>[]).find(isIt);
  }
}
