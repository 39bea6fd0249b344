/** What a client does with an answer, and with the news that none will come. */
import type { Sent } from '../world.js';
import { acquired, acquisitionFailed } from './acquisition.js';
import { beaten, isExecutedBeat, raised, report } from './lease.js';
import type { Scene } from './scene.js';
import { lookFailed, returned, unheardLooked } from './stop.js';
import { looked } from './verification.js';
import { asked } from './waiting.js';
import { finished, gaveBack, tryAgain } from './work.js';

export function answered(scene: Scene, sent: Sent): void {
  const { client } = scene;
  const { command, answer } = sent;
  if (answer === null) return;
  switch (command.kind) {
    case 'raise':
      raised(scene, sent, answer);
      break;
    case 'refresh':
      beaten(scene, sent, answer);
      break;
    case 'acquire':
      acquired(scene, sent, answer);
      break;
    case 'done':
      finished(scene, sent, answer);
      break;
    case 'giveBack':
      if (command.purpose === 'held') gaveBack(scene, sent, answer);
      else if (command.purpose === 'asking') asked(scene, sent, answer);
      else returned(scene, sent, answer);
      break;
    case 'look':
      if (command.purpose === 'verification') looked(scene, sent, answer);
      else unheardLooked(scene, answer);
      break;
    case 'requeue':
      client.isSweeping = false;
      break;
    case 'leave':
      client.life = 'left';
      break;
    case 'claim':
      if (answer.kind === 'refused') report(scene, answer);
      break;
  }
}

/** The command connection has broken: nothing that is under way on it is answered any more. */
export function disconnected(scene: Scene): void {
  const { client } = scene;
  const { pipe } = client;
  client.isConnected = false;
  client.pipe = [];
  client.lease = 'absent';
  client.isConfirmed = false;
  client.verification = null;
  client.verifyAgain = false;
  client.isHalted = true;
  for (const sent of pipe) failed(scene, sent);
}

function failed(scene: Scene, sent: Sent): void {
  const { client } = scene;
  const { command } = sent;
  if (isExecutedBeat(sent)) client.hasUnheardBeat = true;
  switch (command.kind) {
    case 'acquire':
      acquisitionFailed(scene, command);
      break;
    case 'done':
      tryAgain(scene, command.entries, true);
      break;
    case 'giveBack':
      if (command.purpose === 'held') tryAgain(scene, command.entries, true);
      else if (command.purpose === 'asking' && client.asking) {
        client.asking = { ...client.asking, isSent: false, mayBeRepeat: true };
      } else if (command.purpose === 'returning' && client.returning) {
        client.returning = { ...client.returning, isSent: false, mayBeRepeat: true };
      }
      break;
    case 'look':
      if (command.purpose === 'unheard') lookFailed(scene);
      break;
    case 'requeue':
      client.isSweeping = false;
      break;
    case 'leave':
      client.life = 'gone';
      break;
    default:
      break;
  }
}
