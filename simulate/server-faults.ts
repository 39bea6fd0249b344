/** What befalls the server, and so everyone. */
import { type Blow, heartbeat, later } from './blow.js';
import type { FaultKind } from './fault-kinds.js';
import { NOTHING } from './invariants/ledger.js';
import type { Stage } from './stage.js';

const REFUSALS = ['LOADING', 'OOM', 'MISCONF', 'NOREPLICAS', 'READONLY'] as const;

/** From when the server is well again: connections are made, presence is written, everything is verified. In heartbeats. */
const FOUND_OUT_WITHIN = 2;

export const ON_SERVER: Readonly<Partial<Record<FaultKind, (blow: Blow) => unknown>>> = {
  serverStall(blow) {
    const ms = blow.chance.next() * 2 * heartbeat(blow);
    blow.fleet.disturbAll(ms);
    blow.fleet.world.server.stall(ms);
  },
  refuse(blow) {
    const { fleet, chance } = blow;
    fleet.world.server.refuse(chance.pick(REFUSALS));
    const ms = chance.next() * 1.5 * heartbeat(blow);
    fleet.disturbAll(ms);
    later(blow, ms, () => fleet.world.server.refuse(null));
  },
  serverRestart(blow) {
    const { fleet, chance } = blow;
    const downMs = chance.next() * 2 * heartbeat(blow);
    fleet.disturbAll(downMs);
    fleet.world.server.restart(downMs, { keepData: true });
  },
  serverClock(blow) {
    const { fleet, chance } = blow;
    const ms = Math.round(chance.between(-3, 3) * heartbeat(blow));
    fleet.disturbAll(Math.max(0, -ms));
    fleet.world.server.stepClock(ms);
    // C-OVL-8: set forward, it may end the presence of the living early. Set back, it takes nothing from anybody.
    if (ms > 0) excuseAll(fleet, 'C-OVL-8');
  },
  dataLoss(blow) {
    const { fleet, chance } = blow;
    const downMs = chance.next() * heartbeat(blow);
    fleet.disturbAll(downMs);
    excuseAll(fleet, 'C-LOST-3');
    fleet.mayRepeat(fleet.ledger.open);
    fleet.world.server.restart(downMs, { keepData: false });
    fleet.dataLost(NOTHING);
  },
  failover(blow) {
    later(blow, 0, () => failOver(blow));
  },
};

/** What the replica has not got yet is lost with the master. */
function failOver(blow: Blow): void {
  const { fleet, chance } = blow;
  const replica = fleet.world.server.redis.snapshot();
  const { standing } = fleet.ledger;
  later(blow, chance.next() * 50, () => {
    const downMs = chance.next() * heartbeat(blow);
    fleet.disturbAll(downMs);
    fleet.say('  the replica takes over');
    excuseAll(fleet, 'C-OVL-6');
    fleet.mayRepeat(fleet.ledger.open);
    fleet.world.server.restart(downMs, { from: replica });
    fleet.dataLost(standing);
    fleet.mayRepeat(standing.open);
  });
}

/** Those at work now, and those who have acquired and not heard of it yet: until they have verified what they hold. */
function excuseAll(fleet: Stage, clause: string): void {
  const forMs = FOUND_OUT_WITHIN * fleet.shape.heartbeatMs;
  fleet.workers.excuse(clause, undefined, forMs);
  for (const { id } of fleet.ledger.open) fleet.workers.excuseFor(clause, id, forMs);
}
