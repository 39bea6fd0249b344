/**
 * go-consumer-main.ts as one CommonJS program without imports of other files. Run from its source this module reads what was built last; the build
 * writes it anew, with the program in it (scripts/generated.mjs).
 */
import { readFileSync } from 'node:fs';

export const GO_CONSUMER_PROGRAM: string = readFileSync(
  new URL('../../.cache/go-consumer-main.cjs', import.meta.url),
  'utf8',
);
