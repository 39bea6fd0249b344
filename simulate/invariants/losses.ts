/** C-LOST-2, C-LOST-6: an application is told that an entry is gone where it is, and not of one that it owns and that is there. */
import type { Notification } from '../../src/index.js';
import type { Member } from '../member.js';
import type { Stage } from '../stage.js';

export function checkLoss({ ledger, violations }: Stage, { consumer }: Member, told: Notification): void {
  if (told.type !== 'StreamDisowned' || told.reason !== 'entryGone') return;
  const life = ledger.lives.get(told.id);
  // What a destroyed group, lost data or a tool had a hand in may be gone, or may have been.
  if (life === undefined || life.owner !== consumer || life.isTrimmed || !ledger.isWhole(told.id)) return;
  violations.add(
    'C-LOST-6',
    `${consumer} was told that ${told.stream} ${told.id} is gone, which it owns, and which nobody has trimmed`,
  );
}
