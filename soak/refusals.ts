/** Has a server refuse every write for a while, as it does under conditions that pass. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Refusal } from './schedule.js';

const CONDITIONS: Readonly<Record<Refusal, { readonly begin: Step; readonly end: Step }>> = {
  NOREPLICAS: {
    begin: (client) => client.config('SET', 'min-replicas-to-write', 1),
    end: (client) => client.config('SET', 'min-replicas-to-write', 0),
  },
  OOM: {
    begin: (client) => client.config('SET', 'maxmemory', 1),
    end: (client) => client.config('SET', 'maxmemory', 0),
  },
  // A snapshot cannot take the place of a folder, and only where snapshots are wanted does a failed one count. Nobody waits for it: Redis may be
  // killed meanwhile, and forgets it then.
  MISCONF: {
    async begin(client) {
      await mkdir(await snapshotOf(client), { recursive: true });
      await client.config('SET', 'save', '3600 1');
      // One that is under way cannot end otherwise.
      await client.bgsave('SCHEDULE').catch(isUnderWay);
    },
    async end(client) {
      await client.config('SET', 'save', '');
      await rm(await snapshotOf(client), { recursive: true, force: true });
    },
  },
  // Of a master that nobody answers at: it keeps its data.
  READONLY: {
    begin: (client) => client.replicaof('127.0.0.1', 1),
    end: (client) => client.replicaof('NO', 'ONE'),
  },
};

function isUnderWay(error: Error): void {
  if (!error.message.includes('already in progress')) throw error;
}

async function snapshotOf(client: Redis): Promise<string> {
  const [, folder] = (await client.config('GET', 'dir')) as string[];
  const [, name] = (await client.config('GET', 'dbfilename')) as string[];
  return join(String(folder), String(name));
}

type Step = (client: Redis) => Promise<unknown>;

/** @returns ends it */
export async function refuseWrites(client: Redis, how: Refusal): Promise<() => Promise<void>> {
  const { begin, end } = CONDITIONS[how];
  await begin(client);
  return async () => {
    await end(client);
  };
}
