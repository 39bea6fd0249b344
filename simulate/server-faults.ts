/** What befalls a server, and so everyone. */
import type { SimulatedServer } from '../src/simulation/server.js';
import { type Blow, heartbeat, later } from './blow.js';
import type { FaultKind } from './fault-kinds.js';
import { NOTHING } from './invariants/ledger.js';
import type { Stage } from './stage.js';

const REFUSALS = ['LOADING', 'OOM', 'MISCONF', 'NOREPLICAS', 'READONLY'] as const;

/** From when the server is well again: connections are made, presence is written, everything is verified. In heartbeats. */
const FOUND_OUT_WITHIN = 2;

export const ON_SERVER: Readonly<Partial<Record<FaultKind, (blow: Blow) => unknown>>> = {
  serverStall(blow) {
    const server = struck(blow);
    const ms = blow.chance.next() * 2 * heartbeat(blow);
    blow.fleet.disturbAll(ms);
    server.stall(ms);
  },
  refuse(blow) {
    const { fleet, chance } = blow;
    const server = struck(blow);
    server.refuse(chance.pick(REFUSALS));
    const ms = chance.next() * 1.5 * heartbeat(blow);
    fleet.disturbAll(ms);
    later(blow, ms, () => server.refuse(null));
  },
  serverRestart(blow) {
    const { fleet, chance } = blow;
    const server = struck(blow);
    const downMs = chance.next() * 2 * heartbeat(blow);
    fleet.disturbAll(downMs);
    server.restart(downMs, { keepData: true });
  },
  serverClock(blow) {
    const { fleet, chance } = blow;
    const server = struck(blow);
    const step = Math.round(chance.between(-3, 3) * heartbeat(blow));
    // A data stream that begins anew under a clock that was set back has smaller ids than before: C-DATA-14 says what that means.
    const ms = fleet.shape.isTrimming ? Math.abs(step) : step;
    fleet.disturbAll(Math.max(0, -ms));
    server.stepClock(ms);
    // C-OVL-8: set forward, it may end the presence of the living early. Set back, it takes nothing from anybody.
    if (ms > 0 && server === fleet.world.server) excuseAll(fleet, 'C-OVL-8');
  },
  dataLoss(blow) {
    const { fleet, chance } = blow;
    const server = struck(blow);
    const downMs = chance.next() * heartbeat(blow);
    fleet.disturbAll(downMs);
    loseLetters(fleet, server);
    if (server !== fleet.world.server) {
      server.restart(downMs, { keepData: false });
      fleet.entriesLost(server);
      return;
    }
    excuseAll(fleet, 'C-LOST-3');
    fleet.mayRepeat(fleet.ledger.open);
    server.restart(downMs, { keepData: false });
    fleet.dataLost(NOTHING);
  },
  failover(blow) {
    later(blow, 0, () => failOver(blow));
  },
};

/**
 * The server that it befalls. Of several any: that of the load balancer stream, on which all depends, or one that has locks and dead letters,
 * whose data are nobody's ownership.
 */
function struck({ fleet, chance }: Blow): SimulatedServer {
  const { server, servers } = fleet.world;
  if (servers.length === 1) return server;
  const one = chance.pick(servers);
  fleet.say(`  it befalls ${one.host}`);
  return one;
}

/** What the replica has not got yet is lost with the master. */
function failOver(blow: Blow): void {
  const { fleet, chance } = blow;
  const server = struck(blow);
  const replica = server.redis.snapshot();
  const { standing } = fleet.ledger;
  later(blow, chance.next() * 50, () => {
    const downMs = chance.next() * heartbeat(blow);
    fleet.disturbAll(downMs);
    fleet.say('  the replica takes over');
    loseLetters(fleet, server);
    if (server !== fleet.world.server) {
      server.restart(downMs, { from: replica });
      fleet.entriesLost(server);
      return;
    }
    excuseAll(fleet, 'C-OVL-6');
    fleet.mayRepeat(fleet.ledger.open);
    server.restart(downMs, { from: replica });
    fleet.dataLost(standing);
    fleet.mayRepeat(standing.open);
  });
}

function loseLetters({ world, names, ledger }: Stage, server: SimulatedServer): void {
  if (server === world.serverOf(names.dlq)) ledger.knowsLetters = false;
}

/** Those at work now, and those who have acquired and not heard of it yet: until they have verified what they hold. */
function excuseAll(fleet: Stage, clause: string): void {
  const forMs = FOUND_OUT_WITHIN * fleet.shape.heartbeatMs;
  fleet.workers.excuse(clause, undefined, forMs);
  for (const { id } of fleet.ledger.open) fleet.workers.excuseFor(clause, id, forMs);
}
