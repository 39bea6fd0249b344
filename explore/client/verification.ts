/** What is held against what is pending: `src/actors/lease/verifier.ts`. */

import type { Entry } from '../entry.js';
import type { Answer } from '../redis/answers.js';
import type { Sent } from '../world.js';
import { acquire } from './acquisition.js';
import { verified } from './lease.js';
import { drop, heldBy, isAtRest, isStopped, type Scene, send } from './scene.js';
import { giveBackUnheard } from './stop.js';

export function beginVerification(scene: Scene): void {
  const { client } = scene;
  client.verifyAgain = false;
  client.verification = { phase: 'look', held: client.held.filter(isAtRest).map(({ id }) => id) };
  send(scene, { kind: 'look', purpose: 'verification' });
}

export function looked(scene: Scene, { command }: Sent, answer: Answer): void {
  const { client, rules } = scene;
  if (command.kind !== 'look' || answer.kind !== 'pending') return;
  if (client.verification?.phase !== 'look') return;
  loseWhatIsGone(scene, client.verification.held, answer.entries);
  const unknown = answer.entries.filter(({ id }) => heldBy(client, id) === undefined);
  if (unknown.length > 0 && isStopped(scene) && rules.stopBeginsNothing) {
    if (client.drain !== 'quieting') giveBackUnheard(scene);
    verified(scene);
  } else if (rules.adopts && acquire(scene, unknown, 'adoption')) client.verification = { phase: 'adopt' };
  else verified(scene);
}

function loseWhatIsGone(scene: Scene, held: readonly string[], pending: readonly Entry[]): void {
  if (!scene.rules.noticesLosses) return;
  for (const id of held) {
    const present = heldBy(scene.client, id);
    if (present === undefined || !isAtRest(present) || pending.some((entry) => entry.id === id)) continue;
    if (present.state === 'working') scene.told.push(`${id} is lost, and its application told so`);
    drop(scene, id);
  }
}
