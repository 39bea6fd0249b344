/**
 * Entries that were given out, are pending for nobody, and are still on the load balancer stream: no consumer is ever given them. Primitive;
 * `scripts/stranded.lua` says how they come about.
 */
import { nextEntryId } from '../core/entry-id.js';
import type { Commands } from './commands.js';
import type { Names } from './names.js';

export interface Stranded {
  /** Ids, page by page, in their order. Walks the stream up to where the group has been given everything. */
  pages(): AsyncGenerator<readonly string[], void, undefined>;
  /** Announces them anew (at most 100). In their order: the id of the copy; null: it is not stranded any more. */
  adopt(ids: readonly string[]): Promise<(string | null)[]>;
}

/** Keeps the script below 5 ms. */
export const STRANDED_PAGE = 100;

export function createStranded(commands: Commands, { lbs, group }: Names): Stranded {
  return {
    async *pages() {
      let start: string | undefined = '-';
      while (start !== undefined) {
        const [last, ids] = (await commands.script('stranded', [lbs], [group, start, STRANDED_PAGE])) as [
          string,
          string[],
        ];
        if (ids.length > 0) yield ids;
        start = last === '' ? undefined : nextEntryId(last);
      }
    },
    async adopt(ids) {
      const copies: string[] = [];
      while (copies.length < ids.length) {
        // Large ones a few at a time.
        const rest = ids.slice(copies.length);
        copies.push(...((await commands.script('adopt', [lbs], [group, ...rest])) as string[]));
      }
      return copies.map((id) => (id === '' ? null : id));
    },
  };
}
