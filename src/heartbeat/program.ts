/**
 * heartbeat-worker.ts as one CommonJS program without imports of other files, so that whoever bundles an application has nothing to mind. Run from its source
 * this module reads what was built last, when it is asked to. The build writes it anew, with the program in it (scripts/generated.mjs).
 */
import { readFileSync } from 'node:fs';

export function heartbeatProgram(): string {
  return readFileSync(new URL('../../.cache/heartbeat-worker.cjs', import.meta.url), 'utf8');
}
