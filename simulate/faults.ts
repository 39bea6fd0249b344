/** What each kind of fault does. Its dice decide how hard and how long. */
import { Chance } from '../src/simulation/chance.js';
import type { Connection } from '../src/simulation/network.js';
import { ORDER } from '../src/simulation/timeline.js';
import type { Blow } from './blow.js';
import type { FaultKind } from './fault-kinds.js';
import type { Member } from './member.js';
import { applyOperator } from './operators.js';
import type { PlannedFault } from './schedule.js';
import type { Stage } from './stage.js';

type Effect = (blow: Blow) => unknown;

const STOP_MODES = ['handOver', 'handOver', 'finish', 'abandon'] as const;
const REFUSALS = ['LOADING', 'OOM', 'MISCONF', 'NOREPLICAS', 'READONLY'] as const;

/** The connection aimed at, or one of the process's: of that role, if there is one. */
function target({ fleet, member, connection, chance }: Blow, role?: string): Connection | undefined {
  if (connection !== undefined && (role === undefined || connection.role === role)) return connection;
  const all = fleet.world.network.of(member.process);
  const wanted = role === undefined ? all : all.filter((one) => one.role === role);
  return wanted.length > 0 ? chance.pick(wanted) : undefined;
}

function later({ fleet }: Blow, ms: number, act: () => void): void {
  fleet.world.timeline.after(ms, ORDER.observer, undefined, act);
}

function heartbeat({ fleet }: Blow): number {
  return fleet.shape.heartbeatMs;
}

function crash(blow: Blow): void {
  const { fleet, member, chance } = blow;
  member.crash();
  for (const connection of fleet.world.network.of(member.process)) connection.close(chance.next() * 20);
}

const EFFECTS: Readonly<Partial<Record<FaultKind, Effect>>> = {
  cut(blow) {
    const { fleet, member, connection, chance } = blow;
    member.disturb();
    connection?.cut();
    for (const one of fleet.world.network.of(member.process)) if (chance.isTrue(0.6)) one.cut();
  },
  cutClient(blow) {
    blow.member.disturb();
    target(blow, 'commands')?.close(blow.chance.next() * 2 * heartbeat(blow));
  },
  halfOpenReader(blow) {
    blow.member.disturb();
    const isNeverHeard = blow.chance.isTrue(0.2);
    target(blow, 'reader')?.close(
      isNeverHeard ? Number.POSITIVE_INFINITY : blow.chance.next() * 2 * heartbeat(blow),
    );
  },
  mute(blow) {
    blow.member.disturb();
    const connection = target(blow);
    connection?.mute();
    if (blow.chance.isTrue(0.6)) later(blow, blow.chance.next() * heartbeat(blow), () => connection?.cut());
    return 'lost';
  },
  deaf(blow) {
    blow.member.disturb();
    const connection = target(blow);
    connection?.deafen();
    if (blow.chance.isTrue(0.6)) later(blow, blow.chance.next() * heartbeat(blow), () => connection?.cut());
    return 'lost';
  },
  stall(blow) {
    const { fleet, member, chance } = blow;
    const ms = chance.next() * 2.5 * heartbeat(blow);
    member.disturb(ms);
    const until = fleet.now + ms;
    const [toServer, toClient] = [chance.isTrue(0.7), chance.isTrue(0.7)];
    for (const connection of fleet.world.network.of(member.process)) {
      if (toServer) connection.stall(until, 'server');
      if (toClient) connection.stall(until, 'client');
    }
  },
  late(blow) {
    const { fleet, member, chance } = blow;
    const connection = target(blow);
    const ms = chance.next() * 2 * heartbeat(blow);
    member.disturb(ms);
    connection?.stall(fleet.now + ms, 'server');
    // Given up at once, and executed all the same.
    if (chance.isTrue(0.5)) later(blow, 0, () => connection?.close(chance.next() * 2 * heartbeat(blow)));
  },
  freeze(blow) {
    const { member, chance } = blow;
    const ms = chance.next() * (chance.isTrue(0.5) ? 1 : 4) * heartbeat(blow);
    member.disturb(ms);
    member.process.freeze(ms);
  },
  suspend(blow) {
    const { fleet, member, chance } = blow;
    const ms = chance.next() * 4 * heartbeat(blow);
    member.disturb(ms);
    member.process.suspend(ms);
    // C-UNC-6: within half a heartbeat of its waking.
    fleet.unsettle(member, ms + heartbeat(blow) / 2 + 200);
  },
  wallStep(blow) {
    const { fleet, member, chance } = blow;
    member.disturb();
    member.process.stepWallClock(chance.between(-3, 3) * heartbeat(blow));
    fleet.unsettle(member, 1.5 * heartbeat(blow));
  },
  crash(blow) {
    crash(blow);
    later(blow, blow.chance.next() * 2 * heartbeat(blow), () => void blow.fleet.start());
  },
  restart(blow) {
    const { fleet, member, chance } = blow;
    crash(blow);
    later(blow, chance.next() * heartbeat(blow), () => void fleet.start(member.consumerId));
  },
  stop(blow) {
    const { fleet, member, chance } = blow;
    const mode = chance.pick(STOP_MODES);
    member.requestStop(mode, fleet.now, mode === 'finish' ? 6 * heartbeat(blow) : undefined);
    if (chance.isTrue(0.2)) {
      const harder = chance.pick(['handOver', 'abandon'] as const);
      later(blow, chance.next() * heartbeat(blow), () => {
        if (member.state === 'stopping') member.requestStop(harder, fleet.now);
      });
    }
    later(blow, chance.next() * 3 * heartbeat(blow), () => void fleet.start());
  },
  pause(blow) {
    const { member, chance } = blow;
    if (member.state !== 'running') return;
    void member.runtime.pause();
    later(blow, chance.next() * 2 * heartbeat(blow), () => member.runtime.resume());
  },
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
  deny(blow) {
    const { fleet, member, chance } = blow;
    fleet.world.server.deny(({ process }, command) =>
      process === member.process && String(command[0]).toUpperCase() === 'EVALSHA'
        ? "NOPERM this user has no permissions to run the 'evalsha' command"
        : undefined,
    );
    const ms = chance.next() * 4 * heartbeat(blow);
    member.disturb(ms);
    later(blow, ms, () => fleet.world.server.deny(undefined));
  },
  serverClock(blow) {
    const { fleet, chance } = blow;
    fleet.disturbAll();
    fleet.world.server.stepClock(Math.round(chance.between(-3, 3) * heartbeat(blow)));
    // C-OVL-1 goes by the rates of clocks: one that jumps may end presence early.
    fleet.workers.excuse('C-OVL-1');
  },
  dataLoss(blow) {
    const { fleet, chance } = blow;
    const downMs = chance.next() * heartbeat(blow);
    fleet.disturbAll(downMs);
    excuseLoss(fleet, 'C-LOST-3');
    fleet.world.server.restart(downMs, { keepData: false });
    fleet.dataLost([]);
  },
  failover(blow) {
    later(blow, 0, () => failOver(blow));
  },
};

