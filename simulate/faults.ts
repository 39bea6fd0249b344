/** What each kind of fault does. Its dice decide how hard and how long. */
import { Chance } from '../src/simulation/chance.js';
import type { Connection } from '../src/simulation/network.js';
import { type Blow, heartbeat, later, type MemberBlow } from './blow.js';
import type { FaultKind } from './fault-kinds.js';
import { Member } from './member.js';
import { applyOperator } from './operators.js';
import type { PlannedFault } from './schedule.js';
import { ON_SERVER } from './server-faults.js';
import type { Stage } from './stage.js';
import type { Bystander, Victim } from './victim.js';

type Effects<B> = Readonly<Partial<Record<FaultKind, (blow: B) => unknown>>>;

const STOP_MODES = ['handOver', 'handOver', 'finish', 'abandon'] as const;

/** The connection aimed at, or one of the process's: of that role, if there is one. */
function target({ fleet, victim, connection, chance }: Blow, role?: string): Connection | undefined {
  if (connection !== undefined && (role === undefined || connection.role === role)) return connection;
  const all = fleet.world.network.of(victim.process);
  const wanted = role === undefined ? all : all.filter((one) => one.role === role);
  return wanted.length > 0 ? chance.pick(wanted) : undefined;
}

/** The connections of the process; of those to several servers at times only the ones to one of them. */
function reachable({ fleet, victim, chance }: Blow): Connection[] {
  const all = fleet.world.network.of(victim.process);
  const { servers } = fleet.world;
  if (servers.length === 1 || chance.isTrue(0.5)) return all;
  const only = chance.pick(servers);
  return all.filter(({ server }) => server === only);
}

function crash({ fleet, victim, chance }: Blow): void {
  victim.crash();
  for (const connection of fleet.world.network.of(victim.process)) connection.close(chance.next() * 20);
}

/** Starts what takes the place of one that has crashed. */
function replace({ fleet, victim }: Blow, consumerId?: string): void {
  if (victim instanceof Member) fleet.start(consumerId);
  else (victim as Bystander).startAnew();
}

/** Befall whatever has a process and connections: BEFALLS_ANYONE names them, too. */
const ON_ANYONE: Effects<Blow> = {
  cut(blow) {
    const { victim, connection, chance } = blow;
    victim.disturb();
    connection?.cut();
    for (const one of reachable(blow)) if (chance.isTrue(0.6)) one.cut();
  },
  cutClient(blow) {
    blow.victim.disturb();
    target(blow, 'commands')?.close(blow.chance.next() * 2 * heartbeat(blow));
  },
  halfOpenReader(blow) {
    blow.victim.disturb();
    const isNeverHeard = blow.chance.isTrue(0.2);
    target(blow, 'reader')?.close(
      isNeverHeard ? Number.POSITIVE_INFINITY : blow.chance.next() * 2 * heartbeat(blow),
    );
  },
  mute(blow) {
    blow.victim.disturb();
    const connection = target(blow);
    connection?.mute();
    if (blow.chance.isTrue(0.6)) later(blow, blow.chance.next() * heartbeat(blow), () => connection?.cut());
    return 'lost';
  },
  deaf(blow) {
    blow.victim.disturb();
    const connection = target(blow);
    connection?.deafen();
    if (blow.chance.isTrue(0.6)) later(blow, blow.chance.next() * heartbeat(blow), () => connection?.cut());
    return 'lost';
  },
  stall(blow) {
    const { fleet, victim, chance } = blow;
    const ms = chance.next() * 2.5 * heartbeat(blow);
    victim.disturb(ms);
    const until = fleet.now + ms;
    const [toServer, toClient] = [chance.isTrue(0.7), chance.isTrue(0.7)];
    for (const connection of reachable(blow)) {
      if (toServer) connection.stall(until, 'server');
      if (toClient) connection.stall(until, 'client');
    }
  },
  late(blow) {
    const { fleet, victim, chance } = blow;
    const connection = target(blow);
    const ms = chance.next() * 2 * heartbeat(blow);
    victim.disturb(ms);
    connection?.stall(fleet.now + ms, 'server');
    // Given up at once, and executed all the same.
    if (chance.isTrue(0.5)) later(blow, 0, () => connection?.close(chance.next() * 2 * heartbeat(blow)));
  },
  freeze(blow) {
    const { victim, chance } = blow;
    const ms = chance.next() * (chance.isTrue(0.5) ? 1 : 4) * heartbeat(blow);
    victim.disturb(ms);
    victim.process.freeze(ms);
  },
  crash(blow) {
    crash(blow);
    later(blow, blow.chance.next() * 2 * heartbeat(blow), () => replace(blow));
  },
  restart(blow) {
    const { victim, chance } = blow;
    crash(blow);
    later(blow, chance.next() * heartbeat(blow), () =>
      replace(blow, victim instanceof Member ? victim.consumerId : undefined),
    );
  },
};

