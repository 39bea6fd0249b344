/** What the processes of a fleet say of themselves with their heartbeats, and what is made of it, a round of balancing at a time. */
import * as z from 'zod';
import type { Commands } from './commands.js';
import { toEpochMs } from './epoch.js';
import type { Names } from './names.js';
import { pipelined } from './pipelined.js';

/** How far behind a process is with the entries of its streams. */
const lagSchema = z.object({
  /** Entries that are there and are not committed. */
  entries: z.number(),
  /** How old the oldest of them is, in milliseconds; null: their ids are no times, or it is not known. */
  ms: z.number().nullable(),
  /** Streams that are behind. */
  behind: z.number(),
});

/** What a process says of itself. Written as JSON; what is unknown in it is skipped, since later versions may say more. */
const memberSchema = z.object({
  /** State of the consumer, such as `running`. */
  state: z.string(),
  version: z.string(),
  host: z.string(),
  pid: z.number(),
  /** When it was started, by its own clock, epoch milliseconds. */
  since: z.number(),
  heartbeatMs: z.number(),
  capacity: z.number(),
  weight: z.number(),
  /** Streams that are its own, or are being verified as its own, without those that it is handing over. */
  owned: z.number(),
  /** What the option `load` says; null: the number of streams counts. */
  load: z.number().nullable(),
  /** Whether it takes streams: it runs, is not paused, and has room. */
  isOpen: z.boolean(),
  /** Whether it hands streams over now when it has more than its share. */
  balances: z.boolean(),
  /** The order that it has followed last; 0: none. */
  followed: z.number(),
  /** Address of its inspector's page; null: none is served. */
  inspector: z.string().nullable(),
  /** How far behind it is with the entries of its streams; null: it has read none, or is of a version that does not say. */
  lag: lagSchema.nullable().default(null),
});

export type MemberRecord = Readonly<z.infer<typeof memberSchema>>;

/** What a round found, for everybody. */
export interface Round {
  /** Counts up. */
  readonly number: number;
  /** When somebody was there last that had not been before, or somebody had gone, by Redis's clock, epoch milliseconds. */
  readonly changedAt: number;
  /** Who is there, as one short text. */
  readonly digest: string;
  /** How many are there. */
  readonly members: number;
  /** For how long nobody may have come or gone before anything is handed over, in milliseconds. */
  readonly holdMs: number;
  /** Weights of those that take streams, together. */
  readonly weight: number;
  /** Streams of those that take none, together. */
  readonly ownedByOthers: number;
  /** Load of a stream, on average; 1 where streams are counted. */
  readonly perStream: number;
  /** The least load for its weight of those that take streams. */
  readonly lowest: number;
  /** Load for a weight of 1, if all had their share. */
  readonly level: number;
  /** How far the one that is furthest from its share is from it, as a part of the share. */
  readonly imbalance: number;
  /** Streams that were to be handed over by it, all over the fleet. */
  readonly ordered: number;
  /** Entries that nobody said to own: not given out, on their way, or of consumers of the Go client. */
  readonly between: number;
  /** Why nothing was to be, although somebody has more than its share; null: nothing stood in the way. */
  readonly waits: string | null;
}

/** What a process is to do by a round. */
export interface Order {
  /** Number of the round that it is of. */
  readonly number: number;
  /** How many streams it is to hand over; below 0: so many are to come to it. */
  readonly count: number;
  /** When it was given, by Redis's clock, epoch milliseconds. */
  readonly at: number;
}

/** What a heartbeat has brought of the last round. */
export interface RoundHeard {
  /** In how many milliseconds the next one is due; below 1: now. */
  readonly dueInMs: number;
  /** Undefined: there was none. */
  readonly round: Round | undefined;
  /** What this process is to do by it, or by one a little before. */
  readonly order: Order | undefined;
}

/** Every heartbeat brings why a round waits: so many characters of it at most. */
const MOST_WORDS = 200;

export const NO_ROUND: RoundHeard = {
  dueInMs: Number.POSITIVE_INFINITY,
  round: undefined,
  order: undefined,
};

export interface FleetMemberSeen {
  readonly name: string;
  /** When its presence runs out, by Redis's clock, epoch milliseconds. */
  readonly untilMs: number;
  /** Undefined: it has said nothing yet, or nothing that can be read. */
  readonly record: MemberRecord | undefined;
  /** What it is to do; undefined: nothing. */
  readonly order: Order | undefined;
}

export interface FleetLook {
  readonly redisMs: number;
  readonly round: Round | undefined;
  readonly members: readonly FleetMemberSeen[];
}

export interface RoundBegun extends FleetLook {
  /** Mark of this round, for `endRound`. */
  readonly token: string;
  /** Entries on the load balancer stream: owned, and waiting to be given out. */
  readonly length: number;
}

