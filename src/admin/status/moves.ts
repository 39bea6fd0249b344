/** How many streams each process gained and lost between two looks. */
import type { MemberFacts } from '../../runtime/fleet.js';

export interface Move {
  /** Name in the group. */
  readonly consumer: string;
  /** Streams that it owned at the look before; null: it was not there. */
  readonly before: number | null;
  /** Streams that it owns now; null: it is gone. */
  readonly now: number | null;
  /** What it was to hand over, by the last round of balancing before; below 0: so many were to come to it. */
  readonly ordered: number;
}

type Members = readonly Pick<MemberFacts, 'name' | 'owned' | 'handOver'>[];

/** Largest change first. Nothing is said of those that own as many as before, and of those of which it is not known. */
export function movesBetween(before: Members, now: Members): Move[] {
  const was = new Map(before.map((member) => [member.name, member]));
  const is = new Map(now.map((member) => [member.name, member]));
  const moves: Move[] = [];
  for (const consumer of new Set([...was.keys(), ...is.keys()])) {
    const [old, current] = [was.get(consumer), is.get(consumer)];
    const move = { consumer, before: old?.owned ?? null, now: current?.owned ?? null };
    const isKnown = old?.owned !== null && current?.owned !== null;
    if (isKnown && move.before !== move.now) moves.push({ ...move, ordered: old?.handOver ?? 0 });
  }
  return moves.sort((a, b) => Math.abs(changeIn(b)) - Math.abs(changeIn(a)));
}

/** Below 0: so many were given away, or finished. */
export function changeIn({ before, now }: Pick<Move, 'before' | 'now'>): number {
  return (now ?? 0) - (before ?? 0);
}
