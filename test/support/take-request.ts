import type { TakeRequest } from '../../src/redis/taking.js';

/** What a process asks for that owns nothing, has the weight of one, and room for everything. */
export const ALL_OF_IT: TakeRequest = {
  wanted: 128,
  weight: 1,
  load: 0,
  gained: 0,
  patienceMs: 15_000,
  deliveredThen: undefined,
};