export interface FleetStore {
  /** @param isWanted whether or not one is due. @returns undefined: none is due */
  beginRound(record: MemberRecord, everyMs: number, isWanted?: boolean): Promise<RoundBegun | undefined>;
  /** @param orders by name in the group: those of before that are not among them are withdrawn. @returns false: another round has begun meanwhile */
  endRound(token: string, round: Round, orders: ReadonlyMap<string, Order>): Promise<boolean>;
  /** Whoever is in the index of presences. */
  look(): Promise<FleetLook>;
}

function recordOf(text: unknown): MemberRecord | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return memberSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const FIGURES = [
  'weight',
  'ownedByOthers',
  'perStream',
  'lowest',
  'level',
  'imbalance',
  'ordered',
  'between',
  'members',
  'holdMs',
] as const;

/** What stands behind the time of the next round: `<number> <changedAt> <digest>`, the figures in this order, and why it waits, in words. */
function textOf(round: Round): string {
  const { number, changedAt, digest, waits } = round;
  const figures = FIGURES.map((name) => round[name]);
  return [number, changedAt, digest, ...figures, waits?.slice(0, MOST_WORDS) ?? ''].join(' ');
}

/** Undefined: there was none, or it is of a version that says it otherwise. */
export function roundOf(text: string): Round | undefined {
  const [version, , number, changedAt, digest, ...rest] = text.split(' ');
  if (version !== 'v1' || digest === undefined) return undefined;
  const numbers = [number, changedAt, ...rest.slice(0, FIGURES.length)].map(Number);
  if (numbers.length < 2 + FIGURES.length || numbers.some(Number.isNaN)) return undefined;
  const figures = Object.fromEntries(FIGURES.map((name, at) => [name, numbers[2 + at]]));
  return {
    ...(figures as Pick<Round, (typeof FIGURES)[number]>),
    number: Number(number),
    changedAt: Number(changedAt),
    digest,
    waits: rest.slice(FIGURES.length).join(' ') || null,
  };
}

/** As it stands in Redis: `<number>:<count>:<at>`. */
export function orderOf(text: string): Order | undefined {
  const [number = 0, count = 0, at = Number.NaN] = text.split(':').map(Number);
  return text !== '' && [number, count, at].every(Number.isFinite) ? { number, count, at } : undefined;
}

export function createFleetStore(commands: Commands, names: Names, consumer: string): FleetStore {
  const { lbs, presences, members, balance } = names;
  return {
    async beginRound(record, everyMs, isWanted = false) {
      const keys = [lbs, presences, members, balance];
      const args = [consumer, JSON.stringify(record), Math.ceil(everyMs), isWanted ? 1 : 0];
      const reply = await commands.script('begin-round', keys, args);
      if (!Array.isArray(reply)) return undefined;
      const [redisMs, token, last, length, ...rest] = reply as [string, string, string, number, ...string[]];
      const seen: FleetMemberSeen[] = [];
      for (let at = 0; at + 3 < rest.length; at += 4) {
        seen.push({
          name: rest[at] as string,
          untilMs: Number(rest[at + 1]),
          record: recordOf(rest[at + 2]),
          order: orderOf(rest[at + 3] as string),
        });
      }
      return { redisMs: Number(redisMs), token, round: roundOf(last), length, members: seen };
    },
    async endRound(token, round, orders) {
      const texts = [...orders].flatMap(([name, { number, count, at }]) => [
        name,
        `${number}:${count}:${at}`,
      ]);
      return (await commands.script('end-round', [balance], [token, textOf(round), ...texts])) === 1;
    },
    async look() {
      const [scores, last, time] = (await commands.run('ZRANGE', (client) =>
        pipelined<unknown>(client, (pipeline) =>
          pipeline.zrange(presences, '0', '-1', 'WITHSCORES').hget(balance, '').time(),
        ),
      )) as [unknown[], string | null, [string, string]];
      // In turn, or in pairs: the version of the protocol decides.
      const flat = scores.flat().map(String);
      const present = flat.filter((_, at) => at % 2 === 0);
      const [records = [], orders = []] =
        present.length === 0
          ? []
          : await commands.run('HMGET', (client) =>
              pipelined<(string | null)[]>(client, (pipeline) =>
                pipeline.hmget(members, ...present).hmget(balance, ...present),
              ),
            );
      return {
        redisMs: toEpochMs(time),
        round: roundOf(last ?? ''),
        members: present.map((name, index) => ({
          name,
          untilMs: Number(flat[2 * index + 1]),
          record: recordOf(records[index]),
          order: orderOf(orders[index] ?? ''),
        })),
      };
    },
  };
}
