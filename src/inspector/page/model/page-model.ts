/** All that the server has said, folded: no I/O, no clock, no browser. */
import { type Hello, PROTOCOL_VERSION, type ServerMessage } from '../../protocol.js';
import { RuntimeModel } from './runtime-model.js';

/** Runtimes that ended stay to be looked at, the latest few of them. */
const MOST_ENDED = 5;

export class PageModel {
  hello: Hello | null = null;
  /** In the order in which they came. */
  readonly runtimes = new Map<string, RuntimeModel>();

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
        // What was known from before is void, its place in the order too.
        this.runtimes.delete(message.runtime.id);
        this.runtimes.set(message.runtime.id, new RuntimeModel(message.runtime));
        break;
      default:
        this.runtimes.get(message.runtime)?.apply(message);
        if (message.kind === 'runtimeEnded') this.#forgetOldest();
    }
  }

  /** The runtime of that id; else, or without one, the first that lives; else the latest that ended. */
  choose(id: string | null): RuntimeModel | undefined {
    const wanted = id === null ? undefined : this.runtimes.get(id);
    if (wanted !== undefined) return wanted;
    const all = [...this.runtimes.values()];
    return all.find(({ ended }) => ended === null) ?? all.at(-1);
  }

  #greet(hello: Hello): void {
    const isOtherProcess = this.hello !== null && this.hello.pid !== hello.pid;
    this.hello = hello;
    if (isOtherProcess) this.runtimes.clear();
    const living = new Set(hello.runtimes.map(({ id }) => id));
    for (const [id, runtime] of this.runtimes) {
      // It ended while nobody listened.
      if (!living.has(id) && runtime.ended === null) runtime.ended = { at: hello.at, error: null };
    }
  }

  #forgetOldest(): void {
    const ended = [...this.runtimes].filter(([, runtime]) => runtime.ended !== null);
    for (const [id] of ended.slice(0, Math.max(0, ended.length - MOST_ENDED))) this.runtimes.delete(id);
  }
}
