/**
 * replay-worker.ts as one CommonJS program without imports of other files. Run from its source this module reads what was built last: a thread that
 * compiles first would cost more than most replays. The build writes it anew, with the program in it (scripts/generated.mjs).
 */
import { readFileSync } from 'node:fs';

export const REPLAY_PROGRAM: string = readFileSync(
  new URL('../../.cache/replay-worker.cjs', import.meta.url),
  'utf8',
);
