/**
 * When an election about a master can end well. For twice the node timeout masters do not vote about the same master again, which
 * costs the next failover seconds. And for as long a former winner that has become a replica counts the old votes as new ones (seen
 * in Redis 7.0, mended in Valkey 8.1): it takes itself for the master under an outdated epoch, and the cluster disagrees for ever.
 */
import type { Member } from './member.js';

/** Redis takes shorter node timeouts for this one. */
const leastVotingMs = 2_000;

/** Keeps in mind that a replica has become master, if it has. */
export function noteElection(
  member: Member,
  masterIdNow: string | undefined,
  members: readonly Member[],
): void {
  const before = member.known.masterId;
  if (before === undefined || masterIdNow !== undefined) return;
  for (const one of members) {
    if (one === member || one.id === before) one.electionAt = performance.now();
  }
}

/** Milliseconds from now in which an election about this node, its master or its replicas had better not begin. */
export function quietMs(member: Member, members: readonly Member[], nodeTimeoutMs: number): number {
  const shard = member.known.masterId ?? member.id;
  const electionAt = members
    .filter(({ id, known }) => id === shard || known.masterId === shard)
    .reduce((latest, one) => Math.max(latest, one.electionAt), Number.NEGATIVE_INFINITY);
  return Math.max(0, electionAt + Math.max(2 * nodeTimeoutMs, leastVotingMs) - performance.now());
}
