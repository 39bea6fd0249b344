/** The child of consumer-process.ts: one runtime, driven over IPC. Ends when its parent does. */
import { composeRuntime } from '../../src/runtime/runtime.js';
import type { Call, ChildMessage } from './consumer-process.js';

const say = (message: ChildMessage) => {
  process.send?.(message, undefined, undefined, () => {});
};
process.on('disconnect', () => process.exit(0));

const runtime = composeRuntime(JSON.parse(process.env.CONSUMER_OPTIONS ?? '{}'), {});
const aborted: Record<string, string> = {};

async function tell(): Promise<void> {
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

const methods: Record<string, (argument: never) => unknown> = {
  start: () => runtime.start(),
  stop: (options: object) => runtime.stop(options),
  done: (id: string) => runtime.done({ id }),
  release: (id: string) => runtime.release({ id }),
  snapshot: () => runtime.snapshot(),
  /** Data stream → code of the reason with which its signal aborted. */
  aborted: () => aborted,
};

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

void tell();
say({ kind: 'ready', consumer: runtime.consumer });
