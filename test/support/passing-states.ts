/** States of Redis that pass, and in which it refuses what writes. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import type { SuiteRedis } from './redis.js';

export interface PassingState {
  /** Has Redis refuse, and resolves when it does. */
  begin(): Promise<void>;
  end(): Promise<void>;
}

export type RefusalCode = 'MISCONF' | 'NOREPLICAS' | 'OOM' | 'READONLY';

/** By the code with which Redis refuses. */
export function passingStates({
  redis,
  server,
}: Pick<SuiteRedis, 'redis' | 'server'>): Readonly<Record<RefusalCode, PassingState>> {
  const snapshot = () => join(server().dir, 'dump.rdb');

  async function infoSays(field: string): Promise<void> {
    await eventually(field, async () => (await redis().info()).includes(`${field}\r\n`));
  }

  return {
    MISCONF: {
      async begin() {
        // A snapshot cannot take the place of a folder.
        await rm(snapshot(), { recursive: true, force: true });
        await mkdir(snapshot());
        await redis().config('SET', 'save', '3600 1');
        await redis().bgsave();
        await infoSays('rdb_last_bgsave_status:err');
      },
      async end() {
        await rm(snapshot(), { recursive: true });
        await redis().bgsave();
        await infoSays('rdb_last_bgsave_status:ok');
        await redis().config('SET', 'save', '');
      },
    },
    NOREPLICAS: {
      begin: async () => void (await redis().config('SET', 'min-replicas-to-write', '1')),
      end: async () => void (await redis().config('SET', 'min-replicas-to-write', '0')),
    },
    OOM: {
      begin: async () => void (await redis().config('SET', 'maxmemory', '1')),
      end: async () => void (await redis().config('SET', 'maxmemory', '0')),
    },
    READONLY: {
      // Of a master that is not there.
      begin: async () => void (await redis().replicaof('127.0.0.1', 1)),
      end: async () => void (await redis().replicaof('NO', 'ONE')),
    },
  };
}
