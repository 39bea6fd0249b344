/** All that the server has said, folded: no I/O, no clock, no browser. */
import { type Hello, PROTOCOL_VERSION, type ServerMessage } from '../../protocol.js';
import { RuntimeModel } from './runtime-model.js';

/** Pictures of runtimes that ended: the latest of them stay to be looked at, and the one that is in sight. */
const MOST_ENDED = 3;

export class PageModel {
  hello: Hello | null = null;
  /** Those that live and the pictures of those that ended, by key, in the order in which they came. */
  readonly runtimes = new Map<string, RuntimeModel>();
  /** Key of the runtime that a person chose; null: none in particular. */
  chosen: string | null = null;
  /** By id: those of the process that answers now. */
  readonly #told = new Map<string, RuntimeModel>();
  /** Key of what was in sight when another process took over: it stays in sight. */
  #staying: string | null = null;

  /** Whether this page understands the server. */
  get isCompatible(): boolean {
    return this.hello === null || this.hello.protocol === PROTOCOL_VERSION;
  }

  apply(message: ServerMessage): void {
    switch (message.kind) {
      case 'hello':
        this.#greet(message);
        break;
      case 'runtime':
        this.#introduce(message.runtime);
        break;
      default:
        this.#told.get(message.runtime)?.apply(message);
        if (message.kind === 'runtimeEnded') this.#forgetOldest();
    }
  }

  /**
   * The runtime of that key; else, or without one, the one that was in sight when its process went; else the first that lives; else the latest that
   * ended.
   */
  choose(key: string | null): RuntimeModel | undefined {
    for (const wanted of [key, this.#staying]) {
      const found = wanted === null ? undefined : this.runtimes.get(wanted);
      if (found !== undefined) return found;
    }
    const all = [...this.runtimes.values()];
    return all.find(({ ended }) => ended === null) ?? all.at(-1);
  }

  /** Whether the process that answers now has told of a living runtime of that id, or is about to. */
  isTold(id: string): boolean {
    const runtime = this.#told.get(id);
    return runtime?.ended === null || (this.hello?.runtimes.some((info) => info.id === id) ?? false);
  }

  #greet(hello: Hello): void {
    const before = this.hello;
    const shown = this.choose(this.chosen);
    this.hello = hello;
    if (before !== null && before.instance !== hello.instance) {
      for (const runtime of this.#told.values()) {
        runtime.ended ??= { at: hello.at, error: null, how: 'replaced' };
      }
      this.#told.clear();
      this.#staying = shown?.key ?? null;
      this.#forgetOldest();
      return;
    }
    const living = new Set(hello.runtimes.map(({ id }) => id));
    for (const [id, runtime] of this.#told) {
      if (!living.has(id)) runtime.ended ??= { at: hello.at, error: null, how: 'unseen' };
    }
  }

  #introduce(info: RuntimeModel['info']): void {
    const { pid = 0 } = this.hello ?? {};
    const before = this.#told.get(info.id);
    let { id: key } = info;
    if (before?.ended === null) {
      // It is told anew. What was known from before is void, its place in the order too.
      key = before.key;
      this.runtimes.delete(key);
    } else {
      for (let n = 2; this.runtimes.has(key); n += 1) key = `${info.id}@${n}`;
    }
    const runtime = new RuntimeModel(info, { key, pid });
    this.runtimes.set(key, runtime);
    this.#told.set(info.id, runtime);
  }

  #forgetOldest(): void {
    const inSight = this.choose(this.chosen);
    const ended = [...this.runtimes.values()].filter((one) => one.ended !== null && one !== inSight);
    const most = MOST_ENDED - (inSight === undefined || inSight.ended === null ? 0 : 1);
    for (const { key } of ended.slice(0, Math.max(0, ended.length - most))) this.runtimes.delete(key);
  }
}
