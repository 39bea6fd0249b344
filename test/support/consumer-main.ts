/** The child of consumer-process.ts: one runtime. */
import { composeRuntime } from '../../src/runtime/runtime.js';
import { methodsOf, serve, tell } from './runtime-main.js';

const runtime = composeRuntime(JSON.parse(process.env.CONSUMER_OPTIONS ?? '{}'), {});
void tell(runtime);
serve({ ...methodsOf(() => runtime), start: () => runtime.start() }, runtime.consumer);
