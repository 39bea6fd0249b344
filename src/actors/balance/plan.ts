/** Who has more than its share, and what is to be done about it: decided by one process at a time, from what all of them say. Pure. */
import { createHash } from 'node:crypto';
import type { RoundFigures } from '../../machines/standing.js';
import type { FleetMemberSeen, MemberRecord, Order, Round, RoundBegun } from '../../redis/fleet.js';

export interface BalanceLimits {
  /** How many streams one process hands over in one round at most. */
  readonly maxMoves: number;
  /** How far a process may be from its share, as a part of it, before anything is handed over. */
  readonly maxShare: number;
  /** For how long nobody may have come or gone, in milliseconds; longer while processes are replaced. */
  readonly settleMs: number;
}

export interface Plan {
  readonly round: Round;
  readonly figures: RoundFigures;
  /** By name in the group: those of earlier rounds that stand still, too. */
  readonly orders: ReadonlyMap<string, Order>;
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

/** What floating-point sums are off by. */
const TINY = 1e-9;

const itself = (one: number) => one;

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

/** An order may take so many heartbeats to be heard of. */
const HEARD_WITHIN = 1.5;

/** Orders that may still be on their way to whom they are for: what that one says of itself does not know of them. */
function unheard({ members, redisMs }: RoundBegun): Map<string, Order> {
  const left = new Map<string, Order>();
  for (const { name, order, record } of members) {
    if (order === undefined || record === undefined) continue;
    const isOver = order.count > 0 && record.followed === order.number;
    const ageMs = redisMs - order.at;
    if (!isOver && ageMs >= 0 && ageMs < HEARD_WITHIN * record.heartbeatMs) left.set(name, order);
  }
  return left;
}

/** Changes that are no further apart than so many times `settleMs` belong together, as the steps of a rollout do. */
const STEP_SETTLES = 10;

/** Since when the same are there, and for how long they have to be. */
interface Standing {
  readonly changedAt: number;
  readonly holdMs: number;
}

/**
 * Where a process goes soon after another one has come, processes are replaced one by one, and the next step takes as long. What were handed over in between would
 * go to processes that are the next to go, and move again with each of them. So nothing is, until no step has been made for twice as long.
 */
function standingOf(
  { members, redisMs, round: last }: RoundBegun,
  digest: string,
  settleMs: number,
): Standing {
  // One that is ahead of the clock was written before that was set back.
  if (last === undefined || last.changedAt > redisMs) return { changedAt: redisMs, holdMs: settleMs };
  if (last.digest === digest) return last;
  const sinceMs = redisMs - last.changedAt;
  const longest = STEP_SETTLES * settleMs;
  if (sinceMs > longest) return { changedAt: redisMs, holdMs: settleMs };
  const hasLeft = members.length <= last.members;
  const holdMs = Math.max(settleMs, last.holdMs, hasLeft ? 2 * sinceMs : 0);
  return { changedAt: redisMs, holdMs: Math.min(holdMs, longest) };
}

/** By more than so many streams, and than this part of all, has what nobody owns to have changed for it to count. */
const LEAST_MOVED = 2;
const UNDER_WAY = 0.02;

/** Why nothing may be moved now; null: it may. */
function obstacleOf(
  { members, redisMs, length, round }: RoundBegun,
  { changedAt, holdMs }: Standing,
  between: number,
): string | null {
  if (redisMs - changedAt < holdMs) return 'somebody has come or gone just now';
  // What has been given out since a process said what it has looks as if it were still to come.
  const moved = Math.abs(between - (round?.between ?? 0));
  if (moved > Math.max(LEAST_MOVED, UNDER_WAY * length)) return 'streams are being given out just now';
  for (const { name, untilMs, record } of members) {
    if (record === undefined) continue;
    // A beat comes every half heartbeat, and makes it last for a whole one.
    if (untilMs - redisMs < (record.heartbeatMs * 3) / 8) return `the lease of ${name} is uncertain`;
    if (!TAKING_PART.has(record.state)) return `${name} is ${record.state}`;
  }
  return null;
}

/** How many whole streams it has above its share, and how many below it. */
function distanceOf({ load }: Party, share: number, perStream: number): { above: number; below: number } {
  const [has, shall] = [load / perStream, share / perStream];
  return {
    above: Math.max(0, Math.floor(has - Math.ceil(shall - TINY) + TINY)),
    below: Math.max(0, Math.floor(Math.floor(shall + TINY) - has + TINY)),
  };
}

function partiesOf({ members, redisMs }: RoundBegun, perStream: number): Party[] {
  const parties: Party[] = [];
  for (const { name, untilMs, record } of members) {
    if (record === undefined || untilMs <= redisMs || !TAKING_PART.has(record.state)) continue;
    const load = record.load ?? record.owned * perStream;
    parties.push({ name, record, load, limit: record.capacity * perStream });
  }
  return parties;
}

export function planRound(begun: RoundBegun, { maxMoves, maxShare, settleMs }: BalanceLimits): Plan {
  const { members, redisMs, round: last } = begun;
  const digest = digestOf(members);
  const standing = standingOf(begun, digest, settleMs);
  const perStream = loadPerStream(members.flatMap(({ record }) => record ?? []));
  const parties = partiesOf(begun, perStream);
  const takers = parties.filter(({ record }) => record.isOpen);
  const ownedIn = (some: readonly { readonly record: MemberRecord | undefined }[]) =>
    sum(some, ({ record }) => record?.owned ?? 0);
  // Not given out yet, or on its way from one to another; what consumers of the Go client have counts likewise, as they do not say how much that is.
  const between = Math.max(0, begun.length - ownedIn(members));
  const level = levelOf(parties, sum(parties, ({ load }) => load) + between * perStream);
  const sides = parties.map((party) => {
    const share = Math.min(party.limit, level * party.record.weight);
    const off = Math.abs(party.load - share);
    return {
      ...party,
      ...distanceOf(party, share, perStream),
      off: off / Math.max(share, perStream),
      isFar: off > maxShare * share + perStream,
    };
  });
  const donors = sides.filter(({ record, above }) => record.balances && above > 0);
  const receivers = sides.filter(({ record, below }) => record.isOpen && below > 0);
  const needs = receivers.map(({ below, record }) =>
    Math.min(below, Math.max(0, record.capacity - record.owned)),
  );
  const excess = donors.map(({ above }) => above);
  const possible = Math.min(sum(excess, itself), sum(needs, itself) - between);
  const isUneven = possible > 0 && sides.some(({ isFar }) => isFar);
  const orders = unheard(begun);
  const isUnderWay = [...orders.values()].some(({ count }) => count > 0);
  const waits = isUneven && !isUnderWay ? obstacleOf(begun, standing, between) : null;
  const number = (last?.number ?? 0) + 1;
  const tell = ({ name }: Party, count = 0) => {
    if (count !== 0) orders.set(name, { number, count, at: redisMs });
  };
  if (isUneven && !isUnderWay && waits === null) {
    const moves = shareOut(excess, possible).map((one) => Math.min(one, maxMoves));
    const intakes = shareOut(needs, sum(moves, itself));
    for (const [at, party] of donors.entries()) tell(party, moves[at]);
    for (const [at, party] of receivers.entries()) tell(party, -(intakes[at] ?? 0));
  }
  const round: Round = {
    number,
    changedAt: standing.changedAt,
    holdMs: standing.holdMs,
    digest,
    members: members.length,
    weight: sum(takers, ({ record }) => record.weight),
    ownedByOthers: ownedIn(members) - ownedIn(takers),
    perStream,
    lowest: takers.length === 0 ? 0 : Math.min(...takers.map(({ load, record }) => load / record.weight)),
    level,
    imbalance: Math.max(0, ...sides.map(({ off }) => off)),
    between,
    ordered: sum([...orders.values()], (order) => (order.number === number ? Math.max(0, order.count) : 0)),
    waits,
  };
  const { imbalance, ordered } = round;
  return { round, orders, figures: { number, members: parties.length, imbalance, ordered, waits } };
}
