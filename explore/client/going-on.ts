/** After anything that has happened to a client: it does what it does without waiting for anything. */

import type { Scene } from './scene.js';
import { advanceStop, sendReturning } from './stop.js';
import { beginVerification } from './verification.js';
import { sendAsking } from './waiting.js';
import { sendWork } from './work.js';

export function goOn(scene: Scene): void {
  const { client, capacity } = scene;
  const isPresent = client.isConnected && client.lease === 'present' && client.drain !== 'leaving';
  if (isPresent && !client.isConfirmed && client.verification === null) beginVerification(scene);
  advanceStop(scene);
  if (client.isConnected && client.isConfirmed) {
    sendWork(scene);
    sendAsking(scene);
    sendReturning(scene);
  }
  const count = capacity - client.held.filter(({ state }) => state !== 'contended').length;
  if (client.life === 'running' && client.isConfirmed && client.reading.phase === 'idle' && count > 0) {
    client.reading = { phase: 'parked', count };
  }
}
