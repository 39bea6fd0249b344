/**
 * The child of frozen-process.ts: runtimes that stop their own process (SIGSTOP) between two chosen steps of theirs. One runtime
 * at a time; a new one may follow in the same process.
 */
import type { Stores } from '../../src/actors/kernel.js';
import type { RuntimeOptions } from '../../src/index.js';
import { composeRuntime } from '../../src/runtime/runtime.js';
import type { FreezePoint } from './frozen-process.js';
import { aborted, methodsOf, serve, tell } from './runtime-main.js';
import type { TestRuntime } from './runtimes.js';

type Operation = (...args: never[]) => Promise<unknown>;

/** The kernel stops this process before the call returns; it returns when SIGCONT comes. */
const freeze = () => process.kill(process.pid, 'SIGSTOP');

let point: FreezePoint | null = null;

const isPaged = (operation: Operation) => /^AsyncGenerator/.test(operation.constructor.name);

async function frozen(when: FreezePoint['when'], ask: () => Promise<unknown>): Promise<unknown> {
  point = null;
  if (when === 'before') freeze();
  const reply = ask();
  if (when === 'sent') freeze();
  const answer = await reply;
  if (when === 'answered') freeze();
  return answer;
}

/** Freezes where `point` says, once. */
function freezing(stores: Stores): Stores {
  const decorated: Record<string, Record<string, Operation>> = {};
  for (const [storeName, store] of Object.entries(stores) as [string, Record<string, Operation>][]) {
    decorated[storeName] = { ...store };
    for (const [name, original] of Object.entries(store)) {
      // What is asked for page by page asks other operations.
      if (isPaged(original)) continue;
      // What answers at once goes on doing so.
      decorated[storeName][name] = (...args) =>
        point?.store === storeName && point.operation === name
          ? frozen(point.when, () => original.apply(store, args))
          : original.apply(store, args);
    }
  }
  return decorated as unknown as Stores;
}

let runtime: TestRuntime | undefined;

function present(): TestRuntime {
  if (runtime === undefined) throw new Error('expected a runtime to have been made, got: none');
  return runtime;
}

serve({
  ...methodsOf(present),
  async start(options: RuntimeOptions) {
    for (const stream of Object.keys(aborted)) delete aborted[stream];
    const made: TestRuntime = composeRuntime(options as never, { stores: freezing });
    runtime = made;
    void tell(made);
    await made.start();
    return made.consumer;
  },
  // After a test that made none, there is nothing to stop.
  stop: (options: object) => runtime?.stop(options),
  freezeAt(next: FreezePoint) {
    point = next;
  },
  /** A loop that lets nothing else run. How long what it owned was certain to be its own, at the least, while it ran, in milliseconds. */
  block(ms: number) {
    const [stream] = present().ownedStreams();
    const until = performance.now() + ms;
    let leastMs = Number.POSITIVE_INFINITY;
    while (performance.now() < until) {
      if (stream !== undefined) leastMs = Math.min(leastMs, stream.validUntil - Date.now());
    }
    return leastMs;
  },
});
