import type { Wishes } from '../../simulate/schedule.js';

/** Seeds under which an earlier version broke the contract, and how. */
export interface Found {
  readonly reason: string;
  readonly seeds: readonly number[];
  readonly wishes?: Wishes;
}

export const FOUND: readonly Found[] = [
  {
    reason: 'a stop that began to work on what came to light after it had been asked for [C-STOP-2]',
    seeds: [21],
    wishes: { shape: { keyspaceEvents: 'off' } },
  },
  {
    reason:
      'validUntil that lay ahead again before anybody had looked whether the stream was still there [C-OVL-1]',
    seeds: [20, 36, 76, 103],
    wishes: { shape: { keyspaceEvents: 'off' } },
  },
  {
    reason: 'heartbeats that were refused, and told nobody of an overdue lease [C-UNC-1]',
    seeds: [144, 158],
    wishes: { shape: { keyspaceEvents: 'off' } },
  },
];
