/** What has to be so in every state. */

import { letterOf } from '../consumers.js';
import { type View, viewOf } from '../redis/view.js';
import type { World } from '../world.js';
import type { Violation } from './violation.js';

export function lookAt(world: World): Violation[] {
  const view = viewOf(world.redis);
  const violations: Violation[] = [];
  const add = (clause: string, message: string) => violations.push({ clause, message });
  checkNothingIsLost(world, view, add);
  checkWorkers(world, view, add);
  return violations;
}

type Add = (clause: string, message: string) => void;

/** Each announced entry is on the stream once, or has been finished once, or dead-lettered once. */
function checkNothingIsLost({ announced, past }: World, view: View, add: Add): void {
  for (let root = 0; root < announced; root += 1) {
    const onStream = [...view.entries, ...view.parked].filter((entry) => entry.root === root);
    const finished = past.finished.filter((one) => one === root).length;
    const letters = view.letters.filter((letter) => letter.root === root).length;
    const count = onStream.length + finished + letters;
    if (count === 0)
      add(
        'C-POI-4',
        `the stream announced as e${root + 1} is lost: not on the stream, not finished, not dead-lettered`,
      );
    if (count > 1) {
      add(
        'C-DONE-1',
        `the stream announced as e${root + 1} is there ${count} times: ${onStream.length} on the stream, ${finished} finished, ${letters} dead-lettered`,
      );
    }
  }
  for (const { id, isDelivered } of view.entries) {
    if (isDelivered && !view.pending.has(id))
      add('C-EXP-2', `${id} was delivered and is pending for nobody: nobody is given it again`);
  }
  for (const [id, client] of view.pending) {
    if (!view.entries.some((entry) => entry.id === id))
      add('C-LOST-1', `${id} is pending for ${letterOf(client)}, and its payload is gone`);
  }
}

/** Before `validUntil` there is one application at work, and what it works on is pending for its process. */
function checkWorkers({ clients, past }: World, view: View, add: Add): void {
  const certain = clients.flatMap((client) => {
    if (!client.isCertain || (client.life !== 'running' && client.life !== 'draining')) return [];
    return client.held
      .filter(({ state, id }) => state === 'working' && !past.forced.includes(id))
      .map((held) => ({ ...held, client: client.index }));
  });
  certain.forEach((worker, index) => {
    const other = certain.slice(0, index).find(({ name }) => name === worker.name);
    if (other !== undefined) {
      add(
        'C-OVL-1',
        `two certain owners of ${worker.name}: ${letterOf(other.client)} works on ${other.id}, and ${letterOf(worker.client)} on ${worker.id}`,
      );
    }
    if (view.pending.get(worker.id) !== worker.client) {
      add(
        'C-OVL-1',
        `${letterOf(worker.client)} works on ${worker.id} and is certain, and it is not pending for it`,
      );
    }
  });
}

/** Nothing is left to do: all that was announced has been finished or dead-lettered, and no client has anything in its hands. Or nobody is left. */
export function isAtRest(world: World, entries: number): boolean {
  if (!world.clients.some(({ life }) => life === 'running' || life === 'draining')) return true;
  const view = viewOf(world.redis);
  if (world.announced < entries || view.entries.length > 0 || view.parked.length > 0 || view.pending.size > 0)
    return false;
  return world.clients.every(({ life, held }) => life !== 'draining' && held.length === 0);
}
