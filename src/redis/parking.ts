/**
 * What waits out of everybody's way, since its name is owned or paused: kept beside the load balancer stream until then. `scripts/lib/parking.lua` says
 * how. Primitive: no retry, no timer, no policy.
 */
import type { Commands } from './commands.js';
import type { Names } from './names.js';

/** Names of one call, about; keeps the script below 5 ms. */
const PAGE = 200;

/** What one page of names came to. */
export interface UnparkedPage {
  /** Where the next page begins; undefined: there is none. */
  readonly next: string | undefined;
  /** How many entries went back on the load balancer stream. */
  readonly count: number;
}

export interface ParkedStore {
  /**
   * Finds names that are parked and free, and has the next entry of each go back on the stream; a page of them. Safe to repeat.
   *
   * @param from where the page begins; undefined: at the beginning
   */
  unpark(from: string | undefined): Promise<UnparkedPage>;
  /** Forgets turns of entries that are gone, where nothing is parked. Walks the hash. */
  pruneTurns(): Promise<number>;
}

export interface ParkedSettings {
  readonly consumer: string;
  readonly historyKey: string | undefined;
}

export function createParkedStore(
  commands: Commands,
  { lbs, owners, parking, group }: Names,
  { consumer, historyKey }: ParkedSettings,
): ParkedStore {
  const keys = [lbs, owners, ...parking, ...(historyKey === undefined ? [] : [historyKey])];

  async function page(which: 'parked' | 'turns', from: string): Promise<UnparkedPage> {
    const reply = await commands.script('unpark', keys, [group, consumer, which, from, PAGE]);
    const [next, count] = reply as [string, number];
    return { next: next === '0' ? undefined : next, count };
  }

  return {
    unpark: (from = '0') => page('parked', from),
    async pruneTurns() {
      let cleared = 0;
      let from: string | undefined = '0';
      while (from !== undefined) {
        const { next, count }: UnparkedPage = await page('turns', from);
        from = next;
        cleared += count;
      }
      return cleared;
    },
  };
}

/** What `pause` or `resume` did with one data stream. */
export interface PauseChange {
  /** False: it was paused already, or was not paused. */
  readonly changed: boolean;
  /** How many entries of it are parked. */
  readonly parked: number;
}

/** Nobody is given these any more, or everybody again. At most 500. */
export async function pauseStreams(
  commands: Commands,
  { parking }: Names,
  what: 'pause' | 'resume',
  dataStreams: readonly string[],
): Promise<PauseChange[]> {
  const [, , counts, , paused] = parking;
  const reply = (await commands.script('pause', [paused, counts], [what, ...dataStreams])) as number[];
  return dataStreams.map((_, at) => ({ changed: reply[2 * at] === 1, parked: Number(reply[2 * at + 1]) }));
}
