/** Every step that can be taken in a state. Their order is always the same, so that a number names one. */
import { isExecutedBeat } from './client/lease.js';
import { clientSteps } from './client-steps.js';
import { letterOf } from './consumers.js';
import type { Explorer } from './explorer.js';
import { faultSteps } from './fault-steps.js';
import { viewOf } from './redis/view.js';
import type { Step } from './step.js';
import type { World } from './world.js';

export function stepsOf(explorer: Explorer, world: World): Step[] {
  const steps: Step[] = [];
  const { entries } = explorer.configuration;
  if (world.announced < entries.length) steps.push(announcement(explorer, world));
  for (const client of world.clients) {
    steps.push(...clientSteps(explorer, world, client));
    steps.push(...expiries(explorer, world, client.index));
  }
  steps.push(...faultSteps(explorer, world));
  return steps;
}

function announcement(explorer: Explorer, world: World): Step {
  const { announced } = world;
  const name = explorer.configuration.entries[announced] as string;
  return {
    isOptional: false,
    take: () => ({
      world: {
        ...world,
        announced: announced + 1,
        redis: explorer.server.announce(world.redis, name, announced),
      },
      violations: [],
      told: () => `A producer announces ${name} as e${announced + 1}`,
    }),
  };
}

/** Redis deletes a presence: of the dead at any time, of the living when the last beat that was executed is a heartbeat ago. */
function expiries(explorer: Explorer, world: World, index: number): Step[] {
  const client = world.clients[index];
  if (client === undefined || viewOf(world.redis).presence[index] === undefined) return [];
  const isDead = client.life === 'gone' || client.life === 'left';
  const hasLease =
    client.isStanding || client.isCertain || client.hasUnheardBeat || client.pipe.some(isExecutedBeat);
  if (!isDead && hasLease) return [];
  return [
    {
      isOptional: !isDead,
      take: () => ({
        world: { ...world, redis: explorer.server.expire(world.redis, index) },
        violations: [],
        told: () => `${letterOf(index)}'s presence runs out`,
      }),
    },
  ];
}
