/** What a handler threw, with its stack: from the row of a stream that has ended, or asked for when somebody wants to see it. */
import { useState } from 'preact/hooks';
import type { RuntimeModel } from '../model/runtime-model.js';
import { api, messageOf } from '../state/api.js';

const HANDLER = 'handler/';

/** Path of the ownership whose handler failed; undefined: what failed is a part of the runtime. */
export function failedStream(child: string): string | undefined {
  return child.startsWith(HANDLER) ? `consumer/ownership/${child.slice(HANDLER.length)}` : undefined;
}

function known(runtime: RuntimeModel, path: string): string | null {
  const thrown = runtime.streams.get(path)?.activity?.thrown;
  return runtime.actors.find(path)?.ended?.thrown ?? thrown?.stack ?? null;
}

export function FailureStack({ runtime, path }: { readonly runtime: RuntimeModel; readonly path: string }) {
  const [asked, setAsked] = useState<string | null>(null);
  const text = known(runtime, path) ?? asked;
  const ask = async () => {
    if (text !== null) return;
    try {
      const { activity } = await api.stream(runtime.info.id, path.slice(path.lastIndexOf('/') + 1));
      setAsked(activity?.thrown?.stack ?? 'It is not known any more: the stream ended too long ago.');
    } catch (error) {
      setAsked(messageOf(error));
    }
  };
  return (
    <details
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) void ask();
      }}
    >
      <summary>Stack</summary>
      <pre class="stack">{text ?? 'Asking…'}</pre>
    </details>
  );
}
