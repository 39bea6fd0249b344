/** How many streams each process gained and lost between two looks. */
import type { MemberFacts } from '../../runtime/fleet.js';

export interface Move {
  /** Name in the group. */
  readonly consumer: string;
  /** Streams that it owned at the look before; null: it was not there, or did not say. */
  readonly before: number | null;
  /** Streams that it owns now; null: it is gone. */
  readonly now: number | null;
  /** What it was to hand over, by the last round of balancing before; below 0: so many were to come to it. */
  readonly ordered: number;
}

type Members = readonly Pick<MemberFacts, 'name' | 'owned' | 'handOver'>[];

/** Largest change first; of those that own as many as before none. */
export function movesBetween(before: Members, now: Members): Move[] {
  const was = new Map(before.map((member) => [member.name, member]));
  const is = new Map(now.map((member) => [member.name, member]));
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((consumer): Move => {
      const old = was.get(consumer);
      return {
        consumer,
        before: old?.owned ?? null,
        now: is.get(consumer)?.owned ?? null,
        ordered: old?.handOver ?? 0,
      };
    })
    .filter((move) => move.before !== move.now)
    .sort((a, b) => Math.abs(changeIn(b)) - Math.abs(changeIn(a)));
}

/** Below 0: so many were given away, or finished. */
export function changeIn({ before, now }: Pick<Move, 'before' | 'now'>): number {
  return (now ?? 0) - (before ?? 0);
}
