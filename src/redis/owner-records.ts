/** Who is recorded as the owner of a data stream's name. Primitive; the records are written by the scripts of owners. */
import type { Commands } from './commands.js';
import type { Names } from './names.js';

export interface OwnerRecords {
  /**
   * In their order: the entry that is recorded as the owner of each name; null: none. A record whose entry is no longer pending counts for
   * nothing.
   */
  of(names: readonly string[]): Promise<(string | null)[]>;
}

export function createOwnerRecords(commands: Commands, { owners }: Names): OwnerRecords {
  return {
    async of(names) {
      if (names.length === 0) return [];
      return await commands.run('HMGET', (client) => client.hmget(owners, ...names));
    },
  };
}
