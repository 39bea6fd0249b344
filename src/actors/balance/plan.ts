/** Who has more than its share, and what is to be done about it: decided by one process at a time, from what all of them say. Pure. */
import { createHash } from 'node:crypto';
import type { RoundFigures } from '../../machines/standing.js';
import type { FleetMemberSeen, MemberRecord, Round, RoundBegun } from '../../redis/fleet.js';

export interface BalanceLimits {
  /** How many streams one process hands over in one round at most. */
  readonly maxMoves: number;
  /** How far a process may be from its share, as a part of it, before anything is handed over. */
  readonly maxShare: number;
  /** For how long nobody may have come or gone, in milliseconds. */
  readonly settleMs: number;
}

export interface Plan {
  readonly round: Round;
  readonly figures: RoundFigures;
  /** Name in the group → how many streams it is to hand over; below 0: how many it is to expect. */
  readonly handOvers: ReadonlyMap<string, number>;
}

/** One of those that take part. */
interface Party {
  readonly name: string;
  readonly record: MemberRecord;
  readonly load: number;
  /** The most that it can have, in the same unit. */
  readonly limit: number;
}

/** States in which a process holds streams and means to stay. */
const TAKING_PART: ReadonlySet<string> = new Set(['running', 'degraded']);

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  let total = 0;
  for (const one of all) total += of(one);
  return total;
}

/** Load of a stream on average, as far as processes say; 1 where none does. */
function loadPerStream(records: readonly MemberRecord[]): number {
  const known = records.filter(({ load, owned }) => load !== null && owned > 0);
  const load = sum(known, (record) => record.load as number);
  return load > 0 ? load / sum(known, ({ owned }) => owned) : 1;
}

/** The load for a weight of 1 at which everybody's adds up to all there is: nobody has more than it can have. */
export function levelOf(
  parties: readonly { readonly limit: number; readonly record: { readonly weight: number } }[],
  total: number,
): number {
  let left = total;
  let open = [...parties];
  for (;;) {
    const weight = sum(open, ({ record }) => record.weight);
    if (weight === 0) return 0;
    const level = left / weight;
    const full = open.filter(({ limit, record }) => limit < level * record.weight);
    if (full.length === 0) return level;
    left -= sum(full, ({ limit }) => limit);
    open = open.filter((party) => !full.includes(party));
  }
}

/** As whole numbers that add up to `total`, in proportion to `wanted`, none above it. */
function shareOut(wanted: readonly number[], total: number): number[] {
  const all = sum(wanted, (one) => one);
  if (all <= total) return [...wanted];
  const exact = wanted.map((one) => (one * total) / all);
  const whole = exact.map(Math.floor);
  let left = total - sum(whole, (one) => one);
  const order = exact
    .map((_, at) => at)
    .sort((a, b) => ((exact[b] as number) % 1) - ((exact[a] as number) % 1));
  for (const at of order) {
    if (left <= 0) break;
    whole[at] = (whole[at] as number) + 1;
    left -= 1;
  }
  return whole;
}

function digestOf(members: readonly FleetMemberSeen[]): string {
  const names = members.map(({ name }) => name).sort();
  return createHash('sha1').update(JSON.stringify(names)).digest('hex').slice(0, 12);
}

/** Why nothing may be moved now; null: it may. */
function obstacleOf({ members, redisMs }: RoundBegun, changedAt: number, settleMs: number): string | null {
  if (redisMs - changedAt < settleMs) return 'somebody has come or gone just now';
  for (const { name, untilMs, record } of members) {
    if (record === undefined) continue;
    // A beat comes every half heartbeat, and makes it last for a whole one.
    if (untilMs - redisMs < (record.heartbeatMs * 3) / 8) return `the lease of ${name} is uncertain`;
    if (!TAKING_PART.has(record.state)) return `${name} is ${record.state}`;
  }
  return null;
}

export function planRound(begun: RoundBegun, { maxMoves, maxShare, settleMs }: BalanceLimits): Plan {
  const { members, redisMs, round: last } = begun;
  const digest = digestOf(members);
  // One that is ahead of the clock was written before that was set back.
  const isSame = last !== undefined && last.digest === digest && last.changedAt <= redisMs;
  const changedAt = isSame ? last.changedAt : redisMs;
  const alive = members.filter(
    (member): member is FleetMemberSeen & { record: MemberRecord } =>
      member.record !== undefined && member.untilMs > redisMs,
  );
  const perStream = loadPerStream(alive.map(({ record }) => record));
  const parties = alive
    .filter(({ record }) => TAKING_PART.has(record.state))
    .map(
      ({ name, record }): Party => ({
        name,
        record,
        load: record.load ?? record.owned * perStream,
        limit: record.capacity * perStream,
      }),
    );
  // Not given out yet, or on its way from one to another; what consumers of the Go client have counts likewise, as they do not say how much that is.
  const between = Math.max(0, begun.length - sum(members, ({ record }) => record?.owned ?? 0));
  const level = levelOf(parties, sum(parties, ({ load }) => load) + between * perStream);
  const shareOf = ({ record, limit }: Party) => Math.min(limit, level * record.weight);
  const takers = parties.filter(({ record }) => record.isOpen);
  const takingLoads = takers.map(({ load, record }) => load / record.weight);
  const round: Round = {
    number: (last?.number ?? 0) + 1,
    changedAt,
    digest,
    weight: sum(takers, ({ record }) => record.weight),
    ownedByOthers: sum(
      members.filter(({ name }) => !takers.some((taker) => taker.name === name)),
      ({ record }) => record?.owned ?? 0,
    ),
    perStream,
    lowest: takingLoads.length === 0 ? 0 : Math.min(...takingLoads),
    level,
  };
  const above = (party: Party) =>
    Math.floor((party.load - Math.ceil(shareOf(party) / perStream) * perStream) / perStream + 1e-9);
  const below = (party: Party) =>
    Math.floor(shareOf(party) / perStream + 1e-9) - Math.ceil(party.load / perStream - 1e-9);
  const far = (party: Party) => Math.abs(party.load - shareOf(party)) > maxShare * shareOf(party) + perStream;
  const imbalance = Math.max(
    0,
    ...parties.map((party) => Math.abs(party.load - shareOf(party)) / Math.max(shareOf(party), perStream)),
  );
  const donors = parties.filter((party) => party.record.balances && above(party) > 0);
  const receivers = takers.filter((party) => below(party) > 0);
  const excess = donors.map(above);
  const needs = receivers.map((party) =>
    Math.min(below(party), Math.max(0, party.record.capacity - party.record.owned)),
  );
  const handOvers = new Map<string, number>();
  let waits: string | null = null;
  const possible = Math.min(
    sum(excess, (one) => one),
    sum(needs, (one) => one) - between,
  );
  if (possible > 0 && parties.some(far)) {
    waits = obstacleOf(begun, changedAt, settleMs);
    if (waits === null) {
      const moves = shareOut(excess, possible).map((one) => Math.min(one, maxMoves));
      const total = sum(moves, (one) => one);
      donors.forEach(({ name }, at) => moves[at] && handOvers.set(name, moves[at]));
      const intakes = shareOut(needs, total);
      receivers.forEach(({ name }, at) => intakes[at] && handOvers.set(name, -intakes[at]));
    }
  }
  return {
    round,
    handOvers,
    figures: {
      number: round.number,
      members: parties.length,
      imbalance,
      ordered: sum([...handOvers.values()], (count) => Math.max(0, count)),
      waits,
    },
  };
}
