/** The child of fleet-member.ts. Its application holds a stream until it is told otherwise, and fails on one whose name begins with `poison`. */
import { setTimeout as delay } from 'node:timers/promises';
import { SCRIPTS } from '../../src/redis/scripts.js';
import type { MemberSettings } from './fleet-member.js';
import { methodsOf, serve, tell } from './runtime-main.js';
import { readScripts } from './script-set.js';

const { options, workMs, scripts, library } = JSON.parse(process.env.MEMBER ?? '{}') as MemberSettings;
// Whoever sends a script looks it up there by name.
if (scripts !== undefined) Object.assign(SCRIPTS, readScripts(new URL(scripts)));
const { createRuntime } =
  library === undefined
    ? await import('../../src/index.js')
    : ((await import(library)) as typeof import('../../src/index.js'));

let finish = () => {};
const finishing = new Promise<void>((resolve) => {
  finish = resolve;
});
let isHealed = false;

const runtime = createRuntime(options);
runtime.process(async ({ name, signal }) => {
  if (name.startsWith('poison') && !isHealed) throw new Error('poison');
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  await Promise.race([workMs === undefined ? finishing : delay(workMs), aborted]);
});
void tell(runtime);
serve(
  {
    ...methodsOf(() => runtime),
    start: () => runtime.start(),
    pause: () => runtime.pause(),
    work: () => finish(),
    heal: () => {
      isHealed = true;
    },
  },
  runtime.consumer,
);
