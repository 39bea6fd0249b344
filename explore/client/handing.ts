/** What was acquired is handed to the application, while the lease is certain: `src/actors/intake/acquirer.ts`. */
import { isStopped, type Scene, update } from './scene.js';

export function handHeld(scene: Scene): void {
  for (const { id, state } of scene.client.held) if (state === 'acquired') handWhenCertain(scene, id);
}

export function handWhenCertain(scene: Scene, id: string): void {
  const { client, rules, violations, told } = scene;
  if (isStopped(scene) && rules.stopBeginsNothing) return;
  if (!client.isCertain && rules.handsWhenCertain) {
    client.isDoubted = true;
    return;
  }
  update(scene, id, { state: 'working' });
  told.push(`its application begins with ${id}`);
  if (!client.isCertain)
    violations.push({
      clause: 'C-ADD-1',
      message: `${id} is handed to the application, and the lease is not certain`,
    });
  if (client.life !== 'running')
    violations.push({
      clause: 'C-STOP-10',
      message: `${id} is handed to the application, and a stop has begun`,
    });
}
