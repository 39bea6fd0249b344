/**
 * The child of fleet-member.ts. Its application holds a stream until it is told otherwise, and fails on one whose name begins with `poison`. One
 * runtime at a time; a new one may follow in the same process.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Runtime } from '../../src/index.js';
import { SCRIPTS } from '../../src/redis/scripts.js';
import type { MemberCode, MemberWork } from './fleet-member.js';
import { methodsOf, serve, tell } from './runtime-main.js';
import { readScripts } from './script-set.js';

const { scripts, library } = JSON.parse(process.env.MEMBER ?? '{}') as MemberCode;
// Whoever sends a script looks it up there by name.
if (scripts !== undefined) Object.assign(SCRIPTS, readScripts(new URL(scripts)));
const { createRuntime } =
  library === undefined
    ? await import('../../src/index.js')
    : ((await import(library)) as typeof import('../../src/index.js'));

let runtime: Runtime | undefined;
let finish = () => {};
let isHealed = false;

function present(): Runtime {
  if (runtime === undefined) throw new Error('expected a runtime to have been started, got: none');
  return runtime;
}

serve({
  ...methodsOf(present),
  async start({ options, workMs }: MemberWork) {
    const finishing = new Promise<void>((resolve) => {
      finish = resolve;
    });
    isHealed = false;
    const made = createRuntime(options);
    runtime = made;
    made.process(async ({ name, signal }) => {
      if (name.startsWith('poison') && !isHealed) throw new Error('poison');
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
      await Promise.race([workMs === undefined ? finishing : delay(workMs), aborted]);
    });
    void tell(made);
    await made.start();
    return made.consumer;
  },
  pause: () => present().pause(),
  work: () => finish(),
  heal: () => {
    isHealed = true;
  },
});
