/** From an entry that was read to a stream that the application has: `src/actors/intake/acquirer.ts` and `intake.ts`. */

import type { Entry } from '../entry.js';
import type { Answer } from '../redis/answers.js';
import type { Held, Sent } from '../world.js';
import { handWhenCertain } from './handing.js';
import { report, requestVerification, verified } from './lease.js';
import { drop, heldBy, isStopped, type Scene, send, update } from './scene.js';

/** Begins with entries that were read or found. False when there is nothing to ask. */
export function acquire(scene: Scene, entries: readonly Entry[], purpose: 'read' | 'adoption'): boolean {
  const { client } = scene;
  const fresh = entries.filter(({ id }) => heldBy(client, id) === undefined);
  if (fresh.length === 0 || (isStopped(scene) && scene.rules.stopBeginsNothing)) return false;
  // Never sent: as if they had not been read.
  if (!client.isConnected) return false;
  client.held = [...client.held, ...fresh.map((entry): Held => ({ ...entry, state: 'acquiring' }))];
  send(scene, { kind: 'acquire', generation: client.generation, entries: fresh, purpose });
  return true;
}

export function acquired(scene: Scene, { command }: Sent, answer: Answer): void {
  if (command.kind !== 'acquire') return;
  const { client } = scene;
  if (answer.kind === 'acquired') {
    command.entries.forEach(({ id }, index) => {
      if (heldBy(client, id)?.state !== 'acquiring') return;
      const result = answer.results[index];
      if (result === 'notMine') drop(scene, id);
      else if (result === 'contended') update(scene, id, { state: 'contended' });
      else {
        update(scene, id, { state: 'acquired' });
        handWhenCertain(scene, id);
      }
    });
    if (command.purpose === 'read') client.reading = { phase: 'idle' };
    else if (client.verification?.phase === 'adopt') verified(scene);
    return;
  }
  acquisitionFailed(scene, command);
  if (answer.kind === 'refused') report(scene, answer);
}

/** They are still pending for us: the next verification adopts them. */
export function acquisitionFailed(
  scene: Scene,
  command: Extract<Sent['command'], { kind: 'acquire' }>,
): void {
  const { client } = scene;
  for (const { id } of command.entries) if (heldBy(client, id)?.state === 'acquiring') drop(scene, id);
  if (command.purpose === 'read') {
    client.reading = { phase: 'idle' };
    requestVerification(scene);
  } else if (client.verification?.phase === 'adopt') {
    client.verification = null;
    client.isConfirmed = false;
  }
}

/** The answer to a read arrives. */
export function readAnswered(scene: Scene): void {
  const { client } = scene;
  if (client.reading.phase !== 'delivered') return;
  const { entries } = client.reading;
  client.reading = { phase: 'idle' };
  if (acquire(scene, entries, 'read')) client.reading = { phase: 'acquiring' };
  else if (!client.isConnected) requestVerification(scene);
}

/** The reading connection has broken and been made again: an answer may have been lost with it. */
export function readLost(scene: Scene): void {
  scene.client.reading = { phase: 'idle' };
  requestVerification(scene);
}
