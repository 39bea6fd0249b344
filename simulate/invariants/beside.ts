/** What lies beside the load balancer stream, on other servers where keys are apart: dead letters and locks. */
import { LOCK_SEPARATOR } from '../../src/redis/lock-key.js';
import type { Stage } from '../stage.js';

/** At the end, when everything has been at rest for longer than a lock lives by itself. */
export function checkBeside(fleet: Stage): void {
  checkLetters(fleet);
  checkLocks(fleet);
}

/** C-POI-4: an entry is not taken off the load balancer stream before its letter is written. */
function checkLetters({ world, names, ledger, violations, askAt }: Stage): void {
  if (!ledger.knowsLetters) return;
  const rows = (askAt(world.serverOf(names.dlq), 'XRANGE', names.dlq, '-', '+') ?? []) as [string][];
  const written = new Set(rows.map(([id]) => id));
  for (const [letter, { id, name }] of ledger.letters) {
    if (!written.has(letter))
      violations.add('C-POI-4', `${name} ${id} is dead-lettered as ${letter}, and there is no such letter`);
  }
}

/** C-DONE-1: a lock ends with the ownership. One of the Go client's is its own business. */
function checkLocks({ world, shape, violations, askAt }: Stage): void {
  if (shape.goConsumers > 0) return;
  for (const server of world.servers) {
    for (const key of (askAt(server, 'KEYS', `*${LOCK_SEPARATOR}*`) ?? []) as string[])
      violations.add('C-DONE-1', `${key} is still locked on ${server.host}, and nobody owns anything`);
  }
}
