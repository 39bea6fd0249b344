/** The way out: `src/actors/endings/drain.ts`. */
import type { Answer } from '../redis/answers.js';
import type { Sent } from '../world.js';
import { report } from './lease.js';
import { heldBy, type Scene, send, update } from './scene.js';
import { askForNames, waiting } from './waiting.js';
import { giveBack } from './work.js';

export function stop(scene: Scene): void {
  scene.client.life = 'draining';
  scene.client.drain = 'quieting';
}

/** What the application never heard of goes back, its retry count unchanged. */
export function giveBackUnheard(scene: Scene): void {
  const { client } = scene;
  if (client.unheard !== null) return;
  client.unheard = 'acquired';
  for (const { id, state } of client.held) {
    if (state === 'acquired') update(scene, id, { state: 'givingBack', reason: 'handOver', isUnheard: true });
  }
}

/** Handlers have returned, or their grace is over. */
export function handOver(scene: Scene): void {
  const { client } = scene;
  client.drain = 'handing';
  for (const { id, state } of client.held)
    if (state === 'working' || state === 'acquired') giveBack(scene, id, 'handOver');
}

/** Goes on as far as nothing has to be waited for. */
export function advanceStop(scene: Scene): void {
  const { client, rules } = scene;
  if (client.drain === null) return;
  advanceUnheard(scene);
  if (client.drain === 'quieting' && (isQuiet(scene) || !rules.stopAwaitsAcquisitions)) {
    if (client.reading.phase === 'parked') client.reading = { phase: 'idle' };
    client.drain = 'returning';
    giveBackUnheard(scene);
  }
  if (client.drain === 'returning' && !client.held.some(({ state }) => state === 'working'))
    client.drain = 'handing';
  if (
    client.drain === 'handing' &&
    client.held.every(({ state }) => state === 'contended') &&
    client.asking === null
  ) {
    client.drain = 'waiters';
    if (waiting(scene).length > 0) askForNames(scene, 'handOver');
  }
  if (client.drain === 'waiters' && client.asking === null && client.unheard === null) {
    client.drain = 'last';
    giveBackUnheard(scene);
  }
  advanceUnheard(scene);
  if (client.drain === 'last' && client.unheard === null && client.isConnected) {
    client.drain = 'leaving';
    send(scene, { kind: 'leave' });
  }
}

/** No read and no acquisition is under way. */
function isQuiet({ client }: Scene): boolean {
  return client.reading.phase === 'idle' && !client.held.some(({ state }) => state === 'acquiring');
}

function advanceUnheard(scene: Scene): void {
  const { client, rules } = scene;
  if (client.unheard === 'acquired' && !client.held.some(({ isUnheard }) => isUnheard)) {
    if (!rules.stopLooksForUnknown) client.unheard = null;
    // A look that fails is not repeated: `lookFailed`.
    else if (client.isConnected) {
      client.unheard = 'look';
      send(scene, { kind: 'look', purpose: 'unheard' });
    }
  }
}

export function unheardLooked(scene: Scene, answer: Answer): void {
  const { client } = scene;
  if (answer.kind !== 'pending' || client.unheard !== 'look') return;
  const unknown = answer.entries.filter(({ id }) => heldBy(client, id) === undefined);
  if (unknown.length === 0) {
    client.unheard = null;
    return;
  }
  client.unheard = 'unknown';
  client.returning = { reason: 'handOver', entries: unknown, isSent: false, mayBeRepeat: false };
}

/** The first look is repeated by the last one; the stop ends in disorder when that fails. */
export function lookFailed(scene: Scene): void {
  const { client } = scene;
  if (client.drain === 'last') client.life = 'gone';
  else client.unheard = null;
}

export function sendReturning(scene: Scene): void {
  const { client } = scene;
  const { returning, generation } = client;
  if (returning === null || returning.isSent) return;
  client.returning = { ...returning, isSent: true };
  send(scene, {
    kind: 'giveBack',
    generation,
    entries: returning.entries,
    reason: 'handOver',
    purpose: 'returning',
  });
}

export function returned(scene: Scene, { command }: Sent, answer: Answer): void {
  const { client } = scene;
  if (command.kind !== 'giveBack' || client.returning === null) return;
  if (answer.kind === 'moved') {
    client.returning = null;
    client.unheard = null;
    return;
  }
  client.returning = { ...client.returning, isSent: false };
  if (answer.kind === 'refused') report(scene, answer);
}