/** What the replica has not got yet is lost with the master. */
function failOver(blow: Blow): void {
  const { fleet, chance } = blow;
  const replica = fleet.world.server.redis.snapshot();
  const { open } = fleet.ledger;
  later(blow, chance.next() * 50, () => {
    const downMs = chance.next() * heartbeat(blow);
    fleet.disturbAll(downMs);
    fleet.say('  the replica takes over');
    excuseLoss(fleet, 'C-OVL-6');
    fleet.world.server.restart(downMs, { from: replica });
    fleet.dataLost(open);
    fleet.mayRepeat(open);
  });
}

/** Those at work now, and what they were told. */
function excuseLoss(fleet: Stage, clause: string): void {
  const heartbeat = fleet.shape.heartbeatMs;
  fleet.workers.excuse(clause);
  // An acquisition may have been answered, and not have been heard of yet.
  for (const { id } of fleet.ledger.open) fleet.workers.excuseUntil(clause, id, fleet.now + heartbeat);
  fleet.mayRepeat(fleet.ledger.open);
}

/** @returns `lost` when the message aimed at goes no further */
export function applyFault(
  fleet: Stage,
  { kind, dice }: PlannedFault,
  member: Member,
  connection: Connection | undefined,
): 'lost' | undefined {
  const blow: Blow = { fleet, member, connection, chance: new Chance(dice) };
  if (!member.isAlive) return undefined;
  // A process on its way out is not stopped again, nor made another one of.
  if (kind === 'stop' && !member.isServing) return undefined;
  const effect = EFFECTS[kind];
  // A server that is executing a command answers nobody else before it is done.
  if (effect === undefined) {
    later(blow, 0, () => applyOperator(kind, blow));
    return undefined;
  }
  return effect(blow) === 'lost' ? 'lost' : undefined;
}
