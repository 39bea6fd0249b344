/** The lease of a client, as `src/machines/lease-keeper.machine.ts` and `src/actors/lease/lease.ts` keep it. */
import type { Answer } from '../redis/answers.js';
import type { Sent } from '../world.js';
import { handHeld } from './handing.js';
import { isSent, type Scene, send } from './scene.js';

/** There is a new command connection. */
export function connect(scene: Scene): void {
  const { client, rules } = scene;
  client.isConnected = true;
  if (rules.raisesGeneration) {
    raise(scene);
    return;
  }
  client.lease = 'present';
  send(scene, { kind: 'refresh', generation: client.generation });
}

/** Presence is to be written under a generation above every other; what was sent under an earlier one is void then. */
function raise(scene: Scene): void {
  const { client } = scene;
  client.lease = 'raising';
  client.isConfirmed = false;
  client.verification = null;
  client.verifyAgain = false;
  client.asked = Math.max(client.asked, client.known) + 1;
  send(scene, { kind: 'raise', generation: client.asked });
}

export function beat(scene: Scene): void {
  if (!isSent(scene, 'refresh')) send(scene, { kind: 'refresh', generation: scene.client.generation });
}

/** Something may have been taken from us, or delivered to us unseen. */
export function requestVerification({ client }: Scene): void {
  if (client.lease !== 'present') return;
  if (client.verification === null) client.isConfirmed = false;
  else client.verifyAgain = true;
}

function isLate(scene: Scene, sent: Sent): boolean {
  const { client } = scene;
  const late = !client.isStanding;
  client.isStanding = sent.isOver !== true;
  return late;
}

export function raised(scene: Scene, sent: Sent, answer: Answer): void {
  const { client } = scene;
  if (client.lease !== 'raising' || sent.command.kind !== 'raise') return;
  if (answer.kind === 'standing') {
    client.known = Math.max(client.known, answer.generation);
    raise(scene);
    return;
  }
  if (answer.kind !== 'raised') return;
  client.generation = sent.command.generation;
  client.known = sent.command.generation;
  client.lease = 'present';
  const late = isLate(scene, sent);
  if (!answer.wasPresent && !scene.rules.verifiesAfterLapse) {
    client.isDoubted = false;
    client.isConfirmed = true;
    client.isCertain = client.isStanding;
    return;
  }
  if (late || !answer.wasPresent) client.isDoubted = true;
  if (!client.isDoubted || !scene.rules.provesAfterLooking) client.isCertain = client.isStanding;
}

export function beaten(scene: Scene, sent: Sent, answer: Answer): void {
  const { client, rules } = scene;
  if (client.lease !== 'present') return;
  // Only raise writes presence again, and under another generation than that of whatever may still arrive.
  if (answer.kind === 'refused' || answer.kind === 'lapsed') {
    client.isDoubted = true;
    raise(scene);
    return;
  }
  if (answer.kind !== 'beat') return;
  const late = isLate(scene, sent);
  if (!rules.provesAfterLooking) client.isCertain = client.isStanding;
  if (late && rules.verifiesAfterLapse) {
    client.isDoubted = true;
    requestVerification(scene);
  } else if (!client.isDoubted || !rules.verifiesAfterLapse) {
    client.isDoubted = false;
    client.isCertain = client.isStanding;
  } else if (client.isConfirmed) requestVerification(scene);
}

/** A command was refused: what that says of the lease. */
export function report(scene: Scene, { why, generation }: Extract<Answer, { kind: 'refused' }>): void {
  const { client } = scene;
  if (client.lease !== 'present') return;
  if (why === 'lapsed') {
    beat(scene);
  } else if (generation !== client.known) {
    client.known = Math.max(client.known, generation);
    client.isDoubted = true;
    raise(scene);
  }
}

/** Everything held has been compared with what is pending. */
export function verified(scene: Scene): void {
  const { client } = scene;
  client.verification = null;
  if (client.verifyAgain) {
    client.verifyAgain = false;
    client.isConfirmed = false;
    return;
  }
  client.isConfirmed = true;
  if (!client.isStanding) {
    client.isDoubted = true;
    return;
  }
  client.isDoubted = false;
  client.isCertain = true;
  client.isHalted = false;
  handHeld(scene);
}

/** The clock says that a lease is over: first that of what is held for certain, then that of the latest beat, then that of one unheard. */
export function passTime(scene: Scene): void {
  const { client } = scene;
  if (client.isCertain || client.isStanding) {
    // In doubt beats go on, and what they prove is less than they give.
    if (!(client.isDoubted && client.isCertain && client.isStanding)) client.isStanding = false;
    client.isCertain = false;
    client.isDoubted = true;
    client.isHalted = true;
    return;
  }
  client.hasUnheardBeat = false;
  client.pipe = client.pipe.map((sent) => (isExecutedBeat(sent) ? { ...sent, isOver: true } : sent));
}

export function isExecutedBeat({ answer, isOver }: Pick<Sent, 'answer' | 'isOver'>): boolean {
  return isOver !== true && (answer?.kind === 'raised' || answer?.kind === 'beat');
}
