import type { PendingState } from '../redis/pending-survey.js';

/** All there are; loaded for `--help` as well. */
export const PENDING_STATES: readonly PendingState[] = [
  'owned',
  'waiting',
  'delivered',
  'heldBack',
  'unknown',
  'deadLetterDue',
  'gone',
];
