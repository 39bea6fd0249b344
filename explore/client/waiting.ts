/** Entries whose name another one owns: they ask whether it is free (`src/actors/lease/lock-keeper.ts`). */

import type { Entry } from '../entry.js';
import type { Answer } from '../redis/answers.js';
import type { Sent } from '../world.js';
import { report } from './lease.js';
import { drop, heldBy, type Scene, send } from './scene.js';

/** What waits for its name, as entries. */
export function waiting({ client }: Scene): Entry[] {
  return client.held.filter(({ state }) => state === 'contended').map(({ id, name }) => ({ id, name }));
}

export function askForNames(scene: Scene, reason: 'waiting' | 'handOver'): void {
  scene.client.asking = { reason, entries: waiting(scene), isSent: false, mayBeRepeat: false };
}

export function sendAsking(scene: Scene): void {
  const { client } = scene;
  const { asking, generation } = client;
  if (asking === null || asking.isSent) return;
  client.asking = { ...asking, isSent: true };
  send(scene, {
    kind: 'giveBack',
    generation,
    entries: asking.entries,
    reason: asking.reason,
    purpose: 'asking',
  });
}

export function asked(scene: Scene, { command }: Sent, answer: Answer): void {
  const { client } = scene;
  if (command.kind !== 'giveBack' || client.asking === null) return;
  if (answer.kind === 'moved') {
    client.asking = null;
    command.entries.forEach(({ id }, index) => {
      if (answer.moved[index]?.outcome !== 'waiting' && heldBy(client, id)?.state === 'contended')
        drop(scene, id);
    });
    return;
  }
  client.asking = { ...client.asking, isSent: false };
  if (answer.kind === 'refused') report(scene, answer);
}
