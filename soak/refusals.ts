/** Has a server refuse every write for a while, as it does under conditions that pass. */
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
  // Of a master that nobody answers at: it keeps its data.
  READONLY: {
    begin: (client) => client.replicaof('127.0.0.1', 1),
    end: (client) => client.replicaof('NO', 'ONE'),
  },
};

type Step = (client: Redis) => Promise<unknown>;

/** @returns ends it */
export async function refuseWrites(client: Redis, how: Refusal): Promise<() => Promise<void>> {
  const { begin, end } = CONDITIONS[how];
  await begin(client);
  return async () => {
    await end(client);
  };
}