/** C-UNC-6: neither clock says that the machine sleeps. The deadline's timer does, a heartbeat after it woke at the latest. */
function hideSleep(blow: MemberBlow, ms: number): void {
  const { fleet, victim } = blow;
  for (const { id } of victim.runtime.ownedStreams())
    fleet.workers.excuseFor('C-UNC-6', id, ms + heartbeat(blow));
}

const ON_MEMBER: Effects<MemberBlow> = {
  suspend(blow) {
    const { fleet, victim, chance } = blow;
    const ms = chance.next() * 4 * heartbeat(blow);
    victim.disturb(ms);
    fleet.sleeps(victim, ms);
    // C-STOP-6: its budget stands still with the monotonic clock.
    if (victim.stop !== undefined) victim.stop.endsMs += ms;
    if (victim.clockHidesUntil > fleet.now) hideSleep(blow, ms);
    victim.process.suspend(ms);
  },
  block({ victim, chance, fleet }) {
    victim.block(chance.next() * (chance.isTrue(0.7) ? 4 : 12) * fleet.shape.heartbeatMs);
  },
  wallStep(blow) {
    const { fleet, victim, chance } = blow;
    victim.disturb();
    const ms = chance.between(-3, 3) * heartbeat(blow);
    victim.process.stepWallClock(ms);
    if (ms < 0) {
      // Until the next beat has been answered.
      victim.clockHidesUntil = fleet.now + heartbeat(blow);
      if (victim.process.isStill) hideSleep(blow, victim.process.stillUntil - fleet.now);
    }
    fleet.unsettle(victim, 1.5 * heartbeat(blow));
  },
  stop(blow) {
    const { fleet, victim, chance } = blow;
    // A process on its way out is not stopped again, nor made another one of.
    if (!victim.isServing) return;
    const mode = chance.pick(STOP_MODES);
    victim.requestStop(mode, fleet.now, mode === 'finish' ? 6 * heartbeat(blow) : undefined);
    if (chance.isTrue(0.2)) {
      const harder = chance.pick(['handOver', 'abandon'] as const);
      later(blow, chance.next() * heartbeat(blow), () => {
        if (victim.state === 'stopping') victim.requestStop(harder, fleet.now);
      });
    }
    later(blow, chance.next() * 3 * heartbeat(blow), () => void fleet.start());
  },
  pause(blow) {
    const { victim, chance } = blow;
    if (victim.state !== 'running') return;
    void victim.runtime.pause();
    later(blow, chance.next() * 2 * heartbeat(blow), () => victim.runtime.resume());
  },
  deny(blow) {
    const { fleet, victim, chance } = blow;
    const { servers } = fleet.world;
    for (const server of servers) {
      server.deny(({ process }, command) =>
        process === victim.process && String(command[0]).toUpperCase() === 'EVALSHA'
          ? "NOPERM this user has no permissions to run the 'evalsha' command"
          : undefined,
      );
    }
    const ms = chance.next() * 4 * heartbeat(blow);
    victim.disturb(ms);
    victim.deniedUntil = Math.max(victim.deniedUntil, fleet.now + ms);
    later(blow, ms, () => {
      for (const server of servers) server.deny(undefined);
    });
  },
};

/** @returns `lost` when the message aimed at goes no further */
export function applyFault(
  fleet: Stage,
  { kind, dice }: PlannedFault,
  victim: Victim,
  connection: Connection | undefined,
): 'lost' | undefined {
  if (!victim.isAlive) return undefined;
  const blow: Blow = { fleet, victim, connection, chance: new Chance(dice) };
  const effect = ON_ANYONE[kind] ?? ON_SERVER[kind];
  if (effect !== undefined) return effect(blow) === 'lost' ? 'lost' : undefined;
  const onMember = ON_MEMBER[kind];
  if (onMember !== undefined) {
    if (victim instanceof Member) onMember({ ...blow, victim });
    return undefined;
  }
  // A server that is executing a command answers nobody else before it is done.
  later(blow, 0, () => applyOperator(kind, blow));
  return undefined;
}
