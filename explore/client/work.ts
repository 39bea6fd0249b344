/** What the application does with a stream, and how its answer gets to Redis: `src/actors/endings/finisher.ts`, `giver.ts`, `retrying.ts`. */
import type { Answer } from '../redis/answers.js';
import type { Sent } from '../world.js';
import { report } from './lease.js';
import { drop, heldBy, type Scene, send, update } from './scene.js';

export function finish(scene: Scene, id: string): void {
  update(scene, id, { state: 'acking' });
}

export function giveBack(scene: Scene, id: string, reason: 'handOver' | 'failed'): void {
  update(scene, id, { state: 'givingBack', reason });
}

/** Sends what waits for a confirmed lease. One batch of hand-overs for each reason. */
export function sendWork(scene: Scene): void {
  const { client } = scene;
  const { generation } = client;
  for (const { id, name, state, isSent } of client.held) {
    if (state !== 'acking' || isSent) continue;
    update(scene, id, { isSent: true });
    send(scene, { kind: 'done', generation, entries: [{ id, name }] });
  }
  for (const reason of ['failed', 'handOver'] as const) {
    const waiting = client.held.filter(
      (held) => held.state === 'givingBack' && held.reason === reason && !held.isSent,
    );
    if (waiting.length === 0) continue;
    for (const { id } of waiting) update(scene, id, { isSent: true });
    const entries = waiting.map(({ id, name }) => ({ id, name }));
    send(scene, { kind: 'giveBack', generation, entries, reason, purpose: 'held' });
  }
}

export function finished(scene: Scene, { command }: Sent, answer: Answer): void {
  if (command.kind !== 'done') return;
  if (answer.kind === 'done') {
    for (const { id } of command.entries) drop(scene, id);
    return;
  }
  tryAgain(scene, command.entries, false);
  if (answer.kind === 'refused') report(scene, answer);
}

export function gaveBack(scene: Scene, { command }: Sent, answer: Answer): void {
  if (command.kind !== 'giveBack') return;
  if (answer.kind === 'moved') {
    // Not its own any more, or everyone's: either way it has ended here.
    for (const { id } of command.entries) drop(scene, id);
    return;
  }
  tryAgain(scene, command.entries, false);
  if (answer.kind === 'refused') report(scene, answer);
}

/** @param mayBeRepeat no answer came: it may have been executed */
export function tryAgain(
  scene: Scene,
  entries: readonly { readonly id: string }[],
  mayBeRepeat: boolean,
): void {
  for (const { id } of entries) {
    if (heldBy(scene.client, id) === undefined) continue;
    update(scene, id, { isSent: false, ...(mayBeRepeat && { mayBeRepeat }) });
  }
}
