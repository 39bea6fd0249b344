/**
 * The child of incident-process.ts: one runtime with an inspector, whose handler fails at the streams that are called so, and ends the process soon after it has
 * begun with the poison.
 */
import { composeRuntime } from '../../src/runtime/runtime.js';
import { methodsOf, serve, tell } from './runtime-main.js';

const { options, poison, failing, port, killsAfterMs } = JSON.parse(process.env.INCIDENT ?? '{}');
const runtime = composeRuntime(options, {});

function priceOf(product: string): number {
  throw new TypeError(`no price for ${product}`);
}

runtime.process(async ({ name, signal }) => {
  if (name.startsWith(failing)) priceOf(name);
  if (name === poison) setTimeout(() => process.kill(process.pid, 'SIGKILL'), killsAfterMs);
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
});
void tell(runtime);
const inspector = await runtime.inspect({ port });
await runtime.start();
serve({ ...methodsOf(() => runtime), url: () => inspector.url }, runtime.consumer);
