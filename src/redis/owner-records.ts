/** Who is recorded as the owner of a data stream's name. Primitive; the records are written by the scripts of owners. */
import { isEntryId } from '../core/entry-id.js';
import type { Commands } from './commands.js';
import type { Names } from './names.js';

export interface OwnerRecords {
  /**
   * In their order: the entry that is recorded as the owner of each name; null: none, or what is no entry id. A record whose entry is no longer
   * pending counts for nothing.
   */
  of(names: readonly string[]): Promise<(string | null)[]>;
}

export function createOwnerRecords(commands: Commands, { owners }: Names): OwnerRecords {
  return {
    async of(names) {
      if (names.length === 0) return [];
      const recorded = await commands.run('HMGET', (client) => client.hmget(owners, ...names));
      return recorded.map((id) => (id !== null && isEntryId(id) ? id : null));
    },
  };
}
