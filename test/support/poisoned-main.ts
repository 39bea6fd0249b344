/** The child of poisoned-process.ts: one runtime, whose handler ends the process soon after it has begun with a poison. */
import { composeRuntime } from '../../src/runtime/runtime.js';
import { methodsOf, serve } from './runtime-main.js';

const { options, poison, killsAfterMs } = JSON.parse(process.env.POISONED ?? '{}');
const runtime = composeRuntime(options, {});
runtime.process(async ({ name, signal }) => {
  if (name === poison) setTimeout(() => process.kill(process.pid, 'SIGKILL'), killsAfterMs);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
});
serve(methodsOf(() => runtime));
void runtime.start();
