/** The fleet in words: no browser, no I/O. */
import type { BalanceStatus, FleetMoves, FleetReply, Move, Ownership } from '../../protocol.js';
import { clockTime, duration, number, plural } from './format.js';
import type { HeldEntry } from './stream-actions.js';

/** How even it is, and what is being done about that. */
export function balanceWords(balance: BalanceStatus): string {
  const { imbalance, ordered, waits } = balance;
  const off = `At most ${Math.round(imbalance * 100)} % from the fair share`;
  if (waits !== null) return `${off}. Balancing waits: ${waits}.`;
  return ordered > 0 ? `${off}. ${plural(ordered, 'stream')} to be handed over.` : `${off}.`;
}

function signed(count: number): string {
  return count > 0 ? `+${number(count)}` : number(count);
}

/** `-25 (25 ordered)`, `+25, new`. */
export function moveWords({ before, now, ordered }: Move): string {
  const change = signed((now ?? 0) - (before ?? 0));
  const what = before === null ? `${change}, new` : now === null ? `${change}, gone` : change;
  return ordered === 0 ? what : `${what} (${signed(-ordered)} ordered)`;
}

export function whenWords({ at }: FleetMoves): string {
  return clockTime(at).slice(0, 8);
}

/** `3 processes, 1,200 streams owned`. */
export function fleetWords({ members }: FleetReply): string {
  const owned = members.reduce((sum, member) => sum + (member.owned ?? 0), 0);
  return `${plural(members.length, 'process', 'processes')}, ${plural(owned, 'stream')} owned`;
}

/** Who owns a stream, or why nobody does: a sentence. */
export function ownershipWords(ownership: Ownership | null): string {
  if (ownership === null) {
    return 'No process of streamwarden owns it. The stream is too long to be looked through for it here: streamwarden owner does.';
  }
  switch (ownership.state) {
    case 'owned':
      return ownership.isAlive ? 'It is owned.' : 'It is owned by a process whose lease has run out.';
    case 'unowned':
      return `Nobody owns it: ${plural(ownership.entries.length, 'entry', 'entries')} of it ${
        ownership.entries.length === 1 ? 'waits' : 'wait'
      }.`;
    case 'delayed': {
      const [first] = ownership.delayed;
      const leftMs = (first?.dueMs ?? ownership.nowMs) - ownership.nowMs;
      return leftMs < 0
        ? `Nobody owns it: it is delayed, and ${duration(-leftMs)} late.`
        : `Nobody owns it: it is delayed, for ${duration(leftMs)} more.`;
    }
    default:
      return 'Nobody owns it, and nothing announces it.';
  }
}

/** The entry of it that somebody has; null: nobody has one. @param self name in the group of the runtime that is asked */
export function heldOf(ownership: Ownership | null, self: string): HeldEntry | null {
  if (ownership?.state === 'owned') {
    const { id, owner: holder, isAlive } = ownership;
    return { id, holder, isHere: holder === self, isAlive };
  }
  if (ownership?.state !== 'unowned') return null;
  const given = ownership.entries.find(({ pending }) => pending !== null)?.pending;
  if (!given) return null;
  // Not owned yet: it can be taken from there, and not be released.
  return { id: given.id, holder: given.consumer, isHere: false, isAlive: given.isAlive };
}

/** Only a page of the web: what others have written leads nowhere else. */
export function isWebAddress(address: string): boolean {
  return /^https?:\/\//.test(address) && URL.canParse(address);
}
