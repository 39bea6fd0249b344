/** Takes entries that wait to be given out: as many as a process's fair part is. `scripts/take.lua` decides how many that is. */
import type { Commands } from './commands.js';
import type { RawEntry } from './entry.js';
import type { Names } from './names.js';

/** What a process has, and how much more it has room for. */
export interface TakeRequest {
  /** Entries that there is room for. At most 128 keep the script below 5 ms. */
  readonly wanted: number;
  readonly weight: number;
  /** What it said last of its load: a number of streams, or a figure of its own. */
  readonly load: number;
  /** Streams that it has got since then; below 0: it has fewer. */
  readonly gained: number;
  /** How long entries may wait for those with more room, in milliseconds: a quarter of the heartbeat. */
  readonly patienceMs: number;
  /** Up to where everything had been given out when it looked, a patience ago or longer. Undefined: it did not look. */
  readonly deliveredThen: string | undefined;
}

export interface Taken {
  /** How many it might have got. */
  readonly allowed: number;
  /** How many streams more would be its share; below 0: it has more than that. Undefined: there is no round of balancing that says. */
  readonly part: number | undefined;
  /** Up to where everything has been given out, by the time of the answer. Undefined: that was not asked. */
  readonly delivered: string | undefined;
  readonly entries: readonly RawEntry[];
}

export interface TakeStore {
  /** Whether the user may ask up to where everything has been given out (XINFO GROUPS), as far as is known. */
  readonly mayLook: boolean;
  /** What it brings is pending for the caller, as after a read. */
  take(request: TakeRequest): Promise<Taken>;
  /** As many as there are, whoever has room for them: for a part that `take` has said. A plain read, which costs Redis half of what the script costs. */
  read(most: number): Promise<RawEntry[]>;
}

/** What XREADGROUP answers for one stream. */
export type ReadReply = [stream: string, entries: [id: string, fields: string[] | null][]][] | null;

export function entriesRead(reply: ReadReply): RawEntry[] {
  return (reply?.[0]?.[1] ?? []).map(([id, fields]) => ({ id, fields: fields ?? [] }));
}

type TakeReply = [
  allowed: number,
  part: number | '',
  delivered: string,
  entries: [id: string, fields: string[]][],
];

/** @param commands on a connection that no heartbeat waits behind: answers are as large as others choose to make them */
export function createTakeStore(commands: Commands, names: Names, consumer: string): TakeStore {
  const { lbs, group, balance } = names;
  let mayLook = true;
  return {
    get mayLook() {
      return mayLook;
    },
    async take({ wanted, weight, load, gained, patienceMs, deliveredThen }) {
      const own = [weight, load, gained, Math.ceil(patienceMs), deliveredThen ?? '', mayLook ? 1 : 0];
      const reply = await commands.script('take', [lbs, balance], [group, consumer, wanted, ...own]);
      const [allowed, part, delivered, rows] = reply as TakeReply;
      // Refused: not asked again, as each time would stand in the log of the server.
      mayLook &&= delivered !== 'refused';
      const entries = rows.map(([id, fields]) => ({ id, fields }));
      const last = entries.at(-1)?.id ?? delivered;
      return {
        allowed,
        part: part === '' ? undefined : part,
        delivered: last === '' || last === 'refused' ? undefined : last,
        entries,
      };
    },
    async read(most) {
      const reply = (await commands.run('XREADGROUP', (client) =>
        client.xreadgroup('GROUP', group, consumer, 'COUNT', most, 'STREAMS', lbs, '>'),
      )) as ReadReply;
      return entriesRead(reply);
    },
  };
}
