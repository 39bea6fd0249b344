/** The child's side of runtime-process.ts: answers its parent, and passes on what the runtime tells. Ends when the parent does. */
import type { Runtime } from '../../src/index.js';
import type { Call, ChildMessage } from './runtime-process.js';

const say = (message: ChildMessage) => {
  process.send?.(message, undefined, undefined, () => {});
};

/** Data stream → code of the reason with which its signal aborted. */
export const aborted: Record<string, string> = {};

export async function tell(runtime: Runtime): Promise<void> {
  for await (const notification of runtime.notifications()) {
    if (notification.type === 'StreamAdded') {
      const { stream } = notification;
      const signal = runtime.owned(stream)?.signal;
      signal?.addEventListener('abort', () => {
        aborted[stream] = String((signal.reason as { code?: string }).code);
      });
    }
    say({ kind: 'news', notification });
  }
}

/** What every such program can be asked. @param present the runtime that there is */
export function methodsOf(present: () => Runtime): Record<string, (argument: never) => unknown> {
  return {
    stop: (options: object) => present().stop(options),
    done: (id: string) => present().done({ id }),
    release: (id: string) => present().release({ id }),
    snapshot: () => present().snapshot(),
    aborted: () => aborted,
  };
}

/** @param consumer name in the group of the runtime that there is already */
export function serve(methods: Record<string, (argument: never) => unknown>, consumer = ''): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ call, method, argument }: Call) => {
    void (async () => {
      try {
        say({ kind: 'answer', call, value: (await methods[method]?.(argument as never)) ?? null });
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        say({ kind: 'answer', call, error: { code: code ?? 'Error', message } });
      }
    })();
  });
  say({ kind: 'ready', consumer });
}
