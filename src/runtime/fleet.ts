/** The processes of a service, as they are told. */
import { isStreamwardenError } from '../core/errors.js';
import { dueReason } from '../redis/due-consumer.js';
import type { FleetLook, FleetStore, MemberRecord, Round } from '../redis/fleet.js';
import type { GroupStore } from '../redis/group.js';
import { isIncarnation } from '../redis/names.js';

/** What Redis knows of a consumer of the group, and what that says of itself. */
export interface MemberFacts {
  /** Name in the group: the consumer id and, of ours, one incarnation's mark. */
  readonly name: string;
  /** Entries it has been given and has not finished. */
  readonly pending: number;
  /** How long its presence still stands, in milliseconds; null: it has none. Consumers of the Go client never have one. */
  readonly presenceMs: number | null;
  /** Milliseconds since Redis last gave it something or heard from it in the group. Not a sign of life. */
  readonly idleMs: number;
  /** Streams that are its own. Null of consumers of the Go client, and where that is not known. */
  readonly owned: number | null;
  /** Streams that it is to hand over, by the last round of balancing; below 0: so many are to come to it. */
  readonly handOver: number;
  /** What it said of itself with its last heartbeat. Null of consumers of the Go client and of version 0.1.0, and before its first one. */
  readonly process: MemberRecord | null;
}

export interface FleetMember extends MemberFacts {
  /** The option `consumerId` of its runtime; of a consumer of the Go client its name. */
  readonly consumerId: string;
  readonly kind: 'streamwarden' | 'go';
  /** Whether its presence stands. Null: consumers of the Go client have none, and show only by the locks of their entries that they live. */
  readonly isAlive: boolean | null;
}

/** Undefined: what waits for the dead-letter stream is kept under names of its own in the group, and those are no members. */
function memberOf(facts: MemberFacts): FleetMember | undefined {
  const { name, presenceMs } = facts;
  if (dueReason(name) !== undefined) return undefined;
  const isOurs = isIncarnation(name);
  return {
    ...facts,
    consumerId: name.replace(/~[0-9a-f]{8}$/, ''),
    kind: isOurs ? 'streamwarden' : 'go',
    isAlive: isOurs ? presenceMs !== null : null,
  };
}

/** Of whoever may not read what processes say of themselves, as an operator may not, nothing is known but what the group says. */
async function lookAt(fleet: Pick<FleetStore, 'look'>): Promise<FleetLook> {
  try {
    return await fleet.look();
  } catch (error) {
    if (!isStreamwardenError(error, 'PermissionDenied')) throw error;
    return { members: [], redisMs: 0, round: undefined };
  }
}

export interface FleetFacts {
  /** The consumers of the group, and whoever keeps presence and is not in it yet, in the order of their names. */
  readonly members: readonly MemberFacts[];
  /** What the last round of balancing found; undefined: there was none, or nothing is known of it. */
  readonly round: Round | undefined;
}

/** @throws StreamwardenError `RedisUnavailable`, `RedisRefused`, `PermissionDenied` */
export async function readFleet(
  group: Pick<GroupStore, 'consumers' | 'presence'>,
  fleet: Pick<FleetStore, 'look'>,
): Promise<FleetFacts> {
  const { members: present, redisMs, round } = await lookAt(fleet);
  const seen = new Map(present.map((member) => [member.name, member]));
  const listed = new Map((await group.consumers()).map((consumer) => [consumer.name, consumer]));
  const names = [...new Set([...listed.keys(), ...seen.keys()])];
  // Who keeps presence is in the index, but for those of version 0.1.0.
  const others = names.filter((name) => !seen.has(name));
  const ttls = new Map((await group.presence(others)).map((ttl, at) => [others[at], ttl]));
  const members = names
    .map((name): MemberFacts => {
      const { untilMs, record, order } = seen.get(name) ?? {};
      const { pending = 0, idleMs = 0 } = listed.get(name) ?? {};
      const leftMs = untilMs === undefined ? (ttls.get(name) ?? -2) : untilMs - redisMs;
      return {
        name,
        pending,
        idleMs,
        presenceMs: leftMs > 0 ? Math.ceil(leftMs) : null,
        owned: record?.owned ?? null,
        handOver: order?.count ?? 0,
        process: record ?? null,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { members, round };
}

export function membersOf(members: readonly MemberFacts[]): FleetMember[] {
  return members.flatMap((facts) => memberOf(facts) ?? []);
}
