import type { Redis } from 'ioredis';
import type { Round } from '../../src/redis/fleet.js';
import type { Names } from '../../src/redis/names.js';
import { aRound } from './member-record.js';

let rounds = 1000;

/** Has a round of balancing have found this, without anybody who makes rounds. The next one is due in so many milliseconds. */
export async function writeRound(
  redis: Redis,
  names: Names,
  found: Partial<Round>,
  dueInMs = 60_000,
): Promise<void> {
  rounds += 1;
  const { changedAt, digest, weight, ownedByOthers, perStream, lowest, level, ...rest } = aRound(found);
  const figures = [rounds, changedAt, digest, weight, ownedByOthers, perStream, lowest, level];
  figures.push(rest.imbalance, rest.ordered, rest.between, rest.members, rest.holdMs);
  await redis.hset(names.balance, '', `v1 ${Date.now() + dueInMs} ${figures.join(' ')}`);
}
